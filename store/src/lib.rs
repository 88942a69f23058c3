//! The tracking store: experiments, traces with their spans, the ledger, virtual keys and encrypted secrets, in one
//! SQLite file.
//!
//! All calls block: a server makes them on a thread that may. One connection writes, a few read; the file may be open
//! in several processes at once (a command line beside a running server). Time is an argument wherever it is stored.
//!
//! Where things are: [`traces`] (spans in, traces out), [`search`] (the filter language), [`experiments`],
//! [`ledger`], [`keys`], [`vault`], [`cursors`]. The schema is `src/migrations/`.

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
use traces::payload::{Compressor, Dictionaries};

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
        let path = path.as_ref();
        let connection = connection::open_writer(path)?;
        let compressor = Compressor::new(&connection)?;
        let dictionaries = Arc::new(Dictionaries::default());
        Ok(Self {
            inner: Arc::new(Inner {
                writer: Mutex::new(Writer {
                    connection,
                    compressor,
                }),
                readers: Readers::new(path, Arc::clone(&dictionaries)),
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
        work(connection, compressor)
    }

    fn read(&self) -> Result<Reader<'_>> {
        self.inner.readers.take()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A store in a folder of its own, which lives as long as the second value.
    pub(crate) fn temporary() -> (Store, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().join("tollgate.db")).unwrap();
        (store, dir)
    }
}
