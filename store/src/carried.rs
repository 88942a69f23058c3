//! Requests that are open for long, as far as a reader of the journal knows them. Stored with the reader's cursor, they
//! set the journal's segments free.

use crate::Store;
use crate::error::{Result, StoreError};
use rusqlite::Connection;
use tollgate_domain::RequestId;

/// An open request up to a place of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct CarriedRow {
    /// Whose it is: the name of a cursor.
    pub reader: String,
    pub request: RequestId,
    /// How far its records are in here, in the form of the cursor.
    pub through: Vec<u8>,
    /// What the reader made of them, in the reader's own form.
    pub records: Vec<u8>,
}

impl Store {
    /// All that a reader has stored and not yet dropped.
    pub fn carried(&self, reader: &str) -> Result<Vec<CarriedRow>> {
        let connection = self.read()?;
        let mut statement = connection.prepare_cached(
            "SELECT request_id, through, records FROM carried WHERE reader = ?1 ORDER BY request_id",
        )?;
        let rows = statement.query_and_then([reader], |row| {
            let request: [u8; 16] = row.get(0)?;
            Ok::<_, StoreError>(CarriedRow {
                reader: reader.to_owned(),
                request: RequestId::from_bytes(request),
                through: row.get(1)?,
                records: row.get(2)?,
            })
        })?;
        rows.collect()
    }
}

/// Stores a request, in the place of what was stored of it before.
pub(crate) fn put(tx: &Connection, row: &CarriedRow) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO carried (reader, request_id, through, records) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (reader, request_id) DO UPDATE SET through = excluded.through, records = excluded.records",
    )?
    .execute((&row.reader, row.request.as_bytes(), &row.through, &row.records))?;
    Ok(())
}

/// The request is over.
pub(crate) fn drop(tx: &Connection, reader: &str, request: RequestId) -> Result<()> {
    tx.prepare_cached("DELETE FROM carried WHERE reader = ?1 AND request_id = ?2")?
        .execute((reader, request.as_bytes()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::temporary;
    use crate::traces::Batch;

    fn row(reader: &str, through: u8) -> CarriedRow {
        CarriedRow {
            reader: reader.to_owned(),
            request: RequestId::from_bytes([7; 16]),
            through: vec![through],
            records: vec![through; 3],
        }
    }

    fn store_all(store: &Store, carried: Vec<CarriedRow>, over: Vec<(String, RequestId)>) {
        let batch = Batch {
            carried,
            over,
            ..Batch::default()
        };
        store.insert(&batch).unwrap();
    }

    #[test]
    fn a_request_is_carried_until_it_is_over_and_each_reader_has_its_own() {
        let (store, _dir) = temporary();
        store_all(&store, vec![row("drain", 1), row("other", 1)], vec![]);
        store_all(&store, vec![row("drain", 2)], vec![]);
        assert_eq!(store.carried("drain").unwrap(), [row("drain", 2)]);
        let over = vec![("drain".to_owned(), row("drain", 2).request)];
        store_all(&store, vec![], over);
        assert_eq!(store.carried("drain").unwrap(), []);
        assert_eq!(store.carried("other").unwrap(), [row("other", 1)]);
    }
}
