//! Taking records in: encode, write once, count.

use super::{Blocked, Log, State};
use crate::error::AppendError;
use crate::frame::{self, MAX_RECORD};
use crate::record::Record;
use crate::segment::HEADER;
use std::io;

impl Log {
    /// Appends the records with one write; the last one's sequence number. They are in the kernel on return, or, where
    /// they end a request while the disk takes nothing, in memory.
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

    fn append_locked(&self, state: &mut State, records: &[Record<'_>]) -> Result<u64, AppendError> {
        let has = |of: fn(&Record<'_>) -> bool| records.iter().any(of);
        let is_opening = has(|record| matches!(record, Record::Open(_)));
        let is_ending = !is_opening && has(|record| matches!(record, Record::Closed(_)));
        if state.is_stopping || (state.is_refusing && !is_ending) {
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
        let last = next.saturating_sub(1);
        if state.is_refusing {
            state.has_unwritten = true;
            state.accept(next, records.len() as u64, length);
            return Ok(last);
        }
        if is_opening && self.is_reserve(state, length) {
            state.tell_full(None);
            self.make_work.notify_one();
            return Err(AppendError::Full);
        }
        self.make_room(state, length)?;
        let written = state.write(start, first, last).or_else(|_| {
            // Another segment may do. A part of the frames may be in this one: their numbers are spent.
            state.segments.seal();
            state.next = next;
            self.make_room(state, length)?;
            state.write(start, first, last).map_err(|error| {
                state.segments.seal();
                state.note_failure(&error);
                state.refusal()
            })
        });
        match written {
            Ok(()) => state.readable = last,
            // What is begun goes on: its end is kept in memory, and written once the disk takes it.
            Err(AppendError::Failed) if is_ending => {
                state.has_unwritten = true;
                state.refuse();
            }
            Err(error) => return Err(error),
        }
        state.accept(next, records.len() as u64, length);
        Ok(last)
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

    /// Whether what is left is for the requests that are open: the second half of the last segment, where there is no
    /// other and no room for one. Without it they could not say how they ended.
    fn is_reserve(&self, state: &mut State, length: u64) -> bool {
        let size = self.options.segment_bytes();
        let has_no_room = state.bytes.saturating_add(size) > self.options.max_bytes;
        let is_last =
            state.spare.is_none() && (state.blocked.is_some() || (has_no_room && !state.is_making));
        is_last
            && state
                .segments
                .active()
                .is_some_and(|active| !active.has_room(length.saturating_add(active.capacity / 2)))
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
        if state.blocked.is_some() {
            return Err(state.refusal());
        }
        let fresh = self.make_now(state, needed)?;
        state.segments.start(fresh, self.options.nonce);
        Ok(())
    }
}

impl State {
    /// Writes the end of what is pending to the active segment.
    fn write(&mut self, start: usize, first: u64, last: u64) -> io::Result<()> {
        let frames = self.pending.get(start..).unwrap_or_default();
        let Some(active) = self.segments.active() else {
            return Err(io::ErrorKind::NotFound.into());
        };
        active.file.write_at(frames, active.end)?;
        active.grow(frames.len() as u64, first, last);
        Ok(())
    }

    pub(super) fn refusal(&self) -> AppendError {
        match self.blocked {
            Some(Blocked::Full) => AppendError::Full,
            Some(Blocked::Failed) | None => AppendError::Failed,
        }
    }

    fn accept(&mut self, next: u64, records: u64, bytes: u64) {
        self.accepted = self.pending.len();
        self.next = next;
        self.last = next.saturating_sub(1);
        self.stats.records = self.stats.records.saturating_add(records);
        self.stats.bytes = self.stats.bytes.saturating_add(bytes);
    }
}

fn too_large(length: usize) -> AppendError {
    AppendError::TooLarge {
        length,
        limit: MAX_RECORD,
    }
}
