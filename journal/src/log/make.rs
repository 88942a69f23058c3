//! Making segments: one in advance where there is room, at once where a roll can't wait.

use super::{Blocked, Log, State};
use crate::error::{AppendError, is_full};
use crate::options::Event;
use crate::segment::{Fresh, Label, create};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

/// Below this a disk counts as full.
const SMALLEST: u64 = 1 << 20;

impl Log {
    /// Makes the spare segment if there is none. Whether there is one now.
    pub(crate) fn make(&self) -> bool {
        let turn = super::lock(&self.make_turn);
        let is_there = self.make_in_turn();
        drop(turn);
        self.report();
        is_there
    }

    fn make_in_turn(&self) -> bool {
        self.remove_doomed();
        if self.is_at_bound() {
            // The active segment may be all that is left, and in the way.
            self.lock().doom_released(true);
            self.remove_doomed();
        }
        let size = self.options.segment_bytes();
        {
            let mut state = self.lock();
            if state.spare.is_some() {
                state.blocked = None;
                return true;
            }
            if state.bytes.saturating_add(size) > self.options.max_bytes {
                state.blocked = None;
                return false;
            }
            // Counted before it is there, so that two makers can't pass the bound together.
            state.bytes = state.bytes.saturating_add(size);
            state.is_making = true;
        }
        let mut leftovers = Vec::new();
        let made = self.create(size, size, &mut leftovers);
        let mut state = self.lock();
        state.bytes = state.bytes.saturating_sub(size);
        state.is_making = false;
        state.doom(leftovers);
        let is_made = made.is_ok();
        match made {
            Ok(fresh) => state.put_spare(fresh),
            Err(error) => state.note_failure(&error),
        }
        is_made
    }

    fn is_at_bound(&self) -> bool {
        let state = self.lock();
        let size = self.options.segment_bytes();
        state.spare.is_none() && state.bytes.saturating_add(size) > self.options.max_bytes
    }

    /// Makes a segment while an append waits for it.
    pub(super) fn make_now(&self, state: &mut State, needed: u64) -> Result<Fresh, AppendError> {
        let size = self.options.segment_bytes().max(needed);
        if state.bytes.saturating_add(size) > self.options.max_bytes {
            state.tell_full(None);
            state.doom_released(true);
            self.make_work.notify_one();
            return Err(AppendError::Full);
        }
        let mut leftovers = Vec::new();
        let made = self.create(size, needed, &mut leftovers);
        state.doom(leftovers);
        match made {
            Ok(fresh) => {
                state.bytes = state.bytes.saturating_add(fresh.capacity);
                Ok(fresh)
            }
            Err(error) => {
                state.note_failure(&error);
                self.make_work.notify_one();
                Err(state.refusal())
            }
        }
    }

    /// A segment of `size`, or on a disk that has not so much left a smaller one that holds `needed`. Where a try
    /// fails, what it may have left on the disk is added to `leftovers`.
    pub(super) fn create(
        &self,
        mut size: u64,
        needed: u64,
        leftovers: &mut Vec<(PathBuf, u64)>,
    ) -> io::Result<Fresh> {
        loop {
            let label = Label {
                number: self.next_number.fetch_add(1, Ordering::Relaxed),
                nonce: self.options.nonce,
                base: self.base,
            };
            let error = match create(&*self.disk, &self.options.folder, label, size) {
                Ok(fresh) => return Ok(fresh),
                Err(error) => error,
            };
            leftovers.push((self.options.folder.join(label.file_name()), size));
            let smaller = size / 8;
            if !is_full(&error) || smaller < needed.max(SMALLEST) {
                return Err(error);
            }
            size = smaller;
        }
    }
}

impl State {
    /// Counts files that are to be removed.
    pub(super) fn doom(&mut self, files: Vec<(PathBuf, u64)>) {
        for (_, size) in &files {
            self.bytes = self.bytes.saturating_add(*size);
        }
        self.doomed.extend(files);
    }

    /// There is nothing to make: a segment is there in advance, and the last try did not fail.
    pub(super) fn is_well_provided(&self) -> bool {
        self.spare.is_some() && self.blocked.is_none()
    }

    fn put_spare(&mut self, fresh: Fresh) {
        self.bytes = self.bytes.saturating_add(fresh.capacity);
        self.spare = Some(fresh);
        self.blocked = None;
        if std::mem::take(&mut self.is_full_told) {
            self.events.push(Event::HasRoom);
        }
    }

    pub(super) fn note_failure(&mut self, error: &io::Error) {
        self.blocked = Some(match is_full(error) {
            true => Blocked::Full,
            false => Blocked::Failed,
        });
        self.tell_full(Some(error.to_string()));
    }

    pub(super) fn tell_full(&mut self, error: Option<String>) {
        if !std::mem::replace(&mut self.is_full_told, true) {
            self.events.push(Event::Full { error });
        }
    }
}
