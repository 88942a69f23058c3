//! The one door to the clock: wall time for what people read, the monotonic clock for every duration.
#![allow(clippy::disallowed_methods)]

use rustix::time::{ClockId, clock_gettime};
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub use tollgate_governance::Moment;

/// The monotonic clock: nanoseconds since the process first asked.
pub fn now() -> Moment {
    static START: OnceLock<Instant> = OnceLock::new();
    let start = START.get_or_init(Instant::now);
    Moment::from_nanos(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX))
}

/// The time since a moment.
pub fn elapsed(since: Moment) -> Duration {
    now().since(since)
}

/// Wall time in nanoseconds since 1970, UTC.
pub fn unix_nanos() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
        })
}

/// Wall time in milliseconds since 1970, UTC. It moves with the kernel's tick, every few of them, and costs a third of
/// the exact one.
pub fn unix_millis() -> i64 {
    let time = clock_gettime(ClockId::RealtimeCoarse);
    let of_second = time.tv_nsec / 1_000_000;
    time.tv_sec.saturating_mul(1_000).saturating_add(of_second)
}

/// Wall time in seconds since 1970, UTC; it moves with the kernel's tick, too.
pub fn unix_seconds() -> u64 {
    u64::try_from(unix_millis() / 1_000).unwrap_or_default()
}
