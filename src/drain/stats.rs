//! What the drain tells of itself, for metrics.

use std::sync::atomic::AtomicU64;

/// Read by the metrics, written by the drain's thread. Totals count from the start of the process.
#[derive(Debug, Default)]
pub struct DrainStats {
    /// About how much of the journal waits to be read, by the records' mean size.
    pub undrained_bytes: AtomicU64,
    /// When the oldest request that is over and not stored ended, in nanoseconds since 1970; 0 where none waits.
    pub oldest_undrained: AtomicU64,
    /// Every request that is over by the record at this position is stored.
    pub settled: AtomicU64,
    /// The store's cursor: what it no longer needs of the journal.
    pub stored: AtomicU64,
    /// Transactions that stored something.
    pub batches: AtomicU64,
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
    /// Records of requests whose beginning was stored before, or is lost.
    pub strays: AtomicU64,
    /// Records that were damaged, lost or of another release.
    pub skipped: AtomicU64,
}
