//! Limits: how often, how much and how many at once.
//!
//! A [`Limit`] is what the configuration states. A [`Gate`] counts one limit for one party (a key, a key on a route,
//! a route); [`Gates`] keeps them across reloads. [`admit`] passes a request through all gates that concern it, all
//! or none, and gives an [`Admission`] that lasts until the request's last byte and is settled with the truth.

mod admission;
mod estimate;
mod gate;
mod gates;
mod headers;
mod permits;
mod requests;
mod text;
mod tokens;
mod value;

pub use admission::{Admission, Denied, admit, count, standing};
pub use estimate::estimate_tokens;
pub use gate::{Gate, GateId};
pub use gates::Gates;
pub use headers::{Standing, Window, retry_after_seconds};
pub use permits::{Permit, Permits};
pub use requests::RequestLimit;
pub use text::BadRate;
pub use tokens::{Reservation, TokenBucket};

use std::time::Duration;

/// One limit: any of requests, tokens and concurrency, counted for whom `per` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    pub per: Per,
    pub requests: Option<Rate>,
    pub tokens: Option<Rate>,
    /// Requests at once, each until its stream's last byte.
    pub concurrent: Option<u32>,
}

/// Who shares a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Per {
    /// Each key has it for itself (on a route: each key on this route).
    Key,
    /// All callers of the route together.
    Route,
}

/// `600/min`: a bucket that holds `count` and fills in `period`. Parsed from such text, and shown as it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    /// From 1 to [`Rate::MAX_COUNT`].
    pub count: u64,
    /// From a second to [`Rate::MAX_PERIOD`].
    pub period: Duration,
}

impl Rate {
    /// A million million: with it and the longest period all arithmetic on limits fits its integers.
    pub const MAX_COUNT: u64 = 1_000_000_000_000;
    /// Thirty-one days.
    pub const MAX_PERIOD: Duration = Duration::from_secs(31 * 86_400);

    pub const fn per_minute(count: u64) -> Self {
        Self {
            count,
            period: Duration::from_secs(60),
        }
    }

    /// Count and period in nanoseconds, within the bounds whatever the fields say.
    fn bounded(self) -> (u64, u64) {
        let count = self.count.clamp(1, Self::MAX_COUNT);
        let period = self.period.clamp(Duration::from_secs(1), Self::MAX_PERIOD);
        (count, crate::moment::nanos_of(period))
    }
}
