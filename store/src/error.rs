//! What can go wrong in the store.

use std::path::PathBuf;

/// An error of the store. Messages are fit for an operator; those of `Filter` and `OrderBy` for a caller.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the names say it")]
pub enum StoreError {
    #[error("the store `{path}` cannot be opened: {source}")]
    Open {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error(
        "the store was written by a newer version of Tollgate (its schema is {found}, this version knows {known}): \
         start that version, or restore a backup"
    )]
    TooNew { found: i64, known: i64 },
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("the stored {what} is damaged: {reason}")]
    Damaged { what: &'static str, reason: String },
    #[error("{0}")]
    NotFound(String),
    #[error("{0}")]
    AlreadyExists(String),
    /// What the caller sent cannot be done, in the words for the caller.
    #[error("{0}")]
    Invalid(String),
    #[error(
        "the search took longer than {0} s: narrow it, for example by `trace.timestamp_ms > ...`"
    )]
    TooSlow(u64),
}

impl StoreError {
    pub(crate) fn damaged(what: &'static str, reason: impl ToString) -> Self {
        Self::Damaged {
            what,
            reason: reason.to_string(),
        }
    }

    /// Whether trying again later can help: another process holds the lock, the disk is full or does not answer.
    pub fn is_transient(&self) -> bool {
        use rusqlite::ErrorCode::*;
        match self {
            Self::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                Some(
                    DatabaseBusy
                        | DatabaseLocked
                        | DiskFull
                        | SystemIoFailure
                        | CannotOpen
                        | OutOfMemory
                )
            ),
            Self::TooSlow(_) => true,
            _ => false,
        }
    }

    /// Whether it is about the rows that were to be stored: without them the same call would succeed, and with them it
    /// never will. Everything else is the store's own state, which changes.
    pub fn is_about_rows(&self) -> bool {
        use rusqlite::ErrorCode::*;
        match self {
            Self::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                None | Some(ConstraintViolation | TooBig | TypeMismatch | ParameterOutOfRange)
            ),
            Self::Damaged { .. }
            | Self::NotFound(_)
            | Self::AlreadyExists(_)
            | Self::Invalid(_) => true,
            Self::Open { .. } | Self::TooNew { .. } | Self::TooSlow(_) => false,
        }
    }
}

/// What the store's calls answer.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    #[test]
    fn only_what_is_about_the_rows_is_laid_to_them() {
        let sqlite =
            |code| StoreError::Sqlite(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
        for code in [
            ffi::SQLITE_CONSTRAINT_TRIGGER,
            ffi::SQLITE_TOOBIG,
            ffi::SQLITE_MISMATCH,
        ] {
            assert!(sqlite(code).is_about_rows(), "{code}");
        }
        for code in [
            ffi::SQLITE_BUSY,
            ffi::SQLITE_LOCKED,
            ffi::SQLITE_FULL,
            ffi::SQLITE_IOERR_WRITE,
            ffi::SQLITE_READONLY,
            ffi::SQLITE_CANTOPEN,
            ffi::SQLITE_PERM,
            ffi::SQLITE_NOMEM,
            ffi::SQLITE_CORRUPT,
            ffi::SQLITE_NOTADB,
            // No such table, and the like.
            ffi::SQLITE_ERROR,
        ] {
            assert!(!sqlite(code).is_about_rows(), "{code}");
        }
    }
}
