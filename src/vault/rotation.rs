//! From one key-encryption key to the next, with both in use between.
//!
//! Which key a rotation leads to is kept in the store (its id, and the file it was read from): finishing is then sure
//! of the direction, and refuses to remove the old wraps where nobody can show it the new key. What is stored meanwhile
//! is sealed for both keys.

use super::kek::{self, Kek};
use super::{Vault, VaultError, list, seal};
use std::path::{Path, PathBuf};
use tollgate_store::vault::SealedSecret;

/// Where the store keeps the target of a rotation: the key's id, a line end, the file's path.
const TARGET: &str = "vault rotation";
/// A server seen within this time is running.
const SEEN_MS: i64 = 60_000;

/// Where a rotation that was begun leads to.
struct Target {
    /// The new key's id.
    id: String,
    /// The file that the new key was read from.
    file: PathBuf,
}

/// A rotation that was finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The new key's id.
    pub key: String,
    /// How many wraps of old keys were removed.
    pub removed: usize,
    /// Whether the new key is the one in use already.
    pub is_in_place: bool,
    /// Where the key was looked for by the vault, and so where the new one belongs.
    pub belongs: String,
}

impl Vault {
    /// Adds a wrap under a new key to every version of every secret; answers how many. Both keys open from now on.
    pub fn rotate(&self, new_key_file: &Path) -> Result<usize, VaultError> {
        let new = Kek::read(new_key_file)?;
        let file = std::path::absolute(new_key_file).unwrap_or_else(|_| new_key_file.to_path_buf());
        let Some(old) = self.kek.get() else {
            // No secret, no key: nothing to rotate from.
            return Err(VaultError::NoSecrets);
        };
        if new.id() == old.id() {
            return Err(VaultError::SameKey);
        }
        let records = self.store.secrets()?;
        let wraps = records
            .iter()
            .map(|record| {
                let wrap = seal::rewrap(old, &new, record)?;
                Ok((record.name.clone(), record.version, wrap))
            })
            .collect::<Result<Vec<_>, VaultError>>()?;
        // First the target: a second wrap without one would be a rotation that nobody can finish.
        let target = format!("{}\n{}", new.id(), file.display());
        self.store.set_cursor(TARGET, target.as_bytes())?;
        self.store.add_wraps(&wraps)?;
        Ok(wraps.len())
    }

    /// Removes the wraps of the old key. Refused while a server that uses it was seen in the last minute, while a
    /// secret has no wrap under the new key, and while the new key is not at hand: as the key in use, in
    /// `new_key_file`, or in the file that the rotation began with.
    pub fn finish_rotation(
        &self,
        new_key_file: Option<&Path>,
        now_ms: i64,
    ) -> Result<Finished, VaultError> {
        let Target { id, file } = self.target()?.ok_or(VaultError::NoRotation)?;
        let current = self.kek.get();
        let is_in_place = current.is_some_and(|key| key.id() == id);
        let file = new_key_file.map_or(file, Path::to_path_buf);
        let read = if is_in_place {
            None
        } else {
            Some(Kek::read(&file))
        };
        let key = match &read {
            None => current,
            Some(read) => read.as_ref().ok().filter(|key| key.id() == id),
        };
        let key = key.ok_or_else(|| VaultError::NewKeyAway {
            expected: id.clone(),
            looked: format!("looked into `{}`", file.display()),
        })?;
        let records = self.store.secrets()?;
        // A record without a wrap of the new key is the store's to refuse.
        let mut wrapped = list::newest(&records).filter(|record| is_wrapped(record, &id));
        wrapped.try_for_each(|record| seal::open(key, record).map(|_| ()))?;
        let since = now_ms.saturating_sub(SEEN_MS);
        let removed = self.store.keep_only_wraps_of(&id, since)?;
        self.store.set_cursor(TARGET, b"")?;
        Ok(Finished {
            key: id,
            removed,
            is_in_place,
            belongs: current.map_or_else(
                || format!("the file `{}`", self.data_folder.join(kek::FILE).display()),
                |key| key.source().to_owned(),
            ),
        })
    }

    /// The other key that must open what is sealed while a rotation is under way: the new one where this vault has the
    /// old one, and the other way round. Refused where it is not at hand and somebody would miss it.
    pub(super) fn companion(&self, key: &Kek, now_ms: i64) -> Result<Option<Kek>, VaultError> {
        let Some(Target { id, file }) = self.target()? else {
            return Ok(None);
        };
        if key.id() != id {
            let new = Kek::read(&file).ok().filter(|new| new.id() == id);
            return new
                .map(Some)
                .ok_or(VaultError::RotationKeyAway { expected: id, file });
        }
        // The old key is known where it was generated; elsewhere only servers that still run with it would need it.
        let records = self.store.secrets()?;
        let old = Kek::read_generated(&self.data_folder)?.filter(|old| {
            let opens = |record| is_wrapped(record, old.id());
            old.id() != id && records.iter().any(opens)
        });
        let since = now_ms.saturating_sub(SEEN_MS);
        match (old, self.store.server_with_another_key(&id, since)?) {
            (None, Some(server)) => Err(VaultError::OldKeyInUse { server }),
            (old, _) => Ok(old),
        }
    }

    fn target(&self) -> Result<Option<Target>, VaultError> {
        let target = self.store.cursor(TARGET)?.unwrap_or_default();
        let target = String::from_utf8_lossy(&target);
        Ok(target.split_once('\n').map(|(id, file)| Target {
            id: id.to_owned(),
            file: PathBuf::from(file),
        }))
    }
}

fn is_wrapped(record: &SealedSecret, key: &str) -> bool {
    record.wraps.iter().any(|wrap| wrap.kek == key)
}
