//! A bound on the time of one search: SQLite asks now and then whether to go on.

#![allow(
    clippy::disallowed_methods,
    reason = "the crate's one door to the clock"
)]

use crate::error::{Result, StoreError};
use rusqlite::{Connection, ErrorCode};
use std::time::{Duration, Instant};

/// How many steps of SQLite's machine pass between two looks at the clock (some tens of microseconds).
const STEPS: i32 = 1000;

/// Runs `search`; when it takes longer than `limit`, it is interrupted and answers [`StoreError::TooSlow`].
pub(crate) fn within<T>(
    connection: &Connection,
    limit: Duration,
    search: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    let end = Instant::now() + limit;
    connection.progress_handler(STEPS, Some(move || Instant::now() > end))?;
    let outcome = search(connection);
    connection.progress_handler(0, None::<fn() -> bool>)?;
    match outcome {
        Err(StoreError::Sqlite(error))
            if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) =>
        {
            Err(StoreError::TooSlow(limit.as_secs()))
        }
        outcome => outcome,
    }
}
