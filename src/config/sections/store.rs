//! `store` and `vault`: where things are kept, and the key to the credentials.

use super::server::bounded_size;
use crate::config::read::{Bytes, Located, PathText, Reader, choices, section};
use crate::config::snapshot::{JournalSync, StoreSettings, VaultSettings};
use std::path::PathBuf;

section! {
    /// Where traces, keys and money are kept. Every setting takes a restart.
    pub(crate) struct StoreSection {
        /// `sqlite://PATH`, relative to the working directory. Default: `tollgate.db` in the data folder,
        /// which is `--data`, then the environment variable `TOLLGATE_DATA`, then `data`.
        #[schemars(extend("pattern" = r"^sqlite://|\$\{"))]
        url: String,
        /// The journal's folder, relative to the working directory. Default: `journal` beside the database.
        journal: PathText,
        /// `group` syncs the journal every few milliseconds for all that wait, `each` before an answer's last bytes.
        /// Default: `group`.
        sync: JournalSync,
        /// How much journal may wait for the store. Default: `10GiB`.
        journal_max: Bytes,
    }
}

section! {
    /// The key to the stored credentials. Takes a restart.
    pub(crate) struct VaultSection {
        /// File of the key-encryption key, relative to this file's folder. Default: the environment variable
        /// `TOLLGATE_VAULT_KEY`, then a generated file in the data folder.
        key_file: PathText,
    }
}

choices! {
    JournalSync: "group" => Group, "each" => Each;
}

pub(crate) fn resolve(section: Option<&StoreSection>, reader: &mut Reader<'_>) -> StoreSettings {
    let path = section
        .and_then(|section| section.url.as_ref())
        .and_then(|url| sqlite_path(url, reader))
        .unwrap_or_else(|| data_folder(reader).join("tollgate.db"));
    let beside = path.with_file_name("journal");
    let mut store = StoreSettings {
        path,
        journal: beside,
        sync: JournalSync::Group,
        journal_max: 10 << 30,
    };
    if let Some(section) = section {
        if let Some(journal) = &section.journal {
            store.journal.clone_from(&journal.0);
        }
        if let Some(sync) = &section.sync {
            store.sync = sync.value;
        }
        let size = bounded_size(section.journal_max.as_ref(), 1 << 20, 1 << 50, reader);
        store.journal_max = size.unwrap_or(store.journal_max);
    }
    store
}

pub(crate) fn resolve_vault(section: Option<&VaultSection>, reader: &Reader<'_>) -> VaultSettings {
    let key_file = section.and_then(|section| section.key_file.as_ref());
    VaultSettings {
        key_file: key_file.map(|path| reader.folder.join(&path.0)),
    }
}

fn data_folder(reader: &Reader<'_>) -> PathBuf {
    let given = (reader.sources.environment)("TOLLGATE_DATA");
    given
        .filter(|folder| !folder.is_empty())
        .map_or_else(|| PathBuf::from("data"), PathBuf::from)
}

fn sqlite_path(url: &Located<String>, reader: &mut Reader<'_>) -> Option<PathBuf> {
    let path = url
        .strip_prefix("sqlite://")
        .or_else(|| url.strip_prefix("sqlite:"));
    match path {
        Some(path) if !path.is_empty() && !path.contains(['?', '#']) && !path.ends_with('/') => {
            Some(path.into())
        }
        _ => {
            reader.note_at(
                url,
                "expected `sqlite://PATH` such as `sqlite://data/tollgate.db`",
            );
            None
        }
    }
}
