//! Records that are taken in and not written yet, so that one write does for all that came together.
//!
//! They are the last frames of what is kept in memory until it is synced, and the active segment has room for them.
//! Whoever put one in asks for the write before it counts on it; the first who asks writes all, and a sync does, too.

use super::{Log, State};
use crate::error::AppendError;
use std::collections::BTreeMap;
use std::io;

/// So much is written at once, without waiting for more.
const MOST: u64 = 64 << 10;

#[derive(Default)]
pub(crate) struct Queue {
    groups: Vec<Group>,
    /// Where the frames begin in what is pending.
    start: usize,
    /// The last record's sequence number before them.
    before: u64,
    /// What could not be written and was let go, until the one that put it in asks.
    lost: BTreeMap<u64, AppendError>,
}

/// Records that were put in together.
pub(super) struct Group {
    /// Where its frames end in what is pending.
    pub end: usize,
    pub last: u64,
    pub records: u64,
    /// It ends a request: a failing disk does not lose it.
    pub is_ending: bool,
}

impl Log {
    /// Sees to it that the records up to this one, and all others that wait, are in the kernel. An error says that
    /// those that were put in with this one are not in the journal; it is told once.
    pub(crate) fn write_up_to(&self, sequence: u64) -> Result<(), AppendError> {
        let mut state = self.lock();
        if state.queue.holds(sequence) {
            self.write_queued(&mut state);
        }
        state.outcome(sequence)
    }

    /// Writes all that waits. What can't be written is let go, but for the ends of requests: they are kept in memory.
    pub(super) fn write_queued(&self, state: &mut State) {
        if state.queue.is_empty() {
            return;
        }
        let written = self.room_for_queued(state).and_then(|()| {
            state.write_frames().or_else(|_| {
                // Another segment may do. A part of the frames may be in this one: their numbers are spent.
                state.segments.seal();
                self.room_for_queued(state)?;
                state.write_frames().map_err(|error| {
                    state.segments.seal();
                    state.note_failure(&error);
                    state.refusal()
                })
            })
        });
        match written {
            Ok(()) => {
                state.readable = state.last;
                state.queue.groups.clear();
            }
            Err(error) => state.give_up_queued(error),
        }
    }

    fn room_for_queued(&self, state: &mut State) -> Result<(), AppendError> {
        self.roll_where_full(state, state.queued_bytes())
    }
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    fn holds(&self, sequence: u64) -> bool {
        !self.is_empty() && sequence > self.before
    }
}

impl State {
    /// Puts what was just accepted in.
    pub(super) fn enqueue(&mut self, group: Group, start: usize, before: u64) {
        if self.queue.is_empty() {
            (self.queue.start, self.queue.before) = (start, before);
        }
        self.queue.groups.push(group);
    }

    pub(super) fn is_much_queued(&self) -> bool {
        self.queued_bytes() >= MOST
    }

    pub(super) fn queued_bytes(&self) -> u64 {
        match self.queue.groups.last() {
            Some(group) => group.end.saturating_sub(self.queue.start) as u64,
            None => 0,
        }
    }

    /// The last accepted record that does not wait to be written.
    pub(super) fn last_before_queue(&self) -> u64 {
        if self.queue.is_empty() {
            self.last
        } else {
            self.queue.before
        }
    }

    /// Moves to the end of `syncing` what waits only to be synced.
    pub(super) fn take_written(&mut self) {
        self.pending.truncate(self.accepted);
        let end = match self.queue.is_empty() {
            true => self.accepted,
            false => self.queue.start,
        };
        self.syncing.extend(self.pending.drain(..end));
        self.accepted = self.pending.len();
        self.queue.start = 0;
        for group in &mut self.queue.groups {
            group.end = group.end.saturating_sub(end);
        }
    }

    /// What became of the records that were put in with this one.
    pub(super) fn outcome(&mut self, sequence: u64) -> Result<(), AppendError> {
        match self.queue.lost.remove(&sequence) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    fn write_frames(&mut self) -> io::Result<()> {
        let frames = self.pending.get(self.queue.start..self.accepted);
        let frames = frames.unwrap_or_default();
        let first = self.queue.before.saturating_add(1);
        let Some(active) = self.segments.active() else {
            return Err(io::ErrorKind::NotFound.into());
        };
        active.file.write_at(frames, active.end)?;
        active.grow(frames.len() as u64, first, self.last);
        Ok(())
    }

    /// Nothing that waits can be written.
    pub(super) fn give_up_queued(&mut self, error: AppendError) {
        let groups = std::mem::take(&mut self.queue.groups);
        if groups.is_empty() {
            return;
        }
        let (mut start, mut kept) = (self.queue.start, Vec::new());
        self.last = self.queue.before;
        let mut has_ends = false;
        for group in groups {
            let frames = self.pending.get(start..group.end).unwrap_or_default();
            start = group.end;
            // What is begun goes on: its end is kept, and written once the disk takes it.
            if group.is_ending {
                kept.extend_from_slice(frames);
                self.last = group.last;
                has_ends = true;
            } else {
                let bytes = frames.len() as u64;
                self.stats.records = self.stats.records.saturating_sub(group.records);
                self.stats.bytes = self.stats.bytes.saturating_sub(bytes);
                self.stats.refused = self.stats.refused.saturating_add(1);
                self.queue.lost.insert(group.last, error);
            }
        }
        self.pending.truncate(self.queue.start);
        self.pending.append(&mut kept);
        self.accepted = self.pending.len();
        if has_ends {
            self.keep_unwritten();
        }
    }

    /// Some of what is accepted is in memory alone: a sync writes it, in a segment beyond the bound if need be, and
    /// until then nothing begins.
    pub(super) fn keep_unwritten(&mut self) {
        self.has_unwritten = true;
        self.refuse();
    }
}
