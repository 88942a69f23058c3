//! Tokens in a period: a bucket that knows refunds and debt, which `governor` does not.
//!
//! A request reserves an estimate before it leaves and settles with the truth at its end: the difference flows back,
//! or is owed, and later requests wait until it is paid. Levels are kept as tokens × nanoseconds of the period, so
//! that no amount of small refills loses a fraction.

use super::{Rate, Window};
use crate::Moment;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The deepest debt, in buckets: one absurd report of usage does not lock a key out for longer than this many periods.
const MAX_DEBT: i128 = 60;

/// A bucket of tokens: holds the rate's count, fills in its period, starts full.
pub struct TokenBucket(Mutex<Level>);

struct Level {
    count: u64,
    period: u64,
    /// Tokens × `period`; below zero is debt.
    units: i128,
    at: Moment,
    /// Reservations that have not ended.
    open: u32,
}

impl TokenBucket {
    pub fn new(rate: Rate, now: Moment) -> Self {
        let (count, period) = rate.bounded();
        let full = i128::from(count) * i128::from(period);
        Self(Mutex::new(Level {
            count,
            period,
            units: full,
            at: now,
            open: 0,
        }))
    }

    /// Takes tokens out until they are settled or released. More than the bucket holds is let through when the bucket
    /// is full, and leaves it in debt.
    ///
    /// Refused, it takes nothing, and says how long until it would be let through if nobody else came.
    pub fn reserve(self: &Arc<Self>, tokens: u64, now: Moment) -> Result<Reservation, Duration> {
        let mut level = self.level();
        level.fill(now);
        let wanted = level.units_of(tokens);
        let needed = wanted.min(level.full());
        if level.units < needed {
            return Err(level.time_until(needed));
        }
        level.units -= wanted;
        level.bound();
        level.open += 1;
        drop(level);
        Ok(Reservation {
            bucket: self.clone(),
            tokens,
            is_open: true,
        })
    }

    /// Puts the bucket under another rate. What is used up or owed stays so, in tokens.
    pub(super) fn adjust(&self, rate: Rate, now: Moment) {
        let (count, period) = rate.bounded();
        let mut level = self.level();
        level.fill(now);
        let used = (level.full() - level.units) / i128::from(level.period);
        level.count = count;
        level.period = period;
        level.units = level.full() - used * i128::from(period);
        level.bound();
    }

    /// What the headers say.
    pub fn window(&self, now: Moment) -> Window {
        let mut level = self.level();
        level.fill(now);
        let whole = level.units.max(0) / i128::from(level.period);
        Window {
            limit: level.count,
            remaining: u64::try_from(whole).unwrap_or(u64::MAX),
            reset: level.time_until(level.full()),
        }
    }

    /// Reservations that have not ended; 0 once all requests have.
    pub fn open_reservations(&self) -> u32 {
        self.level().open
    }

    fn level(&self) -> MutexGuard<'_, Level> {
        // Whatever panicked under the lock, the numbers in it are numbers.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Level {
    fn full(&self) -> i128 {
        self.units_of(self.count)
    }

    fn units_of(&self, tokens: u64) -> i128 {
        i128::from(tokens) * i128::from(self.period)
    }

    fn fill(&mut self, now: Moment) {
        let elapsed = now.nanos().saturating_sub(self.at.nanos());
        self.units += i128::from(elapsed) * i128::from(self.count);
        self.at = self.at.max(now);
        self.bound();
    }

    /// Ends a reservation of which `used` stays taken.
    fn end(&mut self, reserved: u64, used: u64) {
        assert!(self.open > 0, "more reservations ended than were made");
        self.open -= 1;
        self.units += self.units_of(reserved) - self.units_of(used);
        self.bound();
    }

    fn bound(&mut self) {
        self.units = self.units.clamp(-MAX_DEBT * self.full(), self.full());
    }

    /// Until the level is reached, rounded up; `count` units flow in each nanosecond.
    fn time_until(&self, units: i128) -> Duration {
        let missing = (units - self.units).max(0);
        let count = i128::from(self.count);
        let nanos = (missing + count - 1) / count;
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// Tokens taken out of a bucket for one request. It ends once: settled, or released (by `release` or by dropping it).
#[must_use = "dropping a reservation releases it"]
pub struct Reservation {
    bucket: Arc<TokenBucket>,
    tokens: u64,
    is_open: bool,
}

impl Reservation {
    pub fn tokens(&self) -> u64 {
        self.tokens
    }

    /// Ends the reservation with what was used: the rest flows back, or what is missing is owed.
    pub fn settle(mut self, used: u64, now: Moment) {
        self.is_open = false;
        let mut level = self.bucket.level();
        level.fill(now);
        level.end(self.tokens, used);
    }

    /// Ends the reservation of a request that used nothing.
    pub fn release(self) {
        drop(self);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.is_open {
            // Without the time: adding before the next refill comes to the same, as both only fill.
            self.bucket.level().end(self.tokens, 0);
        }
    }
}
