//! An exporter's thread: follows the journal at its collector's pace.

use super::batch::{Batch, Export};
use super::bound::Room;
use super::push::{GivenUp, Pusher};
use super::stored;
use crate::clock::{self, Moment};
use crate::drain::follow::Follower;
use crate::drain::request::Finished;
use crate::telemetry::{Dropped, OwnSpans};
use crate::upstream;
use opentelemetry_proto::tonic::trace::v1::Span;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::runtime::Runtime;
use tollgate_domain::RequestId;
use tollgate_journal::Position;
use tollgate_store::Store;
use tollgate_store::carried::CarriedRow;

/// How long to wait for records before looking for other work.
const IDLE: Duration = Duration::from_millis(100);
/// How often the store is told how far the collector has come; and whenever that sets a segment free.
const KEEP: Duration = Duration::from_secs(1);
/// A store that is away takes its time to say so: exports go on meanwhile.
const KEEP_AGAIN: Duration = Duration::from_secs(15);
/// How long the store's drain is waited for, where the store may know more than the records say.
const PATIENCE: Duration = Duration::from_secs(5);
const AFTER_PANIC: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(20);

pub(super) struct Exporter {
    store: Store,
    follower: Follower,
    pusher: Pusher,
    /// The position that the store knows, and when that was told or tried last.
    kept: (Position, Moment),
    /// That failed.
    is_store_away: bool,
    /// What the store is to be told with the next one: requests that stay open for long, and those that did.
    carried: Vec<CarriedRow>,
    over: Vec<RequestId>,
    /// Spans about the gateway itself, and how many of them were taken.
    own: (OwnSpans, u64),
    /// The store's drain did not come up to here in time.
    in_vain: Option<Position>,
}

impl Exporter {
    pub(super) fn new(
        store: Store,
        follower: Follower,
        pusher: Pusher,
        own: (OwnSpans, u64),
    ) -> Self {
        Self {
            store,
            follower,
            kept: (pusher.bound.done, clock::now()),
            pusher,
            is_store_away: false,
            carried: Vec::new(),
            over: Vec::new(),
            own,
            in_vain: None,
        }
    }

    /// Exports until the process stops. A panic costs a second, and spans that are sent again.
    pub(super) fn run(mut self) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        while catch_unwind(AssertUnwindSafe(|| self.follow(&runtime))).is_err() {
            tracing::error!("an exporter panicked; it goes back to what its collector has");
            while !self.pusher.stop.is_set() {
                self.pusher.stop.pause(AFTER_PANIC);
                (self.carried, self.over) = (Vec::new(), Vec::new());
                let journal = &self.pusher.bound.journal;
                match self.follower.go_back(&self.store, journal) {
                    Ok(()) => break,
                    Err(error) => {
                        tracing::warn!(%error, "the store does not say how far it has come")
                    }
                }
            }
        }
        Ok(())
    }

    fn follow(&mut self, runtime: &Runtime) {
        let mut batch = Batch::default();
        loop {
            // Asked before reading: what was appended before the wish to stop is read.
            let is_last = self.pusher.stop.is_set();
            if is_last && self.pusher.is_out_of_time() {
                break;
            }
            let is_idle = !self.fill(&mut batch);
            let is_tight = self.pusher.bound.state() != Room::Enough;
            let is_due = batch.is_due() || (is_idle && is_last) || is_tight;
            let own = self.own_spans();
            let is_due = !own.is_empty() || (!batch.is_empty() && is_due);
            if is_due && !self.deliver(runtime, &mut batch, own) {
                break;
            }
            if batch.is_empty() {
                self.carried.extend(self.follower.carry());
                self.pusher.bound.done = self.follower.cursor();
            }
            self.pusher.measure(batch.oldest());
            let bound = &self.pusher.bound;
            let frees = bound.journal.bytes_between(self.kept.0, bound.done) > 0;
            let is_time = match self.is_store_away {
                true => clock::elapsed(self.kept.1) >= KEEP_AGAIN,
                false => frees || clock::elapsed(self.kept.1) >= KEEP,
            };
            if is_time {
                self.keep();
                // A reload leaves connections of the endpoint before.
                let current = self.pusher.endpoint.load().origin.id();
                upstream::sweep(|origin| origin == current);
            }
            if is_idle {
                if is_last {
                    break;
                }
                self.follower.wait(IDLE);
            }
        }
        self.keep();
    }

    /// Those that are new. They are few, and lost where nobody takes them.
    fn own_spans(&mut self) -> Vec<Span> {
        let (own, seen) = &mut self.own;
        let (spans, count) = own.after(*seen);
        *seen = count;
        match self.pusher.endpoint.load().takes_own_spans {
            true => spans,
            false => Vec::new(),
        }
    }

    /// Reads until the batch is full. `false` where nothing more is there.
    fn fill(&mut self, batch: &mut Batch) -> bool {
        let mut over = Vec::new();
        while !batch.is_full() {
            let read = self.follower.read(&mut over);
            over.drain(..).for_each(|request| batch.push(request));
            match read {
                Ok(true) => {}
                Ok(false) => return false,
                Err(error) => {
                    tracing::warn!(%error, "reading the journal failed; trying again");
                    self.pusher.stop.pause(IDLE);
                    return false;
                }
            }
        }
        true
    }

    /// Brings a batch to the collector, for as long as it takes. `false` where the process stops first.
    fn deliver(&mut self, runtime: &Runtime, batch: &mut Batch, own: Vec<Span>) -> bool {
        let cursor = self.follower.cursor();
        let (spans, oldest, over) = (batch.spans(), batch.oldest(), batch.carried());
        let delivered = if self.pusher.has_no_room() {
            *batch = Batch::default();
            Err((GivenUp::Lag, spans + own.len() as u64))
        } else {
            if batch.needs_store() {
                self.let_the_store_go_first();
            }
            let settle = |request: &mut Finished| {
                // While the store is away, the records have to do.
                stored::settle(&self.store, request).ok().flatten()
            };
            let mut exports = batch.exports(settle);
            if !own.is_empty() {
                exports.push(Export::of(own));
            }
            runtime.block_on(self.pusher.push_all(exports, oldest))
        };
        match delivered {
            Ok(()) => {
                self.over.extend(over);
                self.pusher.bound.done = cursor;
            }
            Err((GivenUp::Stopping, _)) => return false,
            Err((GivenUp::Lag, spans)) => {
                self.pusher.metrics.dropped(Dropped::Lag, spans);
                self.pusher.trouble.lagged(spans);
                self.over.extend(over);
                self.pusher.bound.done = cursor;
                // So that the journal can let go of it.
                self.keep();
            }
        }
        true
    }

    /// What is only known to the store is known once it has it. A store that is away is not waited for again.
    fn let_the_store_go_first(&mut self) {
        let wanted = self.follower.position();
        let settled =
            || Position::from_u64(self.pusher.bound.drained.settled.load(Ordering::Relaxed));
        if self.in_vain.is_some_and(|place| settled() < place) {
            return;
        }
        let started = clock::now();
        while settled() < wanted && clock::elapsed(started) < PATIENCE {
            if self.pusher.stop.is_set() {
                return;
            }
            self.pusher.stop.pause(LOOK);
        }
        self.in_vain = (settled() < wanted).then_some(wanted);
    }

    /// Tells the store how far the collector has come, and lets the journal go up to there.
    fn keep(&mut self) {
        let done = self.pusher.bound.done;
        self.kept.1 = clock::now();
        if done == self.kept.0 && self.carried.is_empty() && self.over.is_empty() {
            // It may not have been synced when it was released.
            self.follower.release(done);
            return;
        }
        let name = || self.follower.name().to_owned();
        let batch = tollgate_store::traces::Batch {
            cursors: vec![(name(), done.to_bytes().to_vec())],
            carried: self.carried.clone(),
            over: self.over.iter().map(|request| (name(), *request)).collect(),
            ..tollgate_store::traces::Batch::default()
        };
        let kept = self.store.insert(&batch);
        self.is_store_away = kept.is_err();
        match kept {
            Ok(_) => {
                self.kept.0 = done;
                (self.carried, self.over) = (Vec::new(), Vec::new());
                self.follower.release(done);
            }
            Err(error) => {
                tracing::warn!(%error, "the store was not told how far an export has come");
            }
        }
    }
}
