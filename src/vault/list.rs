//! What may be seen of the secrets: no more than a hint.

use super::{Vault, VaultError};
use tollgate_store::Store;
use tollgate_store::vault::SealedSecret;

/// A secret in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub name: String,
    /// The newest version, which is in use.
    pub version: u32,
    /// How many versions are kept.
    pub versions: usize,
    /// `…` and the secret's last four characters, where it is long enough.
    pub hint: String,
    pub created_ms: i64,
    pub last_used_ms: Option<i64>,
    /// Ids of the keys that open it.
    pub keys: Vec<String>,
}

impl Vault {
    /// Every secret, by name. Needs no key.
    pub fn list(store: &Store) -> Result<Vec<Listed>, VaultError> {
        let records = store.secrets()?;
        Ok(newest(&records)
            .map(|record| listed(record, &records))
            .collect())
    }

    /// Removes all versions of a secret; answers how many there were. Needs no key.
    pub fn remove(store: &Store, name: &str) -> Result<usize, VaultError> {
        match store.remove_secret(name)? {
            0 => Err(VaultError::Unknown(name.to_owned())),
            versions => Ok(versions),
        }
    }
}

fn listed(record: &SealedSecret, records: &[SealedSecret]) -> Listed {
    let versions = records.iter().filter(|other| other.name == record.name);
    Listed {
        name: record.name.clone(),
        version: record.version,
        versions: versions.clone().count(),
        hint: record.hint.clone(),
        created_ms: record.created_ms,
        last_used_ms: versions.filter_map(|version| version.last_used_ms).max(),
        keys: record.wraps.iter().map(|wrap| wrap.kek.clone()).collect(),
    }
}

/// The newest version of each secret. Records come by name and version.
pub(super) fn newest(records: &[SealedSecret]) -> impl Iterator<Item = &SealedSecret> {
    let next = records.iter().skip(1).map(Some).chain([None]);
    let pairs = records.iter().zip(next);
    pairs
        .filter(|(record, next)| next.is_none_or(|next| next.name != record.name))
        .map(|(record, _)| record)
}

pub(super) fn names(records: &[SealedSecret]) -> impl Iterator<Item = &str> {
    newest(records).map(|record| record.name.as_str())
}
