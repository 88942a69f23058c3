//! What the writers, the readers and the journal's threads share, behind one short lock.
//!
//! Under the lock: encoding, one write into the page cache, bookkeeping. Not under it: syncing, making and removing
//! segments (but for a roll that finds no segment made in advance).

mod append;
mod make;
mod queue;
pub(crate) mod segments;
mod sync;
pub(crate) use sync::Outcome;
pub(crate) mod threads;

use crate::disk::Disk;
use crate::error::OpenError;
use crate::options::{Event, Options};
use crate::recovery::{Recovery, recover};
use crate::segment::Fresh;
use crate::stats::Stats;
use queue::Queue;
use segments::Segments;
use std::any::Any;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// The gap in the sequence numbers that a restart leaves. A power loss may take records whose numbers a reader has
/// seen; far fewer than this can be written between two syncs.
pub(crate) const RESTART_GAP: u64 = 1 << 32;

pub(crate) struct Log {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) options: Options,
    state: Mutex<State>,
    /// The next segment's.
    next_number: AtomicU64,
    /// The first sequence number that this run may give.
    base: u64,
    /// There may be more to read.
    pub(crate) grown: Condvar,
    /// There is something to sync.
    sync_work: Condvar,
    /// There is a segment to make.
    make_work: Condvar,
    /// Held for the length of a sync: one at a time, whoever asks.
    sync_turn: Mutex<()>,
    make_turn: Mutex<()>,
    _claim: Box<dyn Any + Send + Sync>,
}

pub(crate) struct State {
    pub(crate) segments: Segments,
    spare: Option<Fresh>,
    /// The next record's sequence number.
    pub(crate) next: u64,
    /// The last accepted one's. Those between are spent: their write failed.
    last: u64,
    /// Frames that are not synced: those that the running sync covers, and those after them.
    syncing: Vec<u8>,
    pending: Vec<u8>,
    /// What of `pending` waits to be written.
    queue: Queue,
    /// How much of `pending` is accepted. More is there only while an append runs (or after one that panicked).
    accepted: usize,
    /// All records up to this one are durable.
    pub(crate) synced: u64,
    /// The last record that readers may see.
    pub(crate) readable: u64,
    /// Why the disk gave no segment at the last try.
    blocked: Option<Blocked>,
    /// It was told that there is no room.
    is_full_told: bool,
    /// A sync and the rewriting after it failed.
    is_refusing: bool,
    /// Some of what is accepted was never written: it is in memory alone.
    has_unwritten: bool,
    /// A segment is being made in advance. Its bytes are counted.
    is_making: bool,
    is_sync_idle: bool,
    pub(crate) is_stopping: bool,
    pub(crate) waiting: Vec<Waiting>,
    /// What each reader has released.
    readers: BTreeMap<u64, u64>,
    /// Files to remove, with their size.
    doomed: Vec<(PathBuf, u64)>,
    /// On the disk, with what is being made.
    pub(crate) bytes: u64,
    pub(crate) stats: Stats,
    events: Vec<Event>,
    ids: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blocked {
    Full,
    Failed,
}

/// Someone who waits for a record to be synced.
pub(crate) struct Waiting {
    pub(crate) id: u64,
    pub(crate) sequence: u64,
    pub(crate) waker: Waker,
}

impl Log {
    pub(crate) fn open(
        options: Options,
        disk: Arc<dyn Disk>,
    ) -> Result<(Arc<Self>, Recovery), OpenError> {
        let folder = &options.folder;
        let claim = disk.claim(folder).map_err(|source| match source.kind() {
            std::io::ErrorKind::WouldBlock => OpenError::InUse(folder.clone()),
            _ => OpenError::Folder {
                folder: folder.clone(),
                source,
            },
        })?;
        let found = recover(&*disk, folder)?;
        let newest = found.last.max(options.floor.as_u64());
        let next = match newest {
            0 => 1,
            newest => newest.saturating_add(1).saturating_add(RESTART_GAP),
        };
        let readable = found.segments.iter().map(|segment| segment.last).max();
        let state = State {
            segments: Segments::recovered(found.segments),
            spare: None,
            next,
            last: next.saturating_sub(1),
            syncing: Vec::new(),
            pending: Vec::new(),
            queue: Queue::default(),
            accepted: 0,
            synced: next.saturating_sub(1),
            readable: readable.unwrap_or(0),
            blocked: None,
            is_full_told: false,
            is_refusing: false,
            has_unwritten: false,
            is_making: false,
            is_sync_idle: false,
            is_stopping: false,
            waiting: Vec::new(),
            readers: BTreeMap::new(),
            bytes: found
                .report
                .bytes
                .saturating_add(found.empty.iter().map(|(_, size)| size).sum()),
            doomed: found.empty,
            stats: Stats::default(),
            events: Vec::new(),
            ids: 0,
        };
        let log = Arc::new(Self {
            disk,
            options,
            state: Mutex::new(state),
            next_number: AtomicU64::new(found.next_number),
            base: next,
            grown: Condvar::new(),
            sync_work: Condvar::new(),
            make_work: Condvar::new(),
            sync_turn: Mutex::new(()),
            make_turn: Mutex::new(()),
            _claim: claim,
        });
        log.make();
        Ok((log, found.report))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Tells what was noted under the lock.
    fn report(&self) {
        let events = std::mem::take(&mut self.lock().events);
        if let Some(tell) = &self.options.events {
            events.into_iter().for_each(|event| tell(event));
        }
    }

    /// A reader that has dealt with everything up to `after`.
    pub(crate) fn add_reader(&self, after: u64) -> u64 {
        let mut state = self.lock();
        if after >= state.next {
            state.next = after.saturating_add(1).saturating_add(RESTART_GAP);
        }
        let id = state.new_id();
        state.readers.insert(id, after);
        id
    }

    pub(crate) fn remove_reader(&self, id: u64) {
        self.lock().readers.remove(&id);
    }

    /// Removes the segments that every reader has done with.
    pub(crate) fn release(&self, reader: u64, up_to: u64) {
        let mut state = self.lock();
        if let Some(released) = state.readers.get_mut(&reader) {
            *released = up_to.max(*released);
        }
        let is_full = state.is_full_told;
        state.doom_released(is_full);
        drop(state);
        self.remove_doomed();
    }

    fn remove_doomed(&self) {
        let doomed = std::mem::take(&mut self.lock().doomed);
        if doomed.is_empty() {
            return;
        }
        let (mut kept, mut freed) = (Vec::new(), 0u64);
        for (path, bytes) in doomed {
            match self.disk.remove(&path) {
                Ok(()) => freed = freed.saturating_add(bytes),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    freed = freed.saturating_add(bytes);
                }
                Err(_) => kept.push((path, bytes)),
            }
        }
        let mut state = self.lock();
        state.doomed.append(&mut kept);
        state.bytes = state.bytes.saturating_sub(freed);
        drop(state);
        self.make_work.notify_one();
    }
}

impl State {
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    pub(crate) fn new_id(&mut self) -> u64 {
        self.ids = self.ids.saturating_add(1);
        self.ids
    }

    /// Marks for removal what every reader has released and no sync needs.
    fn doom_released(&mut self, with_active: bool) {
        if let Some(least) = self.readers.values().copied().min() {
            // What waits to be written counts on the active one.
            let with_active = with_active && self.queue.is_empty();
            let done = self.segments.take_done(least.min(self.synced), with_active);
            self.doomed.extend(done);
        }
    }

    pub(crate) fn unsynced_bytes(&self) -> usize {
        self.syncing.len().saturating_add(self.accepted)
    }

    pub(crate) fn is_refusing(&self) -> bool {
        self.is_refusing
    }

    pub(crate) fn is_full(&self) -> bool {
        self.is_full_told
    }
}

/// A panic while the lock was held leaves nothing half done that the next holder could see, so it does not spread.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
