//! What the exporters tell of themselves, by endpoint.

use super::make::{Made, Make};
use prometheus::{Gauge, GaugeVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec};

const BY_ENDPOINT: [&str; 1] = ["endpoint"];

/// Why spans did not reach a collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// The collector refused them, by its status or in its answer.
    Refused,
    /// The collector was away for so long that the journal could not keep them.
    Lag,
}

#[derive(Clone)]
pub struct ExportMetrics {
    exported: IntCounterVec,
    dropped: IntCounterVec,
    failures: IntCounterVec,
    lag: GaugeVec,
    held: IntGaugeVec,
}

/// Those of one endpoint.
#[derive(Clone)]
pub struct EndpointMetrics {
    pub exported: IntCounter,
    refused: IntCounter,
    pub lagged: IntCounter,
    pub failures: IntCounter,
    pub lag: Gauge,
    pub held: IntGauge,
}

impl ExportMetrics {
    pub(super) fn new(made: &Make<'_>) -> Made<Self> {
        Ok(Self {
            exported: made.counters(
                "tollgate_otlp_exported_spans_total",
                "Spans that a collector took.",
                &BY_ENDPOINT,
            )?,
            dropped: made.counters(
                "tollgate_otlp_dropped_spans_total",
                "Spans that a collector will not get: `refused` by it, or `lag`: it was away for too long.",
                &["endpoint", "reason"],
            )?,
            failures: made.counters(
                "tollgate_otlp_failures_total",
                "Exports that failed. Each is tried again, unless the collector refused it.",
                &BY_ENDPOINT,
            )?,
            lag: made.floats(
                "tollgate_otlp_lag_seconds",
                "How long the oldest request that is over has waited for a collector.",
                &BY_ENDPOINT,
            )?,
            held: made.gauges(
                "tollgate_otlp_held_bytes",
                "Journal that the store has and that is kept for a collector.",
                &BY_ENDPOINT,
            )?,
        })
    }

    pub fn of(&self, endpoint: &str) -> EndpointMetrics {
        let dropped = |reason| self.dropped.with_label_values(&[endpoint, reason]);
        EndpointMetrics {
            exported: self.exported.with_label_values(&[endpoint]),
            refused: dropped("refused"),
            lagged: dropped("lag"),
            failures: self.failures.with_label_values(&[endpoint]),
            lag: self.lag.with_label_values(&[endpoint]),
            held: self.held.with_label_values(&[endpoint]),
        }
    }

    /// Gauges of an endpoint that is no more would stay as they are.
    pub fn forget(&self, endpoint: &str) {
        // They may be gone.
        let _ = self.lag.remove_label_values(&[endpoint]);
        let _ = self.held.remove_label_values(&[endpoint]);
    }
}

impl EndpointMetrics {
    pub fn dropped(&self, reason: Dropped, spans: u64) {
        match reason {
            Dropped::Refused => self.refused.inc_by(spans),
            Dropped::Lag => self.lagged.inc_by(spans),
        }
    }
}
