//! Making segments: one in advance where there is room, at once where a roll can't wait.

use super::{Blocked, Log, State};
use crate::error::{AppendError, is_full};
use crate::options::Event;
use crate::segment::{Fresh, Name, create};
use std::io;

/// Below this a disk counts as full.
const SMALLEST: u64 = 1 << 20;

impl Log {
    /// Makes the spare segment if there is none. Whether there is one now.
    pub(crate) fn make(&self) -> bool {
        let _turn = super::lock(&self.make_turn);
        self.remove_doomed();
        let size = self.options.segment_bytes();
        let number = {
            let mut state = self.lock();
            if state.spare.is_some() {
                state.blocked = None;
                return true;
            }
            if state.bytes.saturating_add(size) > self.options.max_bytes {
                return false;
            }
            // Counted before it is there, so that two makers can't pass the bound together.
            state.bytes = state.bytes.saturating_add(size);
            state.take_number()
        };
        let made = self.create(number, size, size);
        let mut state = self.lock();
        state.bytes = state.bytes.saturating_sub(size);
        let is_made = made.is_ok();
        match made {
            Ok(fresh) => state.put_spare(fresh),
            Err(error) => state.note_failure(&error),
        }
        drop(state);
        self.report();
        is_made
    }

    /// Makes a segment while an append waits for it.
    pub(super) fn make_now(&self, state: &mut State, needed: u64) -> Result<Fresh, AppendError> {
        let size = self.options.segment_bytes().max(needed);
        if state.bytes.saturating_add(size) > self.options.max_bytes {
            state.tell_full(None);
            return Err(AppendError::Full);
        }
        let number = state.take_number();
        match self.create(number, size, needed) {
            Ok(fresh) => {
                state.bytes = state.bytes.saturating_add(fresh.capacity);
                Ok(fresh)
            }
            Err(error) => {
                state.note_failure(&error);
                self.make_work.notify_one();
                Err(state.blocked.unwrap_or(Blocked::Failed).into())
            }
        }
    }

    /// A segment of `size`, or on a disk that has not so much left a smaller one that holds `needed`.
    pub(super) fn create(&self, number: u64, size: u64, needed: u64) -> io::Result<Fresh> {
        let name = Name {
            number,
            nonce: self.options.nonce,
        };
        let mut size = size;
        loop {
            let made = create(&*self.disk, &self.options.folder, name, size);
            let smaller = size / 8;
            match made {
                Err(error) if is_full(&error) && smaller >= needed.max(SMALLEST) => size = smaller,
                made => return made,
            }
        }
    }
}

impl State {
    pub(super) fn take_number(&mut self) -> u64 {
        let number = self.next_number;
        self.next_number = number.saturating_add(1);
        number
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

    fn note_failure(&mut self, error: &io::Error) {
        self.blocked = Some(match is_full(error) {
            true => Blocked::Full,
            false => Blocked::Failed,
        });
        self.tell_full(Some(error.to_string()));
    }

    fn tell_full(&mut self, error: Option<String>) {
        if !std::mem::replace(&mut self.is_full_told, true) {
            self.events.push(Event::Full { error });
        }
    }
}
