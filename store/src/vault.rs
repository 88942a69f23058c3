//! Encrypted provider credentials. The store keeps bytes: what they mean and how they are sealed is the vault's affair.
//!
//! A secret has versions, the newest in use; each is sealed under a data key of its own, and the data key is wrapped
//! once for each key-encryption key (`kek`, named by an id that is not secret) that opens it.

use crate::Store;
use crate::cursors::count_change;
use crate::error::{Result, StoreError};
use rusqlite::{Connection, OptionalExtension, Row};

/// One version of a secret, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct SealedSecret {
    pub name: String,
    /// From 1; [`Store::put_secret`] refuses any but the next.
    pub version: u32,
    pub wraps: Vec<Wrap>,
    pub nonce: Vec<u8>,
    pub ciphertext: Vec<u8>,
    /// What a listing may show, such as `…wxyz`.
    pub hint: String,
    pub created_ms: i64,
    pub last_used_ms: Option<i64>,
}

/// A data key under one key-encryption key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Wrap {
    pub kek: String,
    pub nonce: Vec<u8>,
    pub wrapped: Vec<u8>,
}

const COLUMNS: &str = "name, version, nonce, ciphertext, hint, created_ms, last_used_ms";

impl Store {
    /// The version number that the next [`Store::put_secret`] of this name must carry.
    pub fn next_secret_version(&self, name: &str) -> Result<u32> {
        next_version(&*self.read()?, name)
    }

    /// Stores a new version of a secret. Its number is part of what was sealed, so a number taken meanwhile is refused.
    pub fn put_secret(&self, secret: &SealedSecret) -> Result<()> {
        self.write(|tx| {
            if next_version(tx, &secret.name)? != secret.version {
                return Err(StoreError::AlreadyExists(format!(
                    "version {} of the secret `{}` was taken meanwhile",
                    secret.version, secret.name
                )));
            }
            tx.execute(
                &format!("INSERT INTO vault ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"),
                (
                    &secret.name,
                    secret.version,
                    &secret.nonce,
                    &secret.ciphertext,
                    &secret.hint,
                    secret.created_ms,
                    secret.last_used_ms,
                ),
            )?;
            for wrap in &secret.wraps {
                add_wrap(tx, &secret.name, secret.version, wrap)?;
            }
            count_change(tx)
        })
    }

    /// The newest version of a secret.
    pub fn secret(&self, name: &str) -> Result<Option<SealedSecret>> {
        let reader = self.read()?;
        let found = reader
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM vault WHERE name = ?1 ORDER BY version DESC LIMIT 1"
            ))?
            .query_row([name], read)
            .optional()?;
        found.map(|secret| with_wraps(&reader, secret)).transpose()
    }

    /// Every version of every secret, by name and version.
    pub fn secrets(&self) -> Result<Vec<SealedSecret>> {
        let reader = self.read()?;
        let mut statement = reader.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM vault ORDER BY name, version"
        ))?;
        let secrets: Vec<SealedSecret> =
            statement.query_map([], read)?.collect::<Result<_, _>>()?;
        secrets
            .into_iter()
            .map(|secret| with_wraps(&reader, secret))
            .collect()
    }

    /// Removes all versions of a secret; answers how many there were.
    pub fn remove_secret(&self, name: &str) -> Result<usize> {
        self.write(|tx| {
            let removed = tx.execute("DELETE FROM vault WHERE name = ?1", [name])?;
            if removed > 0 {
                count_change(tx)?;
            }
            Ok(removed)
        })
    }

    /// Notes that the newest version of a secret was used. No change to poll for.
    pub fn touch_secret(&self, name: &str, now_ms: i64) -> Result<()> {
        self.write(|tx| {
            tx.execute(
                "UPDATE vault SET last_used_ms = ?2
                 WHERE name = ?1 AND version = (SELECT max(version) FROM vault WHERE name = ?1)",
                (name, now_ms),
            )?;
            Ok(())
        })
    }

    /// Adds wraps (secret, version, wrap) for a new key-encryption key, all or none.
    pub fn add_wraps(&self, wraps: &[(String, u32, Wrap)]) -> Result<()> {
        self.write(|tx| {
            for (name, version, wrap) in wraps {
                add_wrap(tx, name, *version, wrap)?;
            }
            count_change(tx)
        })
    }

    /// Removes every wrap but those of `kek`. Refused, and nothing removed, while a secret has no wrap of `kek` or
    /// while a server that uses another key was seen since `since_ms`.
    pub fn keep_only_wraps_of(&self, kek: &str, since_ms: i64) -> Result<usize> {
        self.write(|tx| {
            if let Some(server) = another_keys_server(tx, kek, since_ms)? {
                return Err(StoreError::Invalid(format!(
                    "the server `{server}` was seen using the old key less than a minute ago: \
                     restart it with the new key first"
                )));
            }
            let without: Option<String> = tx
                .query_row(
                    "SELECT name FROM vault AS v WHERE NOT EXISTS
                     (SELECT 1 FROM vault_wraps AS w WHERE w.name = v.name AND w.version = v.version AND w.kek = ?1)
                     LIMIT 1",
                    [kek],
                    |row| row.get(0),
                )
                .optional()?;
            if let Some(name) = without {
                return Err(StoreError::Invalid(format!(
                    "the secret `{name}` cannot be opened with the new key yet: \
                     run `tollgate vault rotate --new-key-file` first"
                )));
            }
            let removed = tx.execute("DELETE FROM vault_wraps WHERE kek <> ?1", [kek])?;
            count_change(tx)?;
            Ok(removed)
        })
    }

    /// A server that uses another key-encryption key than `kek` and was seen since `since_ms`.
    pub fn server_with_another_key(&self, kek: &str, since_ms: i64) -> Result<Option<String>> {
        another_keys_server(&*self.read()?, kek, since_ms)
    }

    /// A running server says which key-encryption key it uses. `server` names the process, not the machine.
    pub fn server_seen(&self, server: &str, kek: &str, now_ms: i64) -> Result<()> {
        self.write(|tx| {
            tx.execute(
                "DELETE FROM servers_seen WHERE server = ?1 AND kek <> ?2",
                (server, kek),
            )?;
            tx.execute(
                "INSERT INTO servers_seen (server, kek, seen_ms) VALUES (?1, ?2, ?3)
                 ON CONFLICT (server, kek) DO UPDATE SET seen_ms = excluded.seen_ms",
                (server, kek, now_ms),
            )?;
            Ok(())
        })
    }

    /// A server that stops says so, and is not waited for any more.
    pub fn server_gone(&self, server: &str) -> Result<()> {
        self.write(|tx| {
            tx.execute("DELETE FROM servers_seen WHERE server = ?1", [server])?;
            Ok(())
        })
    }
}

fn another_keys_server(
    connection: &Connection,
    kek: &str,
    since_ms: i64,
) -> Result<Option<String>> {
    let server = connection
        .query_row(
            "SELECT server FROM servers_seen WHERE kek <> ?1 AND seen_ms >= ?2 LIMIT 1",
            (kek, since_ms),
            |row| row.get(0),
        )
        .optional()?;
    Ok(server)
}

fn next_version(connection: &Connection, name: &str) -> Result<u32> {
    let version = connection.query_row(
        "SELECT coalesce(max(version), 0) + 1 FROM vault WHERE name = ?1",
        [name],
        |row| row.get(0),
    )?;
    Ok(version)
}

fn add_wrap(tx: &Connection, name: &str, version: u32, wrap: &Wrap) -> Result<()> {
    tx.execute(
        "INSERT INTO vault_wraps (name, version, kek, nonce, wrapped) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (name, version, kek) DO UPDATE SET nonce = excluded.nonce, wrapped = excluded.wrapped",
        (name, version, &wrap.kek, &wrap.nonce, &wrap.wrapped),
    )?;
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<SealedSecret> {
    Ok(SealedSecret {
        name: row.get(0)?,
        version: row.get(1)?,
        wraps: Vec::new(),
        nonce: row.get(2)?,
        ciphertext: row.get(3)?,
        hint: row.get(4)?,
        created_ms: row.get(5)?,
        last_used_ms: row.get(6)?,
    })
}

fn with_wraps(connection: &Connection, mut secret: SealedSecret) -> Result<SealedSecret> {
    let mut statement = connection.prepare_cached(
        "SELECT kek, nonce, wrapped FROM vault_wraps WHERE name = ?1 AND version = ?2 ORDER BY kek",
    )?;
    secret.wraps = statement
        .query_map((&secret.name, secret.version), |row| {
            Ok(Wrap {
                kek: row.get(0)?,
                nonce: row.get(1)?,
                wrapped: row.get(2)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::temporary;

    fn wrap(kek: &str) -> Wrap {
        Wrap {
            kek: kek.into(),
            nonce: vec![1; 12],
            wrapped: vec![2; 48],
        }
    }

    fn secret(version: u32) -> SealedSecret {
        SealedSecret {
            name: "anthropic".into(),
            version,
            wraps: vec![wrap("old")],
            nonce: vec![3; 12],
            ciphertext: vec![4; 60],
            hint: "…wxyz".into(),
            created_ms: 7,
            last_used_ms: None,
        }
    }

    #[test]
    fn the_newest_version_is_in_use_and_a_version_is_given_once() {
        let (store, _dir) = temporary();
        store.put_secret(&secret(1)).unwrap();
        assert!(store.put_secret(&secret(1)).is_err());
        store.put_secret(&secret(2)).unwrap();
        store.touch_secret("anthropic", 9).unwrap();
        let newest = store.secret("anthropic").unwrap().unwrap();
        assert_eq!(
            newest,
            SealedSecret {
                last_used_ms: Some(9),
                ..secret(2)
            }
        );
        assert_eq!(store.secrets().unwrap().len(), 2);
        assert_eq!(store.remove_secret("anthropic").unwrap(), 2);
        assert_eq!(store.secret("anthropic").unwrap(), None);
    }

    #[test]
    fn an_old_key_stays_while_a_server_uses_it_or_a_secret_needs_it() {
        let (store, _dir) = temporary();
        store.put_secret(&secret(1)).unwrap();
        assert!(store.keep_only_wraps_of("new", 0).is_err());
        store
            .add_wraps(&[("anthropic".into(), 1, wrap("new"))])
            .unwrap();
        store.server_seen("one", "old", 100).unwrap();
        assert!(store.keep_only_wraps_of("new", 50).is_err());
        assert_eq!(store.secret("anthropic").unwrap().unwrap().wraps.len(), 2);
        store.server_seen("one", "new", 110).unwrap();
        assert_eq!(store.keep_only_wraps_of("new", 50).unwrap(), 1);
        assert_eq!(
            store.secret("anthropic").unwrap().unwrap().wraps,
            [wrap("new")]
        );
    }
}
