//! What all requests share.

use crate::drain::DrainStats;
use crate::live::{Lasting, Live};
use crate::pipeline::thinking::ThinkingStore;
use crate::telemetry::metrics::Metrics;
use crate::tokens::Handover;
use arc_swap::ArcSwap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tollgate_journal::Writer;
use tollgate_store::Store;

/// The gateway's state: the configuration in force and what outlives it.
pub struct Gateway {
    pub live: ArcSwap<Live>,
    pub lasting: Lasting,
    pub journal: Writer,
    pub metrics: Metrics,
    /// To the drain: what no provider counted.
    pub uncounted: Handover,
    pub thinking: ThinkingStore,
    pub store: Store,
    /// How far the drain came.
    pub drained: Arc<DrainStats>,
    /// MLflow's API over the store.
    pub mlflow: axum::Router,
    /// A stop was asked for: readiness says no, connections are closed after their answer.
    pub is_draining: AtomicBool,
    /// The time to stop is over: what is dropped now was cut off by the gateway, not left by its client.
    pub is_cut_off: AtomicBool,
}
