//! What the drain tells of itself, for metrics.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tollgate_journal::Writer;

/// Read by the metrics, written by the drain's thread. Totals count from the start of the process.
#[derive(Debug, Default)]
pub struct DrainStats {
    /// When the oldest request that is over and not stored ended, in nanoseconds since 1970; 0 where none waits.
    pub oldest_undrained: AtomicU64,
    /// What an earlier process left has been read.
    pub has_recovered: AtomicBool,
    /// Every request that is over by the record at this position is stored.
    pub settled: AtomicU64,
    /// The store's cursor: what it no longer needs of the journal.
    pub stored: AtomicU64,
    /// Requests and spans that were stored. A replay stores nothing twice.
    pub requests: AtomicU64,
    pub rows: AtomicU64,
    /// Requests that an earlier process left open.
    pub interrupted: AtomicU64,
    /// Failed tries to store a batch or to read the journal. Each is tried again.
    pub errors: AtomicU64,
    /// Requests that the store refused for what is in them: kept in part, and not at all.
    pub reduced: AtomicU64,
    pub put_aside: AtomicU64,
    /// Open requests whose records moved into the store, so that the journal need not keep them.
    pub carried: AtomicU64,
    /// Records that were damaged, lost or of another release.
    pub skipped: AtomicU64,
}

impl DrainStats {
    /// About how many bytes of the journal the store does not have yet: positions count records, their mean size makes
    /// bytes of them.
    pub fn undrained(&self, journal: &Writer) -> u64 {
        let held = journal.depth().bytes;
        if !self.has_recovered.load(Ordering::Relaxed) {
            return held;
        }
        let settled = self.settled.load(Ordering::Relaxed);
        let written = journal.stats();
        let mean = written.bytes.checked_div(written.records).unwrap_or(0);
        let behind = journal.position().as_u64().saturating_sub(settled);
        behind.saturating_mul(mean).min(held)
    }
}
