//! Making what was written durable, and what happens when the disk says no.
//!
//! A failed sync is final for its segments: the kernel reports a lost write-back once and forgets it, so a second sync
//! that succeeds would say nothing. They end, for readers too, where their last good sync did; every frame after that
//! is still in memory and goes, as it is, into a new segment. Until that one is synced nothing counts as safe, and if
//! its sync fails as well nothing more is taken in until one succeeds.

use super::{Log, State, Waiting};
use crate::disk::DiskFile;
use crate::error::AppendError;
use crate::options::Event;
use crate::segment::{Fresh, HEADER};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Where so many files can't be removed, no more are made in the place of those that failed.
const MOST_DOOMED: usize = 8;

/// What a sync did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// There was nothing to sync.
    Clean,
    Synced,
    /// What is not synced is in memory and in the page cache; another call tries again.
    Failed,
}

struct Dirty {
    id: u64,
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    end: u64,
}

impl Log {
    pub(crate) fn sync(&self) -> Outcome {
        let turn = super::lock(&self.sync_turn);
        let outcome = self.sync_in_turn();
        drop(turn);
        self.report();
        outcome
    }

    fn sync_in_turn(&self) -> Outcome {
        let (dirty, target) = {
            let mut state = self.lock();
            self.write_queued(&mut state);
            if state.is_refusing {
                drop(state);
                return self.rewrite();
            }
            match state.begin_sync() {
                Some(begun) => begun,
                None => return Outcome::Clean,
            }
        };
        let failed = dirty
            .iter()
            .find_map(|segment| Some((segment, self.timed_sync(&*segment.file).err()?)));
        let Some((segment, error)) = failed else {
            let woken = self.lock().end_sync(&dirty, target);
            self.wake(woken);
            return Outcome::Synced;
        };
        self.lock().note_failed_sync(segment.path.clone(), &error);
        self.rewrite()
    }

    /// Writes everything that is not synced to a new segment, and syncs that; again where more was kept meanwhile.
    fn rewrite(&self) -> Outcome {
        loop {
            self.remove_doomed();
            let rewritten = self.write_again().and_then(|dirty| {
                let synced = self.timed_sync(&*dirty.0.file);
                if let Err(error) = &synced {
                    let mut state = self.lock();
                    state.note_failed_sync(dirty.0.path.clone(), error);
                    state.abandon();
                }
                synced.map(|()| dirty)
            });
            let mut state = self.lock();
            let Ok((dirty, target, bytes)) = rewritten else {
                state.refuse();
                return Outcome::Failed;
            };
            let is_done = !state.has_unwritten;
            state.is_refusing = !is_done;
            let woken = state.end_sync(&[dirty], target);
            state.events.push(Event::Rewritten { bytes });
            drop(state);
            self.wake(woken);
            if is_done {
                return Outcome::Synced;
            }
        }
    }

    fn wake(&self, waiting: Vec<Waiting>) {
        waiting.into_iter().for_each(|waiting| waiting.waker.wake());
        self.grown.notify_all();
    }

    /// Appends go on while the new segment is made: into the segment that is given up, and into memory.
    fn write_again(&self) -> io::Result<(Dirty, u64, u64)> {
        loop {
            let (needed, spare) = {
                let mut state = self.lock();
                let needed = state.unsynced_bytes().saturating_add(HEADER) as u64;
                let spare = state.spare.take_if(|spare| spare.capacity >= needed);
                (needed, spare)
            };
            self.make_work.notify_one();
            let fresh = match spare {
                Some(spare) => spare,
                None => self.make_for_rewrite(needed)?,
            };
            let mut state = self.lock();
            let state = &mut *state;
            state.take_written();
            let bytes = state.syncing.len() as u64;
            if bytes.saturating_add(HEADER as u64) > fresh.capacity {
                state.doomed.push((fresh.path, fresh.capacity));
                continue;
            }
            if let Err(error) = fresh.file.write_at(&state.syncing, HEADER as u64) {
                state.doomed.push((fresh.path, fresh.capacity));
                return Err(error);
            }
            state.abandon();
            // Earlier tries that failed as well hold nothing that this one lacks.
            let superseded = state.segments.take_superseded();
            state.doomed.extend(superseded);
            let (first, last) = (state.synced.saturating_add(1), state.last_before_queue());
            let segment = state.segments.start(fresh, self.options.nonce);
            segment.grow(bytes, first, last);
            let dirty = Dirty {
                id: segment.id,
                path: segment.path.clone(),
                file: segment.file.clone(),
                end: segment.end,
            };
            state.readable = last;
            state.has_unwritten = false;
            state.stats.rewritten_bytes = state.stats.rewritten_bytes.saturating_add(bytes);
            return Ok((dirty, last, bytes));
        }
    }

    /// A segment beyond the bound, if need be: the records in it are accepted already.
    fn make_for_rewrite(&self, needed: u64) -> io::Result<Fresh> {
        if self.lock().doomed.len() > MOST_DOOMED {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let size = self.options.segment_bytes().max(needed);
        let mut leftovers = Vec::new();
        let made = self.create(size, needed, &mut leftovers);
        let mut state = self.lock();
        state.doom(leftovers);
        let fresh = made?;
        state.bytes = state.bytes.saturating_add(fresh.capacity);
        Ok(fresh)
    }

    fn timed_sync(&self, file: &dyn DiskFile) -> io::Result<()> {
        let started = self.disk.now();
        let synced = file.sync_data();
        let took = self.disk.now().saturating_sub(started);
        self.lock().stats.count_sync(took, synced.is_ok());
        synced
    }
}

impl State {
    fn begin_sync(&mut self) -> Option<(Vec<Dirty>, u64)> {
        if self.unsynced_bytes() == 0 {
            return None;
        }
        assert!(
            self.syncing.is_empty(),
            "a sync that failed leaves the log refusing"
        );
        self.pending.truncate(self.accepted);
        std::mem::swap(&mut self.pending, &mut self.syncing);
        self.accepted = 0;
        let dirty = self.segments.iter().filter(|segment| segment.is_dirty());
        let dirty = dirty.map(|segment| Dirty {
            id: segment.id,
            path: segment.path.clone(),
            file: segment.file.clone(),
            end: segment.end,
        });
        Some((dirty.collect(), self.last))
    }

    /// Counts as synced what is; returns who waited for it.
    fn end_sync(&mut self, dirty: &[Dirty], target: u64) -> Vec<Waiting> {
        for synced in dirty {
            if let Some(segment) = self.segments.get_mut(synced.id) {
                segment.synced_end = synced.end;
            }
        }
        assert!(target >= self.synced, "what is synced stays synced");
        self.synced = target;
        self.syncing.clear();
        self.syncing.shrink_to(1 << 20);
        self.waiting
            .extract_if(.., |waiting| waiting.sequence <= target)
            .collect()
    }

    fn note_failed_sync(&mut self, segment: PathBuf, error: &io::Error) {
        self.events.push(Event::SyncFailed {
            segment,
            error: error.to_string(),
        });
    }

    /// Takes nothing more that begins, until what is in memory is safe.
    pub(super) fn refuse(&mut self) {
        if !std::mem::replace(&mut self.is_refusing, true) {
            self.events.push(Event::Refusing);
            self.give_up_queued(AppendError::Failed);
        }
    }

    fn abandon(&mut self) {
        let count = self.segments.abandon_dirty();
        self.stats.abandoned = self.stats.abandoned.saturating_add(count);
        self.readable = self.synced;
    }
}

/// How long to wait after a failure before the next try.
pub(crate) const RETRY: Duration = Duration::from_millis(250);
