//! Gauges of what stands between a request and the store: the journal, and the drain behind it.

use super::make::{Made, Make};
use crate::clock;
use crate::drain::DrainStats;
use prometheus::{Gauge, IntGauge};
use std::sync::atomic::{AtomicU64, Ordering};
use tollgate_journal::Writer;

pub struct Backlog {
    bytes: IntGauge,
    undrained: IntGauge,
    skipped: IntGauge,
    sync_failures: IntGauge,
    sync_seconds: Gauge,
    oldest_undrained: Gauge,
    errors: IntGauge,
    reduced: IntGauge,
    put_aside: IntGauge,
    carried: IntGauge,
}

impl Backlog {
    pub(super) fn new(made: &Make<'_>) -> Made<Self> {
        Ok(Self {
            bytes: made.gauge("tollgate_journal_bytes", "Bytes of the journal's files.")?,
            undrained: made.gauge(
                "tollgate_journal_undrained_bytes",
                "Journal that the store does not have yet.",
            )?,
            skipped: made.gauge(
                "tollgate_journal_skipped_records",
                "Damaged records that were skipped.",
            )?,
            sync_failures: made.gauge(
                "tollgate_journal_sync_failures",
                "Syncs of the journal that failed.",
            )?,
            sync_seconds: made.float(
                "tollgate_journal_sync_seconds",
                "Time that syncs of the journal took, since the start.",
            )?,
            oldest_undrained: made.float(
                "tollgate_journal_oldest_undrained_seconds",
                "How long the oldest request that is over has waited for the store.",
            )?,
            errors: made.gauge(
                "tollgate_drain_errors",
                "Failed tries to store a batch or to read the journal, since the start.",
            )?,
            reduced: made.gauge(
                "tollgate_drain_reduced_requests",
                "Requests of which the store took the account and not all of the trace, since the start.",
            )?,
            put_aside: made.gauge(
                "tollgate_drain_put_aside_requests",
                "Requests of which the store took nothing, since the start: the log has their accounts.",
            )?,
            carried: made.gauge(
                "tollgate_drain_carried_requests",
                "Times that an open request moved from the journal into the store, since the start.",
            )?,
        })
    }

    /// Shows how it stands now.
    pub fn set(&self, journal: &Writer, drain: &DrainStats) {
        let set =
            |gauge: &IntGauge, value: u64| gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        set(&self.bytes, journal.depth().bytes);
        let written = journal.stats();
        set(&self.sync_failures, written.failed_syncs);
        self.sync_seconds.set(written.sync_time.as_secs_f64());
        let figure = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        set(&self.undrained, drain.undrained(journal));
        set(&self.skipped, figure(&drain.skipped));
        set(&self.errors, figure(&drain.errors));
        set(&self.reduced, figure(&drain.reduced));
        set(&self.put_aside, figure(&drain.put_aside));
        set(&self.carried, figure(&drain.carried));
        let waits = match figure(&drain.oldest_undrained) {
            0 => 0,
            oldest => clock::unix_nanos().saturating_sub(oldest),
        };
        self.oldest_undrained.set(waits as f64 / 1e9);
    }
}
