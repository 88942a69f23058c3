//! Requests at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// So many at once. The limit may change while permits are out.
pub struct Permits {
    limit: AtomicU32,
    in_use: AtomicU32,
}

impl Permits {
    pub fn new(limit: u32) -> Self {
        Self {
            limit: AtomicU32::new(limit),
            in_use: AtomicU32::new(0),
        }
    }

    /// A permit, or `None` where all are in use.
    pub fn acquire(self: &Arc<Self>) -> Option<Permit> {
        let limit = self.limit.load(Ordering::Relaxed);
        self.in_use
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |in_use| {
                (in_use < limit).then(|| in_use + 1)
            })
            .ok()?;
        Some(Permit(self.clone()))
    }

    pub fn in_use(&self) -> u32 {
        self.in_use.load(Ordering::Acquire)
    }

    /// Sets the limit; permits that are out stay out.
    pub fn adjust(&self, limit: u32) {
        self.limit.store(limit, Ordering::Relaxed);
    }
}

/// The right to be one of those at once, until it is dropped.
#[must_use = "dropping a permit gives it back"]
pub struct Permit(Arc<Permits>);

impl Drop for Permit {
    fn drop(&mut self) {
        let before = self.0.in_use.fetch_sub(1, Ordering::AcqRel);
        assert!(before > 0, "more permits given back than taken");
    }
}
