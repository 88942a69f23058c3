//! Credentials: the type that holds one in memory, and the vault that keeps them encrypted in the store.
//!
//! A secret is sealed under a data key of its own, and the data key is wrapped by the key-encryption key (`seal`),
//! which is not in the store (`kek`): it comes from the file that the configuration names, from `TOLLGATE_VAULT_KEY`,
//! or from a generated file in the data folder. There is no default passphrase. A key that is missing or wrong while
//! there are secrets is an error when the vault is opened.
//!
//! A rotation (`rotation`) adds a wrap under the new key to every secret, so that servers with either key go on; when
//! none uses the old key any more, finishing it removes the old wraps.

mod error;
mod kek;
mod list;
mod rotation;
mod seal;
pub mod secret;
#[cfg(test)]
mod tests;

pub use error::VaultError;
pub use list::Listed;
pub use rotation::Finished;
pub use secret::Secret;

use crate::clock;
use crate::config::{SecretError, SecretSource, VaultSettings, process_environment};
use kek::Kek;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use tollgate_store::Store;
use zeroize::Zeroizing;

/// Bytes of a secret.
const MAX_SECRET: usize = 64 << 10;
/// Characters that a secret must have before its last four are shown.
const MIN_HINTED: usize = 16;

/// The vault. Its calls block.
pub struct Vault {
    store: Store,
    data_folder: PathBuf,
    /// Empty until the first secret is stored, where no key was given.
    kek: OnceLock<Kek>,
}

impl Vault {
    /// Opens the vault of a store. `data_folder` is where a generated key lies.
    pub fn open(
        store: Store,
        settings: &VaultSettings,
        data_folder: &Path,
    ) -> Result<Self, VaultError> {
        Self::open_with(store, settings, data_folder, &process_environment)
    }

    /// As [`Vault::open`], with the environment as an argument.
    pub fn open_with(
        store: Store,
        settings: &VaultSettings,
        data_folder: &Path,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, VaultError> {
        let key = match (&settings.key_file, environment(kek::VARIABLE)) {
            (Some(file), _) => Some(Kek::read(file)?),
            (None, Some(text)) if !text.is_empty() => {
                let text = Zeroizing::new(text);
                let source = format!("the environment variable {}", kek::VARIABLE);
                Some(Kek::parse(&text, source)?)
            }
            (None, _) => Kek::read_generated(data_folder)?,
        };
        let vault = Self {
            store,
            data_folder: data_folder.to_path_buf(),
            kek: key.map(OnceLock::from).unwrap_or_default(),
        };
        vault.check_key()?;
        Ok(vault)
    }

    /// Whether the key is there and the right one for every secret in use.
    fn check_key(&self) -> Result<(), VaultError> {
        let records = self.store.secrets()?;
        match self.kek.get() {
            None if records.is_empty() => Ok(()),
            None => Err(VaultError::MissingKey {
                secrets: list::names(&records).count(),
                expected: self.data_folder.join(kek::FILE),
            }),
            Some(key) => list::newest(&records).try_for_each(|record| {
                match seal::open(key, record) {
                    // Met where it is used, so that it can be replaced.
                    Ok(_) | Err(VaultError::Damaged { .. }) => Ok(()),
                    Err(error) => Err(error),
                }
            }),
        }
    }

    /// The key's id, which is no secret; none where no key was needed yet.
    pub fn key_id(&self) -> Option<&str> {
        self.kek.get().map(Kek::id)
    }

    /// Stores a new version of a secret; answers its number. The first secret makes the key where none was given.
    /// While a rotation is under way both keys open it.
    pub fn set(&self, name: &str, secret: &Secret, now_ms: i64) -> Result<u32, VaultError> {
        if !is_name(name) {
            return Err(VaultError::BadName);
        }
        if secret.is_empty() || secret.expose().len() > MAX_SECRET {
            return Err(VaultError::BadSecret);
        }
        let key = match self.kek.get() {
            Some(key) => key,
            None => {
                let generated = Kek::generate(&self.data_folder)?;
                self.kek.get_or_init(|| generated)
            }
        };
        let version = self.store.next_secret_version(name)?;
        let hint = hint(secret.expose());
        let mut record = seal::seal(key, name, version, secret, hint, now_ms)?;
        if let Some(other) = self.companion(key, now_ms)? {
            let wrap = seal::rewrap(key, &other, &record)?;
            record.wraps.push(wrap);
        }
        self.store.put_secret(&record)?;
        Ok(version)
    }

    /// Opens the newest version of a secret, without a note of its use.
    pub fn get(&self, name: &str) -> Result<Secret, VaultError> {
        let unknown = || VaultError::Unknown(name.to_owned());
        let record = self.store.secret(name)?.ok_or_else(unknown)?;
        match self.kek.get() {
            Some(key) => seal::open(key, &record),
            // Another process stored the first secret, and made the key, since this one looked.
            None => match Kek::read_generated(&self.data_folder)? {
                Some(key) => seal::open(self.kek.get_or_init(|| key), &record),
                None => Err(VaultError::MissingKey {
                    secrets: 1,
                    expected: self.data_folder.join(kek::FILE),
                }),
            },
        }
    }

    /// A running server says that it uses this vault's key: call it more often than once a minute. `server` names the
    /// process. Finishing a rotation waits for servers that use the old key.
    pub fn server_seen(&self, server: &str, now_ms: i64) -> Result<(), VaultError> {
        match self.key_id() {
            Some(key) => Ok(self.store.server_seen(server, key, now_ms)?),
            None => Ok(()),
        }
    }

    /// A server that stops says so.
    pub fn server_gone(&self, server: &str) -> Result<(), VaultError> {
        Ok(self.store.server_gone(server)?)
    }
}

impl SecretSource for Vault {
    fn secret(&self, name: &str) -> Result<Secret, SecretError> {
        let secret = self.get(name).map_err(|error| match error {
            VaultError::Unknown(name) => SecretError::Unknown(name),
            error => SecretError::Unavailable(error.to_string()),
        })?;
        // A store that is busy or full must not keep a server from its credential.
        let _ = self.store.touch_secret(name, clock::unix_millis());
        Ok(secret)
    }
}

fn is_name(name: &str) -> bool {
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=128).contains(&name.len()) && name.bytes().all(is_legal)
}

/// What a listing shows of a secret.
fn hint(secret: &str) -> String {
    let count = secret.chars().count();
    let shown = if count < MIN_HINTED { 0 } else { 4 };
    let mut hint = String::from("…");
    hint.extend(secret.chars().skip(count - shown));
    hint
}
