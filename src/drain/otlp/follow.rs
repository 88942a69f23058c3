//! The journal as one exporter reads it: records in, requests that are over out.

use crate::drain::assemble::Assembler;
use crate::drain::request::Finished;
use crate::drain::{DrainStats, Pricing, carried};
use std::time::Duration;
use tollgate_journal::{Position, ReadError, Reader, Writer};
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
    /// What the assembler counts is told by the store's drain.
    counts: DrainStats,
}

impl Follower {
    /// Reads on after `cursor`. What is in the journal by now is an earlier process's, where this one `is_starting`.
    pub(super) fn new(
        store: &Store,
        journal: &Writer,
        name: String,
        cursor: Position,
        price: Pricing,
        is_starting: bool,
    ) -> tollgate_store::Result<Self> {
        Ok(Self {
            reader: journal.reader(cursor),
            assembler: Assembler::with(carried::all(store, &name)?),
            name,
            price,
            boundary: if is_starting {
                journal.synced_position()
            } else {
                Position::START
            },
            is_recovering: is_starting,
            counts: DrainStats::default(),
        })
    }

    /// Goes back to what the store has of it.
    pub(super) fn go_back(
        &mut self,
        store: &Store,
        journal: &Writer,
        cursor: Position,
    ) -> tollgate_store::Result<()> {
        self.assembler = Assembler::with(carried::all(store, &self.name)?);
        self.reader = journal.reader(cursor);
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
        if let Some(entry) = entry {
            let finished = self
                .assembler
                .take(entry.position, &entry.record, &self.counts);
            over.extend(finished);
        }
        if is_past && std::mem::take(&mut self.is_recovering) {
            over.extend(self.assembler.interrupt(self.boundary, &self.price));
        }
        Ok(is_there)
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

    /// Waits until there may be a record.
    pub(super) fn wait(&self, limit: Duration) {
        self.reader.wait(limit);
    }
}
