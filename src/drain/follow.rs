//! The journal as the drain or one exporter reads it: records in, requests that are over out.

use super::assemble::Assembler;
use super::request::Finished;
use super::{Pricing, carried, cursor};
use std::time::Duration;
use tollgate_journal::{Position, ReadError, Reader, Skipped, Writer};
use tollgate_store::Store;
use tollgate_store::carried::CarriedRow;

/// Segments that are read to their end and may stay for the sake of open requests; of older ones they are carried.
const KEPT_SEGMENTS: usize = 1;

pub(super) struct Follower {
    /// The store's name for this reader.
    name: String,
    reader: Reader,
    assembler: Assembler,
    price: Pricing,
    /// Records up to here are an earlier process's.
    boundary: Position,
    /// Some of them may not have been read.
    is_recovering: bool,
}

impl Follower {
    /// Reads on after what the store has of it. What is in the journal by now is an earlier process's, where this one
    /// `is_starting`.
    pub(super) fn new(
        store: &Store,
        journal: &Writer,
        name: String,
        price: Pricing,
        is_starting: bool,
    ) -> tollgate_store::Result<Self> {
        let (reader, assembler) = beginning(store, journal, &name)?;
        Ok(Self {
            name,
            reader,
            assembler,
            price,
            boundary: if is_starting {
                journal.synced_position()
            } else {
                Position::START
            },
            is_recovering: is_starting,
        })
    }

    /// Goes back to what the store has of it.
    pub(super) fn go_back(
        &mut self,
        store: &Store,
        journal: &Writer,
    ) -> tollgate_store::Result<()> {
        (self.reader, self.assembler) = beginning(store, journal, &self.name)?;
        self.is_recovering = self.boundary > Position::START;
        Ok(())
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Takes the next record and adds the requests that are over by it. `false` where there is none.
    pub(super) fn read(&mut self, over: &mut Vec<Finished>) -> Result<bool, ReadError> {
        let entry = self.reader.next()?;
        let is_past = entry
            .as_ref()
            .is_none_or(|entry| entry.position > self.boundary);
        let is_there = entry.is_some();
        let finished = entry.and_then(|entry| self.assembler.take(entry.position, &entry.record));
        if is_past && std::mem::take(&mut self.is_recovering) {
            over.extend(self.assembler.interrupt(self.boundary, &self.price));
        }
        over.extend(finished);
        Ok(is_there)
    }

    /// Every request that is over by the record at this position was given out. `None` until what an earlier process
    /// left was read.
    pub(super) fn settled(&self) -> Option<Position> {
        (!self.is_recovering).then(|| self.position().max(self.boundary))
    }

    /// Rows of the requests that are open for so long that they keep segments. With the rows stored, the cursor may
    /// pass their records.
    pub(super) fn carry(&mut self) -> Vec<CarriedRow> {
        let ends = self.reader.read_through();
        match ends.iter().rev().nth(KEPT_SEGMENTS) {
            Some(end) => {
                let read = self.reader.position();
                self.assembler.carry(*end, read, &self.name)
            }
            None => Vec::new(),
        }
    }

    /// What to store as the cursor once everything that was given out is dealt with.
    pub(super) fn cursor(&self) -> Position {
        self.assembler.cursor(self.reader.position())
    }

    /// The last record that was read.
    pub(super) fn position(&self) -> Position {
        self.reader.position()
    }

    pub(super) fn release(&self, up_to: Position) {
        self.reader.release(up_to);
    }

    /// Releases what was released before, where something of it is still there: it was not synced by then.
    pub(super) fn release_again(&self, up_to: Position) {
        let ends = self.reader.read_through();
        if ends.first().is_some_and(|end| *end <= up_to) {
            self.reader.release(up_to);
        }
    }

    pub(super) fn skipped(&self) -> Skipped {
        self.reader.skipped()
    }

    /// Waits until there may be a record.
    pub(super) fn wait(&self, limit: Duration) {
        self.reader.wait(limit);
    }
}

/// What the store has: how far the journal was read, and the requests that were open there.
fn beginning(
    store: &Store,
    journal: &Writer,
    name: &str,
) -> tollgate_store::Result<(Reader, Assembler)> {
    let requests = carried::all(store, name)?;
    let reader = journal.reader(cursor(store, name)?);
    Ok((reader, Assembler::with(requests)))
}
