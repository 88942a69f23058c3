//! The append-only log between a request and the store: what is written here before a request leaves for a provider,
//! and before its client gets the last bytes, is accounted, whatever happens to the process, the disk or the store.
//!
//! ```
//! # use tollgate_journal::{open, Options, Position, Record, Progress, RealDisk};
//! # use std::sync::Arc;
//! # let folder = tempfile::tempdir()?;
//! let (journal, _recovery) = open(Options::new(folder.path(), 0x5eed), Arc::new(RealDisk::new()))?;
//! let mut reader = journal.reader(Position::START);
//!
//! let record = Record::Progress(Progress {
//!     request: tollgate_domain::RequestId::from_bytes([7; 16]),
//!     attempt: 1,
//!     at_unix_nanos: 1_764_000_000_000_000_000,
//!     usage: None,
//!     is_usage_final: false,
//!     output: b"Hello",
//!     output_bytes: 5,
//! });
//! let position = journal.append(&record)?; // in the kernel: kill -9 does not lose it
//!
//! let read = reader.next()?.expect("a record was appended");
//! assert_eq!((read.position, read.record), (position, record));
//! reader.release(position); // the store has it for good
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Promises
//!
//! - What [`Writer::append`] accepted is in the kernel, and durable soon after ([`Sync`]); [`Writer::synced`] says when.
//! - A reader gets each record once, in order: also after a crash, from copied or missing segments, and after a failed
//!   sync. Damage costs the damaged records, counted, and nothing else.
//! - A segment is removed only when every reader has released all of it.
//! - Nothing found on the disk stops a start.
//!
//! There is no side file: how far a reader has come, it keeps itself (a [`Position`], stored with what it made of the
//! records).

pub mod disk;
mod error;
mod frame;
mod lane;
mod log;
mod options;
mod position;
mod reader;
mod record;
mod recovery;
mod scan;
mod segment;
mod stats;
mod window;
mod writer;

#[cfg(test)]
mod tests;

pub use disk::RealDisk;
pub use error::{AppendError, OpenError, ReadError};
pub use frame::MAX_RECORD;
pub use options::{Event, Options, Sync};
pub use position::Position;
pub use reader::{Entry, Reader, Skipped};
pub use record::{
    Attempt, AttemptEnd, Capture, Closed, Malformed, Open, Outcome, Pairs, Progress, Record,
};
pub use recovery::Recovery;
pub use stats::{Depth, Stats};
pub use writer::{Synced, Writer, open};
