//! Taking records in: encode, find room, count.

use super::queue::Group;
use super::{Blocked, Log, State};
use crate::error::AppendError;
use crate::frame::{self, MAX_RECORD};
use crate::record::Record;
use crate::segment::HEADER;

impl Log {
    /// Takes the records in: they are in the kernel on return, or, where they end a request while the disk takes
    /// nothing, in memory. The last one's sequence number.
    pub(crate) fn append(&self, records: &[Record<'_>]) -> Result<u64, AppendError> {
        self.take_in(records, |log, state, last| {
            log.write_queued(state);
            state.outcome(last)
        })
    }

    /// Takes the records in, to be written with others that come: see [`Log::write_up_to`].
    pub(crate) fn enqueue(&self, records: &[Record<'_>]) -> Result<u64, AppendError> {
        self.take_in(records, |log, state, _| {
            if state.is_much_queued() {
                log.write_queued(state);
            }
            Ok(())
        })
    }

    fn take_in(
        &self,
        records: &[Record<'_>],
        then: impl FnOnce(&Self, &mut State, u64) -> Result<(), AppendError>,
    ) -> Result<u64, AppendError> {
        let mut state = self.lock();
        let taken = self.take_in_locked(&mut state, records);
        if taken.is_err() {
            let accepted = state.accepted;
            state.pending.truncate(accepted);
            state.stats.refused = state.stats.refused.saturating_add(1);
        }
        let taken = taken.and_then(|last| then(self, &mut state, last).map(|()| last));
        let wake = taken.is_ok() && std::mem::take(&mut state.is_sync_idle);
        drop(state);
        if wake {
            self.sync_work.notify_one();
        }
        taken
    }

    fn take_in_locked(
        &self,
        state: &mut State,
        records: &[Record<'_>],
    ) -> Result<u64, AppendError> {
        let has = |of: fn(&Record<'_>) -> bool| records.iter().any(of);
        let is_opening = has(|record| matches!(record, Record::Open(_)));
        let is_ending = !is_opening && has(|record| matches!(record, Record::Closed(_)));
        if state.is_stopping || (state.is_refusing && !is_ending) {
            return Err(AppendError::Failed);
        }
        if records.is_empty() {
            return Ok(state.last);
        }
        let next = self.encode(state, records)?;
        let length = state.pending.len().saturating_sub(state.accepted) as u64;
        if state.syncing.len().saturating_add(state.pending.len()) > self.options.unsynced_max {
            return Err(AppendError::Behind);
        }
        self.write_where_crowded(state, length);
        if state.is_refusing {
            if !is_ending {
                return Err(AppendError::Failed);
            }
            state.keep_unwritten();
            return Ok(state.accept(next, records.len() as u64, length));
        }
        if is_opening && self.is_reserve(state, length) {
            state.tell_full(None);
            self.make_work.notify_one();
            return Err(AppendError::Full);
        }
        if let Err(error) = self.roll_where_full(state, length.saturating_add(state.queued_bytes()))
        {
            if !is_ending {
                return Err(error);
            }
            state.keep_unwritten();
            return Ok(state.accept(next, records.len() as u64, length));
        }
        let (start, before, records) = (state.accepted, state.last, records.len() as u64);
        let last = state.accept(next, records, length);
        let group = Group {
            end: state.accepted,
            last,
            records,
            is_ending,
        };
        state.enqueue(group, start, before);
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
    /// other and no room for one. Without it their ends would have to wait in memory.
    fn is_reserve(&self, state: &mut State, length: u64) -> bool {
        let length = length.saturating_add(state.queued_bytes());
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

    /// Writes what waits where the active segment has no room for more beside it.
    fn write_where_crowded(&self, state: &mut State, length: u64) {
        let with_queued = length.saturating_add(state.queued_bytes());
        let active = state.segments.active();
        if !active.is_some_and(|active| active.has_room(with_queued)) {
            let accepted = state.accepted;
            let mut frames = state.pending.split_off(accepted);
            self.write_queued(state);
            state.pending.append(&mut frames);
        }
    }

    /// Sees to it that the active segment has room, by rolling to the next where it has not.
    pub(super) fn roll_where_full(
        &self,
        state: &mut State,
        length: u64,
    ) -> Result<(), AppendError> {
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
    pub(super) fn refusal(&self) -> AppendError {
        match self.blocked {
            Some(Blocked::Full) => AppendError::Full,
            Some(Blocked::Failed) | None => AppendError::Failed,
        }
    }

    /// Counts in what was encoded; the last one's sequence number.
    fn accept(&mut self, next: u64, records: u64, bytes: u64) -> u64 {
        self.accepted = self.pending.len();
        self.next = next;
        self.last = next.saturating_sub(1);
        self.stats.records = self.stats.records.saturating_add(records);
        self.stats.bytes = self.stats.bytes.saturating_add(bytes);
        self.last
    }
}

fn too_large(length: usize) -> AppendError {
    AppendError::TooLarge {
        length,
        limit: MAX_RECORD,
    }
}
