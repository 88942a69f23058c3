//! The connections to one SQLite file: one that writes, a few that read, in WAL mode.
//!
//! Writers of other processes (a command line beside a running server) are waited for, 10 s at most where nothing else
//! is said.

use crate::error::{Result, StoreError};
use crate::traces::dictionary::Dictionaries;
use crate::{functions, migrate};
use rusqlite::{Connection, OpenFlags};
use std::fs::OpenOptions;
use std::ops::Deref;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
const MAX_READERS: usize = 4;

/// Creates the file where it is missing, readable by its owner alone, and opens the writing connection.
pub(crate) fn open_writer(path: &Path, patience: Duration) -> Result<Connection> {
    let at = |source| StoreError::Open {
        path: path.to_path_buf(),
        source,
    };
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(at)?;
    let mode = file.metadata().map_err(at)?.permissions().mode();
    if mode & 0o077 != 0 {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))
            .map_err(at)?;
    }
    drop(file);

    let mut connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(patience)?;
    // A page of 8 KiB holds a span's compressed payload; it is fixed once the file has its first page.
    connection.pragma_update(None, "page_size", 8192)?;
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if mode != "wal" {
        connection.pragma_update(None, "journal_mode", "WAL")?;
    }
    // The journal's segment is deleted once its spans are here: the commit must survive a power loss.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "wal_autocheckpoint", 4000)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    connection.pragma_update(None, "cache_size", -2048)?;
    migrate::migrate(&mut connection)?;
    Ok(connection)
}

fn open_reader(
    path: &Path,
    patience: Duration,
    dictionaries: &Arc<Dictionaries>,
) -> Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(patience)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", -2048)?;
    functions::register(&connection, dictionaries)?;
    Ok(connection)
}

/// Up to [`MAX_READERS`] connections, opened when first needed; further readers wait.
pub(crate) struct Readers {
    path: PathBuf,
    patience: Duration,
    dictionaries: Arc<Dictionaries>,
    idle: Mutex<Idle>,
    returned: Condvar,
}

struct Idle {
    connections: Vec<Connection>,
    opened: usize,
}

impl Readers {
    pub(crate) fn new(path: &Path, patience: Duration, dictionaries: Arc<Dictionaries>) -> Self {
        Self {
            path: path.to_path_buf(),
            patience,
            dictionaries,
            idle: Mutex::new(Idle {
                connections: Vec::new(),
                opened: 0,
            }),
            returned: Condvar::new(),
        }
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn take(&self) -> Result<Reader<'_>> {
        let mut idle = self.idle();
        loop {
            if let Some(connection) = idle.connections.pop() {
                return Ok(Reader {
                    connection: Some(connection),
                    readers: self,
                });
            }
            if idle.opened < MAX_READERS {
                idle.opened += 1;
                break;
            }
            idle = self
                .returned
                .wait(idle)
                .unwrap_or_else(PoisonError::into_inner);
        }
        drop(idle);
        let mut reader = Reader {
            connection: None,
            readers: self,
        };
        reader.connection = Some(open_reader(&self.path, self.patience, &self.dictionaries)?);
        Ok(reader)
    }
}

/// A reading connection, given back on drop.
pub(crate) struct Reader<'a> {
    connection: Option<Connection>,
    readers: &'a Readers,
}

impl Deref for Reader<'_> {
    type Target = Connection;

    #[allow(
        clippy::expect_used,
        reason = "a reader without a connection never leaves `take`"
    )]
    fn deref(&self) -> &Connection {
        self.connection
            .as_ref()
            .expect("a reader holds its connection until it is dropped")
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let mut idle = self.readers.idle();
        match self.connection.take() {
            Some(connection) => idle.connections.push(connection),
            None => idle.opened -= 1,
        }
        self.readers.returned.notify_one();
    }
}
