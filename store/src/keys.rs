//! Virtual keys made by the command line. Only their hashes come here; keys of the configuration file never do.

use crate::Store;
use crate::cursors::count_change;
use crate::error::{Result, StoreError};
use rusqlite::{ErrorCode, OptionalExtension, Row, named_params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// A virtual key as stored.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct KeyRow {
    pub name: String,
    /// SHA-256 of the key, in lower-case hexadecimal.
    pub hash: String,
    /// The key's last four characters, to recognise it by.
    pub last4: String,
    pub owner: String,
    pub team: String,
    pub tags: BTreeMap<String, String>,
    /// Route names this key may use; empty: all.
    pub routes: Vec<String>,
    pub scopes: Vec<String>,
    /// In the form of the configuration's `limits`.
    pub limits: serde_json::Value,
    pub expires_ms: Option<i64>,
    pub enabled: bool,
    pub created_ms: i64,
    pub revoked_ms: Option<i64>,
}

const COLUMNS: &str = "name, hash, last4, owner, team, tags, routes, scopes, limits, expires_ms, enabled, created_ms, \
                       revoked_ms";

impl Store {
    /// Stores a new key. A name or hash that is taken, also by a revoked key, is refused.
    pub fn create_key(&self, key: &KeyRow) -> Result<()> {
        self.write(|tx| {
            let inserted = tx.execute(
                &format!(
                    "INSERT INTO keys ({COLUMNS})
                     VALUES (:name, :hash, :last4, :owner, :team, :tags, :routes, :scopes, :limits, :expires_ms,
                             :enabled, :created_ms, :revoked_ms)"
                ),
                named_params! {
                    ":name": key.name,
                    ":hash": key.hash,
                    ":last4": key.last4,
                    ":owner": key.owner,
                    ":team": key.team,
                    ":tags": text(&key.tags)?,
                    ":routes": text(&key.routes)?,
                    ":scopes": text(&key.scopes)?,
                    ":limits": text(&key.limits)?,
                    ":expires_ms": key.expires_ms,
                    ":enabled": key.enabled,
                    ":created_ms": key.created_ms,
                    ":revoked_ms": key.revoked_ms,
                },
            );
            match inserted {
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                    Err(StoreError::AlreadyExists(format!("a key named `{}` exists already", key.name)))
                }
                Err(error) => Err(error.into()),
                Ok(_) => count_change(tx),
            }
        })
    }

    /// Every key, revoked ones too, by name.
    pub fn keys(&self) -> Result<Vec<KeyRow>> {
        let reader = self.read()?;
        let mut statement =
            reader.prepare_cached(&format!("SELECT {COLUMNS} FROM keys ORDER BY name"))?;
        let rows = statement.query_and_then([], read)?;
        rows.collect()
    }

    /// A key by its name.
    pub fn key(&self, name: &str) -> Result<Option<KeyRow>> {
        let reader = self.read()?;
        let mut statement =
            reader.prepare_cached(&format!("SELECT {COLUMNS} FROM keys WHERE name = ?1"))?;
        let row = statement
            .query_row([name], |row| Ok(read(row)))
            .optional()?;
        row.transpose()
    }

    /// Revokes a key for good. Revoking it again changes nothing and keeps the first time.
    pub fn revoke_key(&self, name: &str, now_ms: i64) -> Result<()> {
        self.change_key(
            name,
            "UPDATE keys SET enabled = 0, revoked_ms = coalesce(revoked_ms, :value) WHERE name = :name",
            now_ms,
        )
    }

    /// Turns a key off for a while, or on again. A revoked key stays off.
    pub fn enable_key(&self, name: &str, enabled: bool) -> Result<()> {
        self.change_key(
            name,
            "UPDATE keys SET enabled = :value AND revoked_ms IS NULL WHERE name = :name",
            i64::from(enabled),
        )
    }

    fn change_key(&self, name: &str, sql: &str, value: i64) -> Result<()> {
        self.write(|tx| {
            match tx.execute(sql, named_params! { ":name": name, ":value": value })? {
                0 => Err(StoreError::NotFound(format!("no key named `{name}`"))),
                _ => count_change(tx),
            }
        })
    }
}

fn read(row: &Row<'_>) -> Result<KeyRow> {
    Ok(KeyRow {
        name: row.get("name")?,
        hash: row.get("hash")?,
        last4: row.get("last4")?,
        owner: row.get("owner")?,
        team: row.get("team")?,
        tags: value(row, "tags")?,
        routes: value(row, "routes")?,
        scopes: value(row, "scopes")?,
        limits: value(row, "limits")?,
        expires_ms: row.get("expires_ms")?,
        enabled: row.get("enabled")?,
        created_ms: row.get("created_ms")?,
        revoked_ms: row.get("revoked_ms")?,
    })
}

fn text(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::damaged("key", error))
}

fn value<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| StoreError::damaged("key", error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::temporary;

    fn key(name: &str) -> KeyRow {
        KeyRow {
            name: name.into(),
            hash: format!("{name:0>64}"),
            last4: "wxyz".into(),
            owner: "ann".into(),
            team: "search".into(),
            tags: [("cost_center".to_string(), "42".to_string())].into(),
            routes: vec!["chat".into()],
            scopes: vec!["invoke".into()],
            limits: serde_json::json!([{ "requests": "60/min" }]),
            expires_ms: Some(10),
            enabled: true,
            created_ms: 1,
            revoked_ms: None,
        }
    }

    #[test]
    fn a_key_comes_back_as_it_was_stored_and_its_name_is_taken() {
        let (store, _dir) = temporary();
        store.create_key(&key("a")).unwrap();
        assert_eq!(store.keys().unwrap(), [key("a")]);
        assert!(matches!(
            store.create_key(&key("a")),
            Err(StoreError::AlreadyExists(_))
        ));
    }

    #[test]
    fn revoking_is_final_and_counted_as_a_change() {
        let (store, _dir) = temporary();
        store.create_key(&key("a")).unwrap();
        let before = store.changes().unwrap();
        store.revoke_key("a", 5).unwrap();
        store.revoke_key("a", 9).unwrap();
        store.enable_key("a", true).unwrap();
        let row = store.key("a").unwrap().unwrap();
        assert_eq!((row.enabled, row.revoked_ms), (false, Some(5)));
        assert!(store.changes().unwrap() > before);
        assert!(matches!(
            store.revoke_key("b", 5),
            Err(StoreError::NotFound(_))
        ));
    }
}
