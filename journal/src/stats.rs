//! What the journal counts, for metrics.

use std::time::Duration;

/// Totals since the journal was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Records taken in, and their bytes with frames.
    pub records: u64,
    pub bytes: u64,
    /// Appends that were not.
    pub refused: u64,
    pub syncs: u64,
    pub failed_syncs: u64,
    pub sync_time: Duration,
    pub slowest_sync: Duration,
    /// Segments given up after a failed sync, and the bytes written again elsewhere.
    pub abandoned: u64,
    pub rewritten_bytes: u64,
}

impl Stats {
    pub(crate) fn count_sync(&mut self, took: Duration, succeeded: bool) {
        self.syncs = self.syncs.saturating_add(1);
        self.failed_syncs = self.failed_syncs.saturating_add(u64::from(!succeeded));
        self.sync_time = self.sync_time.saturating_add(took);
        self.slowest_sync = self.slowest_sync.max(took);
    }
}

/// How much the journal holds just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth {
    pub segments: u64,
    /// On the disk, with the space of segments that are not full yet.
    pub bytes: u64,
    /// The bound that `bytes` stays under.
    pub max_bytes: u64,
    /// Written and not yet synced.
    pub unsynced_bytes: u64,
    /// Appends are refused: the disk loses what is written.
    pub is_refusing: bool,
    /// There was no room for another segment: the bound is reached or the disk is full.
    pub is_full: bool,
}
