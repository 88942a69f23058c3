//! Keys that are not in the file: those of the command line, and `quickstart`.

use super::start::StartError;
use crate::config::{self, limits_from_json};
use crate::random;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use tollgate_governance::NamePattern;
use tollgate_governance::principal::{KeyHash, Principal, Scope, Scopes};
use tollgate_store::Store;
use tollgate_store::keys::KeyRow;

/// The keys of the store that were not revoked. One that cannot be read is left out, and said.
pub fn stored(store: &Store) -> Result<Vec<(KeyHash, Arc<Principal>)>, tollgate_store::StoreError> {
    let rows = store.keys()?;
    Ok(rows
        .iter()
        .filter(|row| row.revoked_ms.is_none())
        .filter_map(principal)
        .collect())
}

fn principal(row: &KeyRow) -> Option<(KeyHash, Arc<Principal>)> {
    let hash = format!("sha256:{}", row.hash).parse();
    let (Ok(hash), Ok(limits)) = (hash, limits_from_json(&row.limits)) else {
        tracing::error!(key = %row.name, "a stored key can't be read and is not accepted");
        return None;
    };
    let scopes: Scopes = row
        .scopes
        .iter()
        .filter_map(|name| Scope::from_name(name))
        .collect();
    let routes = (!row.routes.is_empty()).then(|| {
        row.routes
            .iter()
            .map(|route| NamePattern::new(route.clone()))
            .collect()
    });
    let principal = Principal {
        name: row.name.as_str().into(),
        owner: row.owner.clone(),
        team: row.team.clone(),
        tags: row.tags.clone(),
        scopes,
        routes,
        limits,
        expires_unix_ms: row.expires_ms,
        is_enabled: row.enabled,
    };
    Some((hash, Arc::new(principal)))
}

/// The key `quickstart`, from its file or made now (mode 0600).
pub fn quickstart(folder: &Path) -> Result<(String, KeyHash, Arc<Principal>), StartError> {
    let path = folder.join("quickstart.key");
    let failed = |source| StartError::File {
        path: path.clone(),
        source,
    };
    let key = match std::fs::read_to_string(&path) {
        Ok(text) if text.trim().len() >= 20 => text.trim().to_owned(),
        Ok(_) | Err(_) => {
            let key = random::virtual_key().map_err(|_| StartError::Random)?;
            let key = key.expose().to_owned();
            let mut file = std::fs::OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&path)
                .map_err(failed)?;
            writeln!(file, "{key}").map_err(failed)?;
            key
        }
    };
    let hash = config::hash_key(&key);
    let principal = Principal {
        name: "quickstart".into(),
        owner: String::new(),
        team: String::new(),
        tags: std::collections::BTreeMap::new(),
        scopes: [Scope::Invoke, Scope::Read, Scope::Metrics]
            .into_iter()
            .collect(),
        routes: None,
        limits: Vec::new(),
        expires_unix_ms: None,
        is_enabled: true,
    };
    Ok((key, hash, Arc::new(principal)))
}
