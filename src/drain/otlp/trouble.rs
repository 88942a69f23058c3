//! What an operator hears of a collector that fails: at once, and then not with every try.

use crate::clock::{self, Moment};
use std::time::Duration;

const BETWEEN: Duration = Duration::from_secs(60);

pub(super) struct Trouble {
    endpoint: String,
    failing: Quiet,
    refusing: Quiet,
    rejecting: Quiet,
    lagging: Quiet,
}

/// Lets one message through a while, with how much the ones held back were about.
#[derive(Default)]
struct Quiet {
    last: Option<Moment>,
    count: u64,
}

impl Quiet {
    fn add(&mut self, count: u64) -> Option<u64> {
        self.count = self.count.saturating_add(count);
        if self.last.is_some_and(|last| clock::elapsed(last) < BETWEEN) {
            return None;
        }
        self.last = Some(clock::now());
        Some(std::mem::take(&mut self.count))
    }
}

impl Trouble {
    pub(super) fn new(endpoint: &str) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            failing: Quiet::default(),
            refusing: Quiet::default(),
            rejecting: Quiet::default(),
            lagging: Quiet::default(),
        }
    }

    /// An export failed and will be tried again.
    pub(super) fn failed(&mut self, why: &str) {
        if let Some(tries) = self.failing.add(1) {
            let endpoint = &self.endpoint;
            tracing::warn!(
                endpoint,
                why,
                tries,
                "spans can't be exported; they wait in the journal"
            );
        }
    }

    /// An export was taken, but for `rejected` spans; `message` is the collector's.
    pub(super) fn taken(&mut self, rejected: u64, message: &str) {
        let endpoint = &self.endpoint;
        if std::mem::take(&mut self.failing).last.is_some() {
            tracing::info!(endpoint, "spans are exported again");
        }
        if rejected == 0 && message.is_empty() {
            return;
        }
        if let Some(spans) = self.rejecting.add(rejected) {
            let message: String = message.chars().take(200).collect();
            tracing::warn!(
                endpoint,
                spans,
                message,
                "the collector took an export in part"
            );
        }
    }

    pub(super) fn refused(&mut self, status: u16, spans: u64) {
        if let Some(spans) = self.refusing.add(spans) {
            let endpoint = &self.endpoint;
            tracing::warn!(
                endpoint,
                status,
                spans,
                "the collector refuses spans: they are not exported"
            );
        }
    }

    pub(super) fn lagged(&mut self, spans: u64) {
        if let Some(spans) = self.lagging.add(spans) {
            let endpoint = &self.endpoint;
            tracing::warn!(
                endpoint,
                spans,
                "the collector was away for so long that the journal can't keep spans for it: they are not exported"
            );
        }
    }
}
