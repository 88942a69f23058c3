//! The drain's thread.

use super::assemble::Assembler;
use super::sink::Sink;
use super::stop::Stop;
use super::{DrainStats, Pricing};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tollgate_journal::{Position, Reader, Writer};
use tollgate_store::{Store, StoreError};

/// How long to wait for records before looking for other work.
const IDLE: Duration = Duration::from_millis(50);
/// The pause after the first failed try, doubled by each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Tries to store the last batch when the process stops.
const LAST_TRIES: u32 = 3;

pub(super) struct Drain {
    journal: Writer,
    reader: Reader,
    assembler: Assembler,
    sink: Sink,
    stats: Arc<DrainStats>,
    price: Pricing,
    stop: Arc<Stop>,
    /// Records up to here are an earlier process's.
    boundary: Position,
    /// Some of them may not have been read.
    is_recovering: bool,
}

/// What one turn of the loop found.
enum Turn {
    Record,
    Nothing,
    Failed,
}

impl Drain {
    pub(super) fn new(
        store: Store,
        journal: Writer,
        cursor: Position,
        stats: Arc<DrainStats>,
        price: Pricing,
        stop: Arc<Stop>,
    ) -> Self {
        Self {
            reader: journal.reader(cursor),
            boundary: journal.synced_position(),
            journal,
            assembler: Assembler::default(),
            sink: Sink::new(store, stats.clone()),
            stats,
            price,
            stop,
            is_recovering: true,
        }
    }

    pub(super) fn run(mut self) {
        let mut was_idle = false;
        loop {
            // Asked before reading: what was appended before the wish to stop is read.
            let is_last = self.stop.is_set();
            let turn = self.read();
            let is_idle = !matches!(turn, Turn::Record);
            let is_due = self.sink.due_in().is_zero() || (is_idle && is_last);
            if !self.sink.is_empty() && is_due && !self.store() {
                return;
            }
            match turn {
                Turn::Record => {}
                Turn::Nothing | Turn::Failed if is_last => return,
                Turn::Nothing => {
                    self.measure();
                    if was_idle {
                        self.stop.pause(Duration::from_millis(2));
                    }
                    self.reader.wait(IDLE.min(self.sink.due_in()));
                }
                Turn::Failed => self.stop.pause(IDLE),
            }
            was_idle = is_idle;
        }
    }

    /// Takes the next record.
    fn read(&mut self) -> Turn {
        match self.reader.next() {
            Ok(Some(entry)) => {
                let is_past = self.is_recovering && entry.position > self.boundary;
                let finished = self
                    .assembler
                    .take(entry.position, &entry.record, &self.stats);
                if is_past {
                    self.end_interrupted();
                }
                if let Some(finished) = finished {
                    self.sink.push(finished);
                }
                Turn::Record
            }
            Ok(None) => {
                if self.is_recovering {
                    self.end_interrupted();
                }
                Turn::Nothing
            }
            Err(error) => {
                self.stats.errors.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(%error, "reading the journal failed; trying again");
                Turn::Failed
            }
        }
    }

    /// All that an earlier process wrote has been read: what it left open stays so.
    fn end_interrupted(&mut self) {
        self.is_recovering = false;
        let cut = self.assembler.interrupt(self.boundary, &self.price);
        if !cut.is_empty() {
            tracing::warn!(
                requests = cut.len(),
                "requests were cut off by the last process's end"
            );
            self.stats
                .interrupted
                .fetch_add(cut.len() as u64, Ordering::Relaxed);
        }
        for finished in cut {
            self.sink.push(finished);
        }
    }

    /// Stores the batch, trying until it is done. `false` where the process stops first.
    fn store(&mut self) -> bool {
        let cursor = self.assembler.cursor(self.reader.position());
        let mut pause = FIRST_PAUSE;
        let mut last_tries = 0;
        loop {
            match self.sink.store(cursor) {
                Ok(_) => {
                    self.reader.release(cursor);
                    self.measure();
                    return true;
                }
                Err(error) => self.complain(&error),
            }
            if self.stop.is_set() {
                last_tries += 1;
                if last_tries >= LAST_TRIES {
                    tracing::error!(
                        "stopping with records that are not stored: they are in the journal"
                    );
                    return false;
                }
                std::thread::sleep(FIRST_PAUSE);
            } else {
                self.measure();
                self.stop.pause(pause);
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }

    fn complain(&self, error: &StoreError) {
        self.stats.errors.fetch_add(1, Ordering::Relaxed);
        if error.is_transient() {
            tracing::warn!(%error, "the store takes no traces; they wait in the journal");
        } else {
            tracing::error!(%error, "the store refuses traces; they wait in the journal");
        }
    }

    /// Says how much waits. Positions count records; their mean size makes bytes of them.
    fn measure(&self) {
        let held = self.journal.depth().bytes;
        let bytes = if self.is_recovering {
            held
        } else {
            let written = self.journal.stats();
            let read = self.reader.position().max(self.boundary).as_u64();
            let behind = self.journal.synced_position().as_u64().saturating_sub(read);
            let mean = written.bytes.checked_div(written.records).unwrap_or(0);
            behind.saturating_mul(mean).min(held)
        };
        self.stats.undrained_bytes.store(bytes, Ordering::Relaxed);
        let skipped = self.reader.skipped();
        // A damaged place mostly is a missing record as well.
        let lost = skipped.missing.max(skipped.damaged);
        let lost = lost.saturating_add(skipped.unknown);
        self.stats.skipped.store(lost, Ordering::Relaxed);
    }
}
