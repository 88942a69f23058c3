//! How much journal is kept for a collector.
//!
//! A collector that is away must not fill the journal, for a full one refuses requests. Two bounds: what the store has
//! and this collector has not may take a quarter of the journal, beyond which only what is taken at once is exported; and
//! where the journal is three quarters full, or the disk is, it belongs to the store alone. The oldest requests go first,
//! counted.

use crate::drain::DrainStats;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tollgate_journal::{Position, Writer};

pub(super) struct Bound {
    pub(super) journal: Writer,
    /// How far the store has come.
    pub(super) drained: Arc<DrainStats>,
    /// How far the collector has come.
    pub(super) done: Position,
}

impl Bound {
    /// Journal that nobody but this collector needs.
    pub(super) fn held(&self) -> u64 {
        let stored = Position::from_u64(self.drained.stored.load(Ordering::Relaxed));
        self.journal.bytes_between(self.done, stored)
    }

    pub(super) fn state(&self) -> Room {
        let (held, depth) = (self.held(), self.journal.depth());
        if held > 0 && (depth.is_full || depth.bytes > depth.max_bytes / 4 * 3) {
            Room::None
        } else if held > depth.max_bytes / 4 {
            Room::Little
        } else {
            Room::Enough
        }
    }
}

/// How much room the journal has for what a collector has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    Enough,
    /// For what the collector takes at once.
    Little,
    None,
}
