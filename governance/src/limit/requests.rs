//! Requests in a period: the generic cell rate algorithm of the `governor` crate, with a burst of the whole limit.
//!
//! governor asks a clock; ours answers with the moment that the caller passed in, left in a thread-local cell for the
//! length of the call. And it keeps its state where we say: one atomic, the "theoretical arrival time" at which the
//! bucket is full again, which tells the headers what remains and takes back what an all-or-none admission did not
//! use after all.

use super::{Rate, Window};
use crate::Moment;
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use governor::{Quota, RateLimiter};
use std::cell::Cell;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

thread_local! {
    static NOW: Cell<u64> = const { Cell::new(0) };
}

/// The clock that governor sees.
struct FedClock;

impl Clock for FedClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::new(NOW.get())
    }
}

/// When the bucket is full again, in nanoseconds; 0 before the first request.
#[derive(Clone, Default)]
struct FullAt(Arc<AtomicU64>);

impl StateStore for FullAt {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _: &NotKeyed, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut seen = self.0.load(Ordering::Acquire);
        loop {
            let (answer, next) = decide((seen != 0).then(|| Nanos::new(seen)))?;
            match self.0.compare_exchange_weak(
                seen,
                next.as_u64(),
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return Ok(answer),
                Err(changed) => seen = changed,
            }
        }
    }
}

/// A limit of requests.
pub struct RequestLimit {
    limiter: RateLimiter<NotKeyed, FullAt, FedClock, NoOpMiddleware<Nanos>>,
    full_at: FullAt,
    /// Nanoseconds for which one request occupies the bucket.
    cell: u64,
    count: u64,
}

impl RequestLimit {
    /// A full bucket. More than a request a nanosecond, or than 4 billion a period, is taken as that much.
    pub fn new(rate: Rate) -> Self {
        let (count, period) = rate.bounded();
        let burst =
            NonZeroU32::new(u32::try_from(count).unwrap_or(u32::MAX)).unwrap_or(NonZeroU32::MIN);
        let cell = (period / u64::from(burst.get())).max(1);
        // `with_period` refuses only zero, which `cell` is not.
        let quota = Quota::with_period(Duration::from_nanos(cell))
            .unwrap_or(Quota::per_minute(burst))
            .allow_burst(burst);
        let full_at = FullAt::default();
        NOW.set(0);
        Self {
            limiter: RateLimiter::new(quota, full_at.clone(), FedClock),
            full_at,
            cell,
            count: u64::from(burst.get()),
        }
    }

    /// The same callers under another limit: the requests that the old one still counts are counted on.
    pub(super) fn renewed(&self, rate: Rate, now: Moment) -> Self {
        let renewed = Self::new(rate);
        let used = self.occupied(now).div_ceil(self.cell).min(renewed.count);
        let full_at = now
            .nanos()
            .saturating_add(used.saturating_mul(renewed.cell));
        renewed.full_at.0.store(full_at, Ordering::Release);
        renewed
    }

    /// Takes one request, or says how long until there is one.
    pub fn take(&self, now: Moment) -> Result<(), Duration> {
        NOW.set(now.nanos());
        self.limiter
            .check()
            .map_err(|not_until| not_until.wait_time_from(Nanos::new(now.nanos())))
    }

    /// Gives back a request that was taken and went nowhere.
    pub fn give_back(&self) {
        let earlier = |full_at: u64| Some(full_at.saturating_sub(self.cell).max(1));
        // The closure never declines, so there is nothing to handle.
        let _ = self
            .full_at
            .0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, earlier);
    }

    /// What the headers say.
    pub fn window(&self, now: Moment) -> Window {
        let occupied = self.occupied(now);
        Window {
            limit: self.count,
            remaining: self.count.saturating_sub(occupied.div_ceil(self.cell)),
            reset: Duration::from_nanos(occupied),
        }
    }

    /// Nanoseconds until the bucket is full.
    fn occupied(&self, now: Moment) -> u64 {
        self.full_at
            .0
            .load(Ordering::Acquire)
            .saturating_sub(now.nanos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_is_half_paid_off_still_counts() {
        let limit = RequestLimit::new(Rate::per_minute(60));
        let at = |millis: u64| Moment::from_nanos(millis * 1_000_000);
        assert_eq!(limit.take(at(1_000)), Ok(()));
        for (millis, remaining) in [(1_000, 59), (1_500, 59), (1_999, 59), (2_000, 60)] {
            assert_eq!(limit.window(at(millis)).remaining, remaining, "{millis}");
            let renewed = limit.renewed(Rate::per_minute(120), at(millis));
            assert_eq!(
                renewed.window(at(millis)).remaining,
                60 + remaining,
                "{millis}"
            );
        }
    }
}
