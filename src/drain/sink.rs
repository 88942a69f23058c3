//! Rows into the store: in batches, each with the cursor that it makes true.

use super::isolate::{Refused, insert};
use super::request::Finished;
use super::rows::{account, rows};
use super::{CURSOR, DrainStats, isolate};
use crate::clock::{self, Moment};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tollgate_journal::{Capture, Position};
use tollgate_store::carried::CarriedRow;
use tollgate_store::traces::{Batch, RequestRow};
use tollgate_store::{Result, Store};

/// A batch is stored when it has so many spans, holds so many bytes of bodies, or is so old. Twice the spans would be a
/// tenth faster, and some megabytes larger in memory.
const SPANS: usize = 250;
const BYTES: usize = 16 << 20;
const AGE: Duration = Duration::from_millis(50);

/// The experiment of every request whose route names none.
const DEFAULT_EXPERIMENT: i64 = 0;

pub(super) struct Sink {
    store: Store,
    stats: Arc<DrainStats>,
    experiments: HashMap<String, i64>,
    batch: Batch,
    /// The experiments of the batch's requests, by name.
    names: Vec<String>,
    spans: usize,
    bytes: usize,
    since: Option<Moment>,
}

impl Sink {
    pub(super) fn new(store: Store, stats: Arc<DrainStats>) -> Self {
        Self {
            store,
            stats,
            experiments: HashMap::new(),
            batch: Batch::default(),
            names: Vec::new(),
            spans: 0,
            bytes: 0,
            since: None,
        }
    }

    /// Takes a request into the batch.
    pub(super) fn push(&mut self, finished: Finished) {
        if self.since.is_none() {
            self.since = Some(clock::now());
            let ended = finished.ending.ended;
            self.stats.oldest_undrained.store(ended, Ordering::Relaxed);
        }
        if finished.request.is_carried {
            let over = (CURSOR.to_owned(), finished.request.id);
            self.batch.over.push(over);
        }
        self.bytes += finished.request.input.len() + finished.request.output.len();
        self.names.push(finished.request.experiment.clone());
        let request = row(finished);
        self.spans += request.spans.len();
        self.batch.requests.push(request);
    }

    /// Takes requests that are still open, and the place that they make free.
    pub(super) fn carry(&mut self, rows: Vec<CarriedRow>) {
        self.batch.carried.extend(rows);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.batch.requests.is_empty() && self.batch.carried.is_empty()
    }

    /// The time until the batch is to be stored; zero where that is now.
    pub(super) fn due_in(&self) -> Duration {
        let is_full = self.spans >= SPANS || self.bytes >= BYTES;
        if is_full || !self.batch.carried.is_empty() {
            return Duration::ZERO;
        }
        self.since
            .map_or(AGE, |since| AGE.saturating_sub(clock::elapsed(since)))
    }

    /// Stores the batch and the cursor, all or nothing; but a request that the store refuses for what is in it holds
    /// up no other. After an error the same call tries again.
    pub(super) fn store(&mut self, cursor: Position) -> Result<(), Refused> {
        for (request, name) in self.batch.requests.iter_mut().zip(&self.names) {
            request.trace.experiment = match name.as_str() {
                "" | "0" | "Default" => DEFAULT_EXPERIMENT,
                name => experiment(&self.store, &mut self.experiments, name)?,
            };
        }
        self.batch.cursors = vec![(CURSOR.to_owned(), cursor.to_bytes().to_vec())];
        let inserted = match insert(&self.store, &self.batch) {
            Err(refused) if refused.is_about_rows() => {
                isolate::store(&self.store, &mut self.batch, &self.stats)?
            }
            inserted => inserted?,
        };
        self.batch = Batch::default();
        self.names.clear();
        (self.spans, self.bytes, self.since) = (0, 0, None);
        let stats = &self.stats;
        stats
            .requests
            .fetch_add(inserted.ledger as u64, Ordering::Relaxed);
        stats
            .rows
            .fetch_add(inserted.spans as u64, Ordering::Relaxed);
        stats.oldest_undrained.store(0, Ordering::Relaxed);
        Ok(())
    }
}

/// The experiment of a name. Where the store will never have one of that name, the default.
fn experiment(store: &Store, known: &mut HashMap<String, i64>, name: &str) -> Result<i64> {
    if let Some(id) = known.get(name) {
        return Ok(*id);
    }
    let id = match store.experiment_id_for(name, clock::unix_millis()) {
        Err(error) if error.is_about_rows() => {
            tracing::error!(%error, name, "there can be no such experiment: its traces go to the default one");
            DEFAULT_EXPERIMENT
        }
        id => id?,
    };
    known.insert(name.to_owned(), id);
    Ok(id)
}

/// A request's rows. A body that defeats its reader costs the bodies, not the request.
pub(super) fn row(mut finished: Finished) -> RequestRow {
    if let Some(rows) = made(&finished) {
        return rows;
    }
    let request = finished.request.id;
    tracing::error!(%request, "its bodies can't be shown: the trace goes without");
    finished.request.capture = Capture::Metadata;
    finished.request.input.clear();
    finished.request.output.clear();
    for end in finished
        .request
        .attempts
        .iter_mut()
        .filter_map(|attempt| attempt.end.as_mut())
    {
        end.input = None;
        end.output.clear();
    }
    made(&finished).unwrap_or_else(|| {
        tracing::error!(%request, "it can't be shown: its account is stored alone");
        account(&finished)
    })
}

fn made(finished: &Finished) -> Option<RequestRow> {
    catch_unwind(AssertUnwindSafe(|| rows(finished))).ok()
}
