//! Rows into the store: in batches, each with the cursor that it makes true.

use super::request::Finished;
use super::rows::rows;
use super::{CURSOR, DrainStats};
use crate::clock::{self, Moment};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tollgate_journal::{Capture, Position};
use tollgate_store::traces::{Batch, Inserted, RequestRow};
use tollgate_store::{Result, Store};

/// A batch is stored when it has so many spans, holds so many bytes of bodies, or is so old.
const SPANS: usize = 500;
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
        self.bytes += finished.request.input.len() + finished.request.output.len();
        self.names.push(finished.request.experiment.clone());
        let request = row(finished);
        self.spans += request.spans.len();
        self.batch.requests.push(request);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.batch.requests.is_empty()
    }

    /// The time until the batch is to be stored; zero where that is now.
    pub(super) fn due_in(&self) -> Duration {
        if self.spans >= SPANS || self.bytes >= BYTES {
            return Duration::ZERO;
        }
        self.since
            .map_or(AGE, |since| AGE.saturating_sub(clock::elapsed(since)))
    }

    /// Stores the batch and the cursor, all or nothing. After an error the same call tries again.
    pub(super) fn store(&mut self, cursor: Position) -> Result<Inserted> {
        for (request, name) in self.batch.requests.iter_mut().zip(&self.names) {
            request.trace.experiment = match name.as_str() {
                "" | "0" | "Default" => DEFAULT_EXPERIMENT,
                name => experiment(&self.store, &mut self.experiments, name)?,
            };
        }
        self.batch.cursors = vec![(CURSOR.to_owned(), cursor.to_bytes().to_vec())];
        let inserted = self.store.insert(&self.batch)?;
        self.batch.requests.clear();
        self.names.clear();
        (self.spans, self.bytes, self.since) = (0, 0, None);
        let stats = &self.stats;
        stats.batches.fetch_add(1, Ordering::Relaxed);
        stats
            .requests
            .fetch_add(inserted.ledger as u64, Ordering::Relaxed);
        stats
            .rows
            .fetch_add(inserted.spans as u64, Ordering::Relaxed);
        stats.oldest_undrained.store(0, Ordering::Relaxed);
        Ok(inserted)
    }
}

fn experiment(store: &Store, known: &mut HashMap<String, i64>, name: &str) -> Result<i64> {
    if let Some(id) = known.get(name) {
        return Ok(*id);
    }
    let id = store.experiment_id_for(name, clock::unix_millis())?;
    known.insert(name.to_owned(), id);
    Ok(id)
}

/// A request's rows. A body that defeats its reader costs the bodies, not the request.
fn row(mut finished: Finished) -> RequestRow {
    if let Ok(rows) = catch_unwind(AssertUnwindSafe(|| rows(&finished))) {
        return rows;
    }
    tracing::error!(request = %finished.request.id, "its bodies can't be shown: the trace goes without");
    finished.request.capture = Capture::Metadata;
    finished.request.input.clear();
    finished.request.output.clear();
    rows(&finished)
}
