//! The drain's thread.

use super::follow::Follower;
use super::isolate::Refused;
use super::pace::Pace;
use super::request::Finished;
use super::sink::Sink;
use super::stop::Stop;
use super::{CURSOR, Counting, DrainStats, Pricing, stored_cursor};
use crate::clock;
use crate::telemetry::{DRAIN_BATCH, OWN};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tollgate_journal::{Outcome, Position, Writer};
use tollgate_store::Store;

/// How long to wait for records before looking for other work.
const IDLE: Duration = Duration::from_millis(50);
/// The pause after the first failed try, doubled by each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Tries to store the last batch when the process stops, and the time after which there is no further one.
const LAST_TRIES: u32 = 3;
const LAST_TRY: Duration = Duration::from_secs(1);
/// Records between two looks at what open requests keep in the journal.
const LOOK_EVERY: u32 = 64;

pub(super) struct Drain {
    store: Store,
    journal: Writer,
    follower: Follower,
    sink: Sink,
    stats: Arc<DrainStats>,
    price: Pricing,
    counting: Counting,
    stop: Arc<Stop>,
    /// Requests that the last record ended.
    over: Vec<Finished>,
    /// Records taken since the last look at what open requests keep.
    unlooked: u32,
    /// Everything up to here is in the store for good.
    stored: Position,
    pace: Pace,
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
        stats: Arc<DrainStats>,
        price: Pricing,
        counting: Counting,
        stop: Arc<Stop>,
    ) -> tollgate_store::Result<Self> {
        let follower = Follower::new(&store, &journal, CURSOR.to_owned(), price.clone(), true)?;
        let stored = stored_cursor(&store)?.as_u64();
        stats.stored.store(stored, Ordering::Relaxed);
        Ok(Self {
            follower,
            sink: Sink::new(store.clone(), stats.clone()),
            store,
            journal,
            stats,
            price,
            counting,
            stop,
            over: Vec::new(),
            unlooked: 0,
            stored: Position::START,
            pace: Pace::default(),
        })
    }

    /// Follows the journal until the process stops. A panic costs what is not stored, which is read again.
    pub(super) fn run(mut self) {
        while catch_unwind(AssertUnwindSafe(|| self.follow())).is_err() {
            self.stats.errors.fetch_add(1, Ordering::Relaxed);
            tracing::error!("the drain panicked; it goes back to what is stored");
            loop {
                if self.stop.is_set() {
                    return;
                }
                self.stop.pause(LONGEST_PAUSE);
                match self.follower.go_back(&self.store, &self.journal) {
                    Ok(()) => {
                        self.sink = Sink::new(self.store.clone(), self.stats.clone());
                        self.over.clear();
                        break;
                    }
                    Err(error) => self.complain(&error.into()),
                }
            }
        }
    }

    fn follow(&mut self) {
        let mut was_idle = false;
        loop {
            // Asked before reading: what was appended before the wish to stop is read.
            let is_last = self.stop.is_set();
            let turn = self.read();
            let is_idle = !matches!(turn, Turn::Record);
            self.carry(is_idle);
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
                    self.follower.wait(IDLE.min(self.sink.due_in()));
                }
                Turn::Failed => self.stop.pause(IDLE),
            }
            was_idle = is_idle;
        }
    }

    /// Moves into the store what requests that are open for long keep in the journal.
    fn carry(&mut self, is_idle: bool) {
        self.unlooked += 1;
        if self.unlooked < LOOK_EVERY && !is_idle {
            return;
        }
        self.unlooked = 0;
        self.follower.release_again(self.stored);
        let rows = self.follower.carry();
        let count = rows.len() as u64;
        self.stats.carried.fetch_add(count, Ordering::Relaxed);
        self.sink.carry(rows);
    }

    /// Takes the next record.
    fn read(&mut self) -> Turn {
        let turn = match self.follower.read(&mut self.over) {
            Ok(true) => Turn::Record,
            Ok(false) => Turn::Nothing,
            Err(error) => {
                self.stats.errors.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(%error, "reading the journal failed; trying again");
                Turn::Failed
            }
        };
        let is_cut = |over: &&Finished| over.ending.outcome == Outcome::Interrupted;
        let cut = self.over.iter().filter(is_cut).count();
        if cut > 0 {
            tracing::warn!(
                requests = cut,
                "requests were cut off by the last process's end"
            );
            let interrupted = &self.stats.interrupted;
            interrupted.fetch_add(cut as u64, Ordering::Relaxed);
        }
        for mut finished in self.over.drain(..) {
            self.counting.settle(&mut finished, &self.price);
            self.sink.push(finished);
        }
        turn
    }

    /// Stores the batch, trying until it is done. `false` where the process stops first.
    fn store(&mut self) -> bool {
        let cursor = self.follower.cursor();
        let mut pause = FIRST_PAUSE;
        let mut last_tries = 0;
        let begun = clock::now();
        loop {
            let span = tracing::info_span!(
                target: OWN,
                DRAIN_BATCH,
                otel.status_code = tracing::field::Empty
            );
            match span.in_scope(|| self.sink.store(cursor)) {
                Ok(()) => {
                    self.stored = cursor;
                    self.follower.release(cursor);
                    let stored = &self.stats.stored;
                    stored.store(cursor.as_u64(), Ordering::Relaxed);
                    self.measure();
                    let held = self.stats.undrained(&self.journal);
                    let most = self.journal.depth().max_bytes;
                    self.stop.pause(self.pace.after_batch(held, most));
                    return true;
                }
                Err(error) => {
                    span.record("otel.status_code", "ERROR");
                    self.complain(&error);
                }
            }
            drop(span);
            if self.stop.is_set() {
                last_tries += 1;
                if last_tries >= LAST_TRIES || clock::elapsed(begun) > LAST_TRY {
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

    fn complain(&self, error: &Refused) {
        self.stats.errors.fetch_add(1, Ordering::Relaxed);
        match error {
            Refused::Store(error) if error.is_transient() => {
                tracing::warn!(%error, "the store takes no traces; they wait in the journal");
            }
            error => {
                tracing::error!(%error, "the store refuses traces; they wait in the journal");
            }
        }
    }

    /// Says how far it came.
    fn measure(&self) {
        if self.sink.is_empty()
            && let Some(settled) = self.follower.settled()
        {
            let settled = settled.as_u64();
            self.stats.settled.store(settled, Ordering::Relaxed);
            self.stats.has_recovered.store(true, Ordering::Relaxed);
        }
        let skipped = self.follower.skipped();
        // A damaged place mostly is a missing record as well.
        let lost = skipped.missing.max(skipped.damaged);
        let lost = lost.saturating_add(skipped.unknown);
        self.stats.skipped.store(lost, Ordering::Relaxed);
    }
}
