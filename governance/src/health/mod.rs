//! Which targets answer: one that keeps failing is set aside for a while, then probed by one request.

mod breaker;
mod breakers;
mod window;

pub use breaker::{Breaker, Change, Pass, State};
pub use breakers::{Breakers, TargetId};

use std::time::Duration;

/// When a target is set aside, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Failures in a row that set it aside.
    pub failures: u32,
    /// Or so many percent of failures within `window` …
    pub error_percent: u32,
    /// … once there were so many requests in it.
    pub error_minimum: u32,
    pub window: Duration,
    /// The first time aside; each further one that no success ended is twice as long,
    pub aside: Duration,
    /// up to this.
    pub max_aside: Duration,
    /// A probe that has not ended by then is given up, and another request may probe.
    pub probe: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            failures: 5,
            error_percent: 50,
            error_minimum: 20,
            window: Duration::from_secs(30),
            aside: Duration::from_secs(5),
            max_aside: Duration::from_secs(120),
            probe: Duration::from_secs(60),
        }
    }
}
