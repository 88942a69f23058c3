//! Forward-only migrations, run at start under the database's write lock.
//!
//! A migration is a file of `migrations/`, never edited once released; `schema_migrations` says which have run.

use crate::error::{Result, StoreError};
use rusqlite::{Connection, TransactionBehavior};

const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "initial", include_str!("migrations/0001_initial.sql")),
    (2, "carried", include_str!("migrations/0002_carried.sql")),
];

/// Brings the schema up to this version's. A database from a newer version is refused, untouched.
pub(crate) fn migrate(connection: &mut Connection) -> Result<()> {
    let known = MIGRATIONS.last().map_or(0, |(version, ..)| *version);
    if current(connection)? == known {
        return Ok(());
    }
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute_batch(
        "CREATE TABLE IF NOT EXISTS schema_migrations (
             version    INTEGER PRIMARY KEY,
             name       TEXT    NOT NULL,
             applied_ms INTEGER NOT NULL
         ) STRICT;",
    )?;
    let found = current(&tx)?;
    if found > known {
        return Err(StoreError::TooNew { found, known });
    }
    for (version, name, sql) in MIGRATIONS.iter().filter(|(version, ..)| *version > found) {
        tx.execute_batch(sql)?;
        tx.execute(
            "INSERT INTO schema_migrations (version, name, applied_ms)
             VALUES (?1, ?2, CAST(unixepoch('subsec') * 1000 AS INTEGER))",
            (version, name),
        )?;
    }
    tx.commit()?;
    Ok(())
}

/// The newest migration that has run, 0 for an empty database.
fn current(connection: &Connection) -> Result<i64> {
    let exists: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations')",
        [],
        |row| row.get(0),
    )?;
    if !exists {
        return Ok(0);
    }
    let version = connection.query_row(
        "SELECT coalesce(max(version), 0) FROM schema_migrations",
        [],
        |row| row.get(0),
    )?;
    Ok(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_changes_nothing_and_a_newer_schema_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        migrate(&mut connection).unwrap();
        connection
            .execute(
                "INSERT INTO schema_migrations VALUES (1000, 'later', 0)",
                [],
            )
            .unwrap();
        assert!(matches!(
            migrate(&mut connection),
            Err(StoreError::TooNew { found: 1000, .. })
        ));
    }

    #[test]
    fn migrations_are_numbered_without_gaps() {
        for (index, (version, ..)) in MIGRATIONS.iter().enumerate() {
            assert_eq!(*version, index as i64 + 1);
        }
    }
}
