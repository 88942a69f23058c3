//! The journal's writing end.

use crate::Position;
use crate::disk::Disk;
use crate::error::{AppendError, OpenError};
use crate::log::threads::Threads;
use crate::log::{Log, Waiting};
use crate::options::Options;
use crate::reader::Reader;
use crate::record::Record;
use crate::recovery::Recovery;
use crate::stats::{Depth, Stats};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Takes records in. Clones share one journal; when the last is dropped it is synced and its threads end.
#[derive(Clone)]
pub struct Writer {
    log: Arc<Log>,
    _threads: Arc<Threads>,
}

/// Opens the journal in a folder, which is made if it is missing, with whatever an earlier run left there. Reads all
/// of that once: a GiB takes a second or two.
///
/// Every reader must be there before one releases anything: what none of them needs is removed.
pub fn open(options: Options, disk: Arc<dyn Disk>) -> Result<(Writer, Recovery), OpenError> {
    let (log, recovery) = Log::open(options, disk)?;
    let threads = Threads::start(log.clone())?;
    let writer = Writer {
        log,
        _threads: Arc::new(threads),
    };
    Ok((writer, recovery))
}

impl Writer {
    /// Appends a record. On return it is in the kernel: it survives the process, not yet a power loss.
    ///
    /// While the disk fails or is full everything is refused but the ends of requests: these are kept in memory, up to
    /// [`Options::unsynced_max`], and written once it works again. [`Writer::synced`] says when.
    pub fn append(&self, record: &Record<'_>) -> Result<Position, AppendError> {
        self.append_all(std::slice::from_ref(record))
    }

    /// Appends records with one write, all or none, and returns the last one's position. Together they may be as
    /// large as one record.
    pub fn append_all(&self, records: &[Record<'_>]) -> Result<Position, AppendError> {
        self.log.append(records).map(Position::from_u64)
    }

    /// Takes records in, all or none, to be written together with others: before anyone relies on them,
    /// [`Writer::write_up_to`] the returned position. Errors are those of [`Writer::append_all`].
    pub fn enqueue(&self, records: &[Record<'_>]) -> Result<Position, AppendError> {
        self.log.enqueue(records).map(Position::from_u64)
    }

    /// On return, records that were enqueued are in the kernel: this one's and all others, with one write. An error,
    /// told once, says that those enqueued with this one are not in the journal.
    pub fn write_up_to(&self, position: Position) -> Result<(), AppendError> {
        self.log.write_up_to(position.as_u64())
    }

    /// Resolves when everything up to the position survives a power loss. While the disk fails it waits.
    pub fn synced(&self, position: Position) -> Synced {
        Synced {
            log: self.log.clone(),
            sequence: position.as_u64(),
            id: None,
        }
    }

    /// The last accepted record's place.
    pub fn position(&self) -> Position {
        Position::from_u64(self.log.lock().last())
    }

    /// Everything up to here survives a power loss.
    pub fn synced_position(&self) -> Position {
        Position::from_u64(self.log.lock().synced)
    }

    /// Syncs what is written, on this thread. `false` where the disk failed.
    pub fn sync_now(&self) -> bool {
        self.log.sync() != crate::log::Outcome::Failed
    }

    /// Makes a segment in advance if there is none, on this thread. `false` where there is no room for one.
    pub fn maintain(&self) -> bool {
        self.log.make()
    }

    /// A reader of everything after the position, and of what is to come.
    pub fn reader(&self, after: Position) -> Reader {
        Reader::new(self.log.clone(), after)
    }

    pub fn depth(&self) -> Depth {
        let state = self.log.lock();
        Depth {
            segments: state.segments.len() as u64,
            bytes: state.bytes,
            max_bytes: self.log.options.max_bytes,
            unsynced_bytes: state.unsynced_bytes() as u64,
            is_refusing: state.is_refusing(),
            is_full: state.is_full(),
        }
    }

    /// What sealed segments take that end after the one position and at or before the other: what a reader that is
    /// done up to the first keeps, where all others are done up to the second. The active segment counts where it is in
    /// the way.
    pub fn bytes_between(&self, after: Position, up_to: Position) -> u64 {
        let within = after.as_u64().saturating_add(1)..=up_to.as_u64();
        let state = self.log.lock();
        let is_full = state.is_full();
        let kept = state.segments.iter().filter(|segment| {
            within.contains(&segment.last) && (is_full || !state.segments.is_active(segment.id))
        });
        kept.map(|segment| segment.capacity).sum()
    }

    pub fn stats(&self) -> Stats {
        self.log.lock().stats
    }
}

/// The future of [`Writer::synced`].
#[must_use = "a future does nothing unless it is awaited"]
pub struct Synced {
    log: Arc<Log>,
    sequence: u64,
    id: Option<u64>,
}

impl Future for Synced {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let mut state = this.log.lock();
        if state.synced >= this.sequence {
            this.id = None;
            return Poll::Ready(());
        }
        let id = match this.id {
            Some(id) => id,
            None => *this.id.insert(state.new_id()),
        };
        match state.waiting.iter_mut().find(|waiting| waiting.id == id) {
            Some(waiting) => waiting.waker.clone_from(context.waker()),
            None => {
                let (sequence, waker) = (this.sequence, context.waker().clone());
                state.waiting.push(Waiting {
                    id,
                    sequence,
                    waker,
                });
            }
        }
        Poll::Pending
    }
}

impl Drop for Synced {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.log.lock().waiting.retain(|waiting| waiting.id != id);
        }
    }
}
