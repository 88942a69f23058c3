//! Taking records in: encode, write once, count.

use super::{Blocked, Log, State};
use crate::error::{AppendError, is_full};
use crate::frame::{self, MAX_RECORD};
use crate::record::Record;
use crate::segment::HEADER;
use std::sync::MutexGuard;

impl Log {
    /// Appends the records with one write; the last one's sequence number. They are in the kernel on return.
    pub(crate) fn append(&self, records: &[Record<'_>]) -> Result<u64, AppendError> {
        let mut state = self.lock();
        let appended = self.append_locked(&mut state, records);
        if appended.is_err() {
            let accepted = state.accepted;
            state.pending.truncate(accepted);
            state.stats.refused = state.stats.refused.saturating_add(1);
        }
        let wake = appended.is_ok() && std::mem::take(&mut state.is_sync_idle);
        drop(state);
        if wake {
            self.sync_work.notify_one();
        }
        appended
    }

    fn append_locked(
        &self,
        state: &mut MutexGuard<'_, State>,
        records: &[Record<'_>],
    ) -> Result<u64, AppendError> {
        if state.is_refusing || state.is_stopping {
            return Err(AppendError::Failed);
        }
        let (start, first) = (state.accepted, state.next);
        if records.is_empty() {
            return Ok(first.saturating_sub(1));
        }
        let next = self.encode(state, records)?;
        let length = state.pending.len().saturating_sub(start) as u64;
        if state.syncing.len().saturating_add(state.pending.len()) > self.options.unsynced_max {
            return Err(AppendError::Behind);
        }
        // A segment that fails a write gets no second one: what it holds is as good as its next sync.
        for _ in 0..2 {
            self.make_room(state, length)?;
            let State {
                segments, pending, ..
            } = &mut **state;
            let Some(active) = segments.active() else {
                continue;
            };
            let frames = pending.get(start..).unwrap_or_default();
            match active.file.write_at(frames, active.end) {
                Ok(()) => {
                    active.grow(length, first, next.saturating_sub(1));
                    state.accept(next, records.len() as u64, length);
                    return Ok(next.saturating_sub(1));
                }
                Err(error) => {
                    segments.seal();
                    state.blocked = Some(match is_full(&error) {
                        true => Blocked::Full,
                        false => Blocked::Failed,
                    });
                }
            }
        }
        // A part of it may be on the disk: these numbers are spent.
        state.next = next;
        Err(state.blocked.unwrap_or(Blocked::Failed).into())
    }

    /// Encodes into the memory that keeps what is not synced; the sequence number after the last.
    fn encode(&self, state: &mut State, records: &[Record<'_>]) -> Result<u64, AppendError> {
        let accepted = state.accepted;
        state.pending.truncate(accepted);
        let mut next = state.next;
        for record in records {
            let encode = |out: &mut Vec<u8>| record.encode(out);
            frame::append(
                &mut state.pending,
                self.options.nonce,
                next,
                record.kind(),
                encode,
            )
            .map_err(too_large)?;
            next = next.saturating_add(1);
        }
        let length = state.pending.len().saturating_sub(accepted);
        if length > MAX_RECORD.saturating_add(frame::HEAD) {
            return Err(too_large(length));
        }
        Ok(next)
    }

    /// Sees to it that the active segment has room, by rolling to the next where it has not.
    fn make_room(&self, state: &mut State, length: u64) -> Result<(), AppendError> {
        if let Some(active) = state.segments.active()
            && active.has_room(length)
        {
            return Ok(());
        }
        let needed = length.saturating_add(HEADER as u64);
        if state
            .spare
            .as_ref()
            .is_some_and(|spare| spare.capacity >= needed)
            && let Some(spare) = state.spare.take()
        {
            state.segments.start(spare, self.options.nonce);
            self.make_work.notify_one();
            return Ok(());
        }
        if let Some(blocked) = state.blocked {
            return Err(blocked.into());
        }
        let fresh = self.make_now(state, needed)?;
        state.segments.start(fresh, self.options.nonce);
        Ok(())
    }
}

impl State {
    fn accept(&mut self, next: u64, records: u64, bytes: u64) {
        self.accepted = self.pending.len();
        self.next = next;
        self.readable = next.saturating_sub(1);
        self.stats.records = self.stats.records.saturating_add(records);
        self.stats.bytes = self.stats.bytes.saturating_add(bytes);
    }
}

impl From<Blocked> for AppendError {
    fn from(blocked: Blocked) -> Self {
        match blocked {
            Blocked::Full => Self::Full,
            Blocked::Failed => Self::Failed,
        }
    }
}

fn too_large(length: usize) -> AppendError {
    AppendError::TooLarge {
        length,
        limit: MAX_RECORD,
    }
}
