//! The tracking store: experiments, traces with their spans, the ledger, virtual keys and encrypted secrets, in one
//! SQLite file.
//!
//! All calls block: a server makes them on a thread that may. One connection writes, a few read; the file may be open
//! in several processes at once (a command line beside a running server). Time is an argument wherever it is stored.
//!
//! Where things are: [`traces`] (spans in, traces out), [`search`] (the filter language), [`experiments`],
//! [`ledger`], [`keys`], [`vault`], [`cursors`], [`carried`]. The schema is `src/migrations/`.

#![warn(missing_docs)]

pub mod carried;
mod connection;
pub mod cursors;
mod deadline;
mod error;
pub mod experiments;
mod functions;
pub mod keys;
pub mod ledger;
mod migrate;
pub mod search;
pub mod traces;
pub mod vault;

pub use error::{Result, StoreError};

use connection::{Reader, Readers};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use traces::dictionary::{Compressor, Dictionaries};

/// The store. Clones share one set of connections.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    writer: Mutex<Writer>,
    readers: Readers,
    dictionaries: Arc<Dictionaries>,
}

struct Writer {
    connection: Connection,
    compressor: Compressor,
}

impl Store {
    /// Opens the file at `path`, making it (mode 0600) where it is missing, and brings its schema up to date.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_waiting(path, connection::PATIENCE)
    }

    /// Opens it as [`Store::open`] does, to wait so long for the lock of another process before a call fails.
    pub fn open_waiting(path: impl AsRef<Path>, patience: Duration) -> Result<Self> {
        let path = path.as_ref();
        let connection = connection::open_writer(path, patience)?;
        let compressor = Compressor::new(&connection)?;
        let dictionaries = Arc::new(Dictionaries::default());
        Ok(Self {
            inner: Arc::new(Inner {
                writer: Mutex::new(Writer {
                    connection,
                    compressor,
                }),
                readers: Readers::new(path, patience, Arc::clone(&dictionaries)),
                dictionaries,
            }),
        })
    }

    /// Runs `work` in one write transaction: all of it is stored, durably, or nothing.
    fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        self.write_with(|tx, _| work(tx))
    }

    fn write_with<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>, &mut Compressor) -> Result<T>,
    ) -> Result<T> {
        self.with_writer(|connection, compressor| {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = work(&tx, compressor)?;
            tx.commit()?;
            Ok(done)
        })
    }

    fn with_writer<T>(
        &self,
        work: impl FnOnce(&mut Connection, &mut Compressor) -> Result<T>,
    ) -> Result<T> {
        let mut writer = self
            .inner
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Writer {
            connection,
            compressor,
        } = &mut *writer;
        // A transaction whose rollback failed (a disk that did not answer) must not block all that follow.
        if !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK")?;
        }
        work(connection, compressor)
    }

    fn read(&self) -> Result<Reader<'_>> {
        self.inner.readers.take()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_file_is_its_owners_alone() {
        let (_store, dir) = temporary();
        for name in ["tollgate.db", "tollgate.db-wal", "tollgate.db-shm"] {
            let mode = dir
                .path()
                .join(name)
                .metadata()
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn a_file_that_others_could_read_is_closed_to_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tollgate.db");
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        Store::open(&path).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn many_may_open_a_new_file_at_once_and_see_each_others_changes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tollgate.db");
        let stores: Vec<Store> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|number| {
                    let path = &path;
                    scope.spawn(move || {
                        let store = Store::open(path).unwrap();
                        store.set_cursor(&format!("cursor {number}"), b"x").unwrap();
                        store
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        for store in &stores {
            for number in 0..8 {
                assert!(store.cursor(&format!("cursor {number}")).unwrap().is_some());
            }
        }
    }

    #[test]
    fn a_path_that_cannot_be_opened_is_named() {
        let error = Store::open("/nowhere/tollgate.db")
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains("/nowhere/tollgate.db"), "{error}");
    }

    /// A store in a folder of its own, which lives as long as the second value.
    pub(crate) fn temporary() -> (Store, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().join("tollgate.db")).unwrap();
        (store, dir)
    }
}
