//! A trace's tags: the part of it that people may change.

use crate::Store;
use crate::error::{Result, StoreError};
use crate::traces::info::{SPANS_LOCATION, TRACE_NAME};
use rusqlite::{Connection, OptionalExtension};
use tollgate_domain::TraceId;

impl Store {
    /// Sets a tag. `mlflow.traceName` renames the trace.
    pub fn set_trace_tag(&self, trace: TraceId, key: &str, value: &str) -> Result<()> {
        self.write(|tx| {
            let row = row_of(tx, trace)?;
            match key {
                TRACE_NAME => {
                    tx.execute("UPDATE traces SET name = ?2 WHERE id = ?1", (row, value))?
                }
                // Where the spans lie is a fact, not an opinion.
                SPANS_LOCATION => 0,
                _ => tx.execute(
                    "INSERT INTO trace_tags (trace, key, value) VALUES (?1, ?2, ?3)
                     ON CONFLICT (trace, key) DO UPDATE SET value = excluded.value",
                    (row, key, value),
                )?,
            };
            Ok(())
        })
    }

    /// Removes a tag that is there.
    pub fn delete_trace_tag(&self, trace: TraceId, key: &str) -> Result<()> {
        self.write(|tx| {
            let row = row_of(tx, trace)?;
            match tx.execute(
                "DELETE FROM trace_tags WHERE trace = ?1 AND key = ?2",
                (row, key),
            )? {
                0 => Err(StoreError::NotFound(format!(
                    "No trace tag with key '{key}' for trace with ID 'tr-{trace}'"
                ))),
                _ => Ok(()),
            }
        })
    }
}

fn row_of(tx: &Connection, trace: TraceId) -> Result<i64> {
    tx.query_row(
        "SELECT id FROM traces WHERE trace_id = ?1",
        [trace.as_bytes()],
        |row| row.get(0),
    )
    .optional()?
    .ok_or_else(|| StoreError::NotFound(format!("Trace with ID 'tr-{trace}' not found.")))
}
