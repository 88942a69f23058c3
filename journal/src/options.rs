//! How a journal is to be kept, and what it tells of itself.

use crate::Position;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How a journal is to be kept. [`Options::new`] has the defaults.
#[derive(Clone)]
pub struct Options {
    pub folder: PathBuf,
    /// A segment's size. It is made smaller where four of them would not fit into `max_bytes`.
    pub segment_bytes: u64,
    /// What all segments may take on the disk.
    pub max_bytes: u64,
    pub sync: Sync,
    /// What may be written and not yet synced. It is kept in memory.
    pub unsynced_max: usize,
    /// Marks this run's records. Random: callers, whose bodies are in records, must not know it.
    pub nonce: u32,
    /// The greatest position that any reader has stored: new records come after it, whatever the folder has lost.
    pub floor: Position,
    /// Threads that sync and make segments. Without them [`Writer::sync_now`](crate::Writer::sync_now) and
    /// [`Writer::maintain`](crate::Writer::maintain) do their work when called, as a simulation wants it.
    pub has_threads: bool,
    /// Called from the journal's threads, never while an append waits for it.
    pub events: Option<Arc<dyn Fn(Event) + Send + std::marker::Sync>>,
}

impl Options {
    pub fn new(folder: impl Into<PathBuf>, nonce: u32) -> Self {
        Self {
            folder: folder.into(),
            segment_bytes: 64 << 20,
            max_bytes: 10 << 30,
            sync: Sync::default(),
            unsynced_max: 64 << 20,
            nonce,
            floor: Position::START,
            has_threads: true,
            events: None,
        }
    }

    pub(crate) fn segment_bytes(&self) -> u64 {
        self.segment_bytes.min(self.max_bytes / 4)
    }
}

/// When records are synced to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// Together, so long after the first that is not synced.
    Group { interval: Duration },
    /// At once; [`Writer::synced`](crate::Writer::synced) says when. Those that come during a sync share the next.
    Each,
}

impl Default for Sync {
    fn default() -> Self {
        Self::Group {
            interval: Duration::from_millis(5),
        }
    }
}

/// What an operator should hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A sync failed. The segment is given up; what was not synced is being written to another.
    SyncFailed { segment: PathBuf, error: String },
    /// What a failed sync left in doubt is safe again.
    Rewritten { bytes: u64 },
    /// Nothing more is accepted until the disk works again.
    Refusing,
    /// No segment can be made: the bound is reached or the disk is full.
    Full { error: Option<String> },
    /// There is room again.
    HasRoom,
}
