//! How far a reader of the journal has come, and the counter of changes that a running server polls.

use crate::Store;
use crate::error::Result;
use rusqlite::{Connection, OptionalExtension};

impl Store {
    /// The position last stored under `name`, in the form its owner gave it.
    pub fn cursor(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let reader = self.read()?;
        let position = reader
            .prepare_cached("SELECT position FROM cursors WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?;
        Ok(position)
    }

    /// Stores a position alone (a batch of traces carries its own: [`crate::traces::Batch`]).
    pub fn set_cursor(&self, name: &str, position: &[u8]) -> Result<()> {
        self.write(|tx| put(tx, name, position))
    }

    /// Every stored position whose name begins so.
    pub fn cursors(&self, beginning: &str) -> Result<Vec<(String, Vec<u8>)>> {
        let reader = self.read()?;
        let mut statement = reader.prepare_cached(
            "SELECT name, position FROM cursors WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name",
        )?;
        let rows = statement.query_map([beginning], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Forgets a position and what was carried with it: its reader is no more.
    pub fn remove_cursor(&self, name: &str) -> Result<()> {
        self.write(|tx| {
            tx.execute("DELETE FROM cursors WHERE name = ?1", [name])?;
            tx.execute("DELETE FROM carried WHERE reader = ?1", [name])?;
            Ok(())
        })
    }

    /// Grows with every change of a virtual key or a secret, by whichever process. Cheap enough to poll.
    pub fn changes(&self) -> Result<i64> {
        let reader = self.read()?;
        let value = reader
            .prepare_cached("SELECT value FROM counters WHERE name = 'changes'")?
            .query_row([], |row| row.get(0))?;
        Ok(value)
    }
}

pub(crate) fn put(tx: &Connection, name: &str, position: &[u8]) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO cursors (name, position) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET position = excluded.position",
    )?
    .execute((name, position))?;
    Ok(())
}

/// Says that a key or a secret changed, in the same transaction.
pub(crate) fn count_change(tx: &Connection) -> Result<()> {
    tx.execute(
        "UPDATE counters SET value = value + 1 WHERE name = 'changes'",
        [],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::tests::temporary;

    #[test]
    fn a_cursor_is_what_was_last_stored() {
        let (store, _dir) = temporary();
        assert_eq!(store.cursor("drain").unwrap(), None);
        store.set_cursor("drain", b"one").unwrap();
        store.set_cursor("drain", b"two").unwrap();
        assert_eq!(store.cursor("drain").unwrap().unwrap(), b"two");
        assert_eq!(store.cursor("other").unwrap(), None);
    }

    #[test]
    fn cursors_are_listed_by_the_beginning_of_their_names_and_forgotten() {
        let (store, _dir) = temporary();
        for name in ["otlp:b", "drain", "otlp:a_", "otlp%"] {
            store.set_cursor(name, name.as_bytes()).unwrap();
        }
        let names = |beginning| -> Vec<String> {
            let found = store.cursors(beginning).unwrap();
            found.into_iter().map(|(name, _)| name).collect()
        };
        assert_eq!(names("otlp:"), ["otlp:a_", "otlp:b"]);
        store.remove_cursor("otlp:b").unwrap();
        assert_eq!(names("otlp:"), ["otlp:a_"]);
        assert_eq!(store.cursor("drain").unwrap().unwrap(), b"drain");
    }
}
