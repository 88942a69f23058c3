//! The journal against a model, on a simulated disk: random appends, syncs, drains and releases; failing writes, syncs
//! and reads; a full disk; kills and power losses at any operation, with torn and lost blocks; flipped bits, copied and
//! missing segments. After each, what the model says must hold.
//!
//! `TOLLGATE_SEEDS=1000000` runs the long form, `TOLLGATE_SEED=7` one seed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "as in tests beside the code"
)]

mod crash {
    pub(crate) mod consumer;
    pub(crate) mod damage;
    pub(crate) mod disk;
    pub(crate) mod inode;
    pub(crate) mod model;
    pub(crate) mod rng;
    pub(crate) mod world;
}

use crash::world::World;
use std::sync::atomic::{AtomicU64, Ordering};

const SEEDS: u64 = 20_000;

#[test]
fn nothing_synced_is_lost_and_nothing_is_doubled_or_invented() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    if let Some(seed) = number("TOLLGATE_SEED") {
        return run(seed);
    }
    let seeds: u64 = number("TOLLGATE_SEEDS").unwrap_or(SEEDS);
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, |count| count.get()) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        return;
                    }
                    run(seed);
                }
            });
        }
    });
}

fn run(seed: u64) {
    struct Named(u64);
    impl Drop for Named {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("failed with TOLLGATE_SEED={}", self.0);
            }
        }
    }
    let _named = Named(seed);
    World::new(seed).run();
}
