//! A batch that the store refuses for what is in it: the request at fault is found by halving, and stored without what
//! the store does not take of it, at the least as its line of the ledger. What can't be stored even so is put aside: it
//! is counted, and what it used and cost is in the log.
//!
//! Only refusals that are about the rows come here. A store that is away, full, locked or read-only is waited for.

use super::DrainStats;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use tollgate_store::traces::{Attributes, Batch, Inserted, RequestRow};
use tollgate_store::{Store, StoreError};

/// Why a batch was not stored.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("storing it panicked")]
    Panicked,
}

impl Refused {
    /// Without some of the rows the rest could be stored.
    pub(super) fn is_about_rows(&self) -> bool {
        match self {
            Self::Store(error) => error.is_about_rows(),
            Self::Panicked => true,
        }
    }
}

pub(super) fn insert(store: &Store, batch: &Batch) -> Result<Inserted, Refused> {
    match catch_unwind(AssertUnwindSafe(|| store.insert(batch))) {
        Ok(inserted) => Ok(inserted?),
        Err(_) => Err(Refused::Panicked),
    }
}

/// Stores what the store takes of the batch, the cursor last. After an error the same call tries again; what is stored
/// by then is not stored twice.
pub(super) fn store(
    store: &Store,
    batch: &mut Batch,
    stats: &DrainStats,
) -> Result<Inserted, Refused> {
    let mut apart = Apart {
        store,
        inserted: Inserted::default(),
        reduced: 0,
        put_aside: 0,
    };
    apart.store(&batch.requests)?;
    let requests = std::mem::take(&mut batch.requests);
    // The rows are in: the rest says so.
    if let Err(error) = insert(store, batch) {
        batch.requests = requests;
        return Err(error);
    }
    stats.reduced.fetch_add(apart.reduced, Ordering::Relaxed);
    stats
        .put_aside
        .fetch_add(apart.put_aside, Ordering::Relaxed);
    Ok(apart.inserted)
}

struct Apart<'a> {
    store: &'a Store,
    inserted: Inserted,
    reduced: u64,
    put_aside: u64,
}

impl Apart<'_> {
    fn store(&mut self, requests: &[RequestRow]) -> Result<(), Refused> {
        match (self.try_to_store(requests), requests) {
            (Err(refused), [request]) if refused.is_about_rows() => self.reduce(request, &refused),
            (Err(refused), _) if refused.is_about_rows() => {
                let (first, second) = requests.split_at(requests.len() / 2);
                self.store(first)?;
                self.store(second)
            }
            (stored, _) => stored,
        }
    }

    fn try_to_store(&mut self, requests: &[RequestRow]) -> Result<(), Refused> {
        let batch = Batch {
            requests: requests.to_vec(),
            ..Batch::default()
        };
        let inserted = insert(self.store, &batch)?;
        self.inserted.traces += inserted.traces;
        self.inserted.spans += inserted.spans;
        self.inserted.ledger += inserted.ledger;
        Ok(())
    }

    /// Stores less and less of a request.
    fn reduce(&mut self, request: &RequestRow, refused: &Refused) -> Result<(), Refused> {
        let id = request.ledger.as_ref().map(|line| line.request.to_string());
        let request_id = id.unwrap_or_default();
        for (less, kept) in [
            (without_content(request), "its spans without content"),
            (ledger_alone(request), "its line of the ledger alone"),
        ] {
            match self.try_to_store(&[less]) {
                Ok(()) => {
                    tracing::error!(request = request_id, %refused, kept, "the store takes no more of a request");
                    self.reduced += 1;
                    return Ok(());
                }
                Err(error) if error.is_about_rows() => {}
                Err(error) => return Err(error),
            }
        }
        if let Some(line) = &request.ledger {
            tracing::error!(
                request = request_id,
                %refused,
                key = line.key,
                team = line.team,
                route = line.route,
                provider = line.provider,
                model = line.model,
                usage = ?line.usage,
                input_nanos = line.cost.input.0,
                output_nanos = line.cost.output.0,
                "the store takes nothing of a request: it is put aside"
            );
        }
        self.put_aside += 1;
        Ok(())
    }
}

fn without_content(request: &RequestRow) -> RequestRow {
    let mut less = request.clone();
    less.trace.client_request_id = None;
    less.trace.request_preview.clear();
    less.trace.response_preview.clear();
    less.trace.metadata.clear();
    less.trace.tags.clear();
    for span in &mut less.spans {
        span.attributes = Attributes::default();
        span.events.clear();
        span.links.clear();
    }
    less
}

fn ledger_alone(request: &RequestRow) -> RequestRow {
    RequestRow {
        spans: Vec::new(),
        ..without_content(request)
    }
}
