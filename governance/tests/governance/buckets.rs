//! Buckets of tokens and of requests against a model that fills by one each second.

use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;
use tollgate_governance::Moment;
use tollgate_governance::limit::{Rate, RequestLimit, Reservation, TokenBucket, Window};

/// `count` in as many seconds: one a second.
fn one_a_second(count: u64) -> Rate {
    Rate {
        count,
        period: Duration::from_secs(count),
    }
}

fn at(second: u64) -> Moment {
    Moment::from_nanos(second * 1_000_000_000)
}

/// A bucket of whole things that gains one each second.
struct Model {
    capacity: i64,
    level: i64,
    second: u64,
}

impl Model {
    fn new(capacity: u64) -> Self {
        let capacity = i64::try_from(capacity).unwrap();
        Self {
            capacity,
            level: capacity,
            second: 1,
        }
    }

    fn wait(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.second += 1;
            self.give(1);
        }
    }

    fn give(&mut self, things: i64) {
        self.level = (self.level + things).clamp(-60 * self.capacity, self.capacity);
    }

    /// Seconds to wait where there is not enough.
    fn take(&mut self, things: i64) -> Result<(), u64> {
        let needed = things.min(self.capacity);
        if self.level < needed {
            return Err(u64::try_from(needed - self.level).unwrap());
        }
        self.give(-things);
        Ok(())
    }

    fn window(&self) -> Window {
        Window {
            limit: self.capacity.unsigned_abs(),
            remaining: self.level.max(0).unsigned_abs(),
            reset: Duration::from_secs((self.capacity - self.level).unsigned_abs()),
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Reserve(u64),
    Settle(usize, u64),
    Release(usize),
    Drop(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0u64..30).prop_map(Step::Wait),
        4 => (0u64..25).prop_map(Step::Reserve),
        2 => (any::<usize>(), 0u64..60).prop_map(|(which, used)| Step::Settle(which, used)),
        1 => any::<usize>().prop_map(Step::Release),
        1 => any::<usize>().prop_map(Step::Drop),
    ]
}

fn pick(open: &mut Vec<Reservation>, which: usize) -> Option<Reservation> {
    (!open.is_empty()).then(|| open.swap_remove(which % open.len()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn tokens_flow_as_in_the_model(capacity in 1u64..20, steps in prop::collection::vec(step(), 0..40)) {
        let mut model = Model::new(capacity);
        let bucket = Arc::new(TokenBucket::new(one_a_second(capacity), at(model.second)));
        let mut open = Vec::new();
        for step in steps {
            match step {
                Step::Wait(seconds) => model.wait(seconds),
                Step::Reserve(tokens) => {
                    let expected = model.take(tokens as i64).map_err(Duration::from_secs);
                    let reserved = bucket.reserve(tokens, at(model.second));
                    prop_assert_eq!(reserved.as_ref().map(Reservation::tokens), expected.as_ref().map(|()| tokens));
                    open.extend(reserved);
                }
                Step::Settle(which, used) => if let Some(reservation) = pick(&mut open, which) {
                    model.give(reservation.tokens() as i64 - used as i64);
                    reservation.settle(used, at(model.second));
                }
                Step::Release(which) => if let Some(reservation) = pick(&mut open, which) {
                    model.give(reservation.tokens() as i64);
                    reservation.release();
                }
                Step::Drop(which) => if let Some(reservation) = pick(&mut open, which) {
                    model.give(reservation.tokens() as i64);
                    drop(reservation);
                }
            }
            prop_assert_eq!(bucket.window(at(model.second)), model.window());
            prop_assert_eq!(bucket.open_reservations() as usize, open.len());
        }
        // Once all have ended and the deepest debt is paid, nothing is missing.
        drop(open);
        let later = at(model.second + 61 * capacity);
        prop_assert_eq!(bucket.window(later).remaining, capacity);
    }

    #[test]
    fn requests_flow_as_in_the_model(
        capacity in 1u64..20,
        steps in prop::collection::vec((0u64..4, any::<bool>()), 0..80),
    ) {
        let mut model = Model::new(capacity);
        let limit = RequestLimit::new(one_a_second(capacity));
        for (wait, is_given_back) in steps {
            model.wait(wait);
            let expected = model.take(1).map_err(Duration::from_secs);
            prop_assert_eq!(limit.take(at(model.second)), expected);
            if expected.is_ok() && is_given_back {
                model.give(1);
                limit.give_back();
            }
            prop_assert_eq!(limit.window(at(model.second)), model.window());
        }
    }

    /// Whatever the rate and the moments: as many as the limit at once, then one each period ÷ limit.
    #[test]
    fn no_more_than_the_limit_comes_in_a_period(count in 1u64..200, waits in prop::collection::vec(0u64..2_000_000_000, 1..200)) {
        let limit = RequestLimit::new(Rate::per_minute(count));
        let mut now = Moment::from_nanos(1);
        let mut taken = Vec::new();
        for wait in waits {
            now = now.after(Duration::from_nanos(wait));
            if limit.take(now).is_ok() {
                taken.push(now);
            }
        }
        // In any minute: the burst, and what flowed in meanwhile.
        for (first, start) in taken.iter().enumerate() {
            let within = taken[first..].iter().filter(|t| t.since(*start) < Duration::from_secs(60)).count() as u64;
            prop_assert!(within <= 2 * count, "{within} of {count}");
        }
    }

    /// A wait that is promised is enough, and no shorter one is.
    #[test]
    fn retry_after_is_exact(count in 1u64..1_000_000, first in 1u64..2_000_000, second in 1u64..2_000_000) {
        let start = Moment::from_nanos(5);
        let bucket = Arc::new(TokenBucket::new(Rate::per_minute(count), start));
        let held = bucket.reserve(first, start).unwrap();
        held.settle(first, start);
        if let Err(wait) = bucket.reserve(second, start) {
            let early = start.after(wait - Duration::from_nanos(1));
            prop_assert!(bucket.reserve(second, early).is_err());
            prop_assert!(bucket.reserve(second, start.after(wait)).is_ok());
        }
    }
}

#[test]
fn a_request_larger_than_the_bucket_goes_when_it_is_full_and_leaves_a_debt() {
    let bucket = Arc::new(TokenBucket::new(one_a_second(10), at(0)));
    let small = bucket.reserve(1, at(0)).unwrap();
    assert_eq!(
        bucket.reserve(25, at(0)).err(),
        Some(Duration::from_secs(1))
    );
    small.release();
    let large = bucket.reserve(25, at(0)).unwrap();
    assert_eq!(
        bucket.reserve(1, at(0)).err(),
        Some(Duration::from_secs(16))
    );
    // It used 30: the five more are owed, too.
    large.settle(30, at(0));
    assert_eq!(
        bucket.reserve(1, at(0)).err(),
        Some(Duration::from_secs(21))
    );
    assert_eq!(bucket.window(at(5)).reset, Duration::from_secs(25));
}

#[test]
fn an_absurd_report_of_usage_locks_out_for_an_hour_of_a_minutes_limit_and_no_longer() {
    let bucket = Arc::new(TokenBucket::new(Rate::per_minute(1_000), at(0)));
    bucket.reserve(1, at(0)).unwrap().settle(u64::MAX, at(0));
    let wait = bucket.reserve(1, at(0)).err().unwrap();
    assert!(
        wait > Duration::from_secs(3_600) && wait < Duration::from_secs(3_601),
        "{wait:?}"
    );
}

#[test]
fn the_largest_rate_and_the_smallest_do_their_sums() {
    let rates = [
        Rate {
            count: u64::MAX,
            period: Duration::MAX,
        },
        Rate {
            count: u64::MAX,
            period: Duration::ZERO,
        },
        Rate {
            count: 0,
            period: Duration::ZERO,
        },
        Rate {
            count: 1,
            period: Duration::MAX,
        },
    ];
    let late = Moment::from_nanos(u64::MAX);
    for rate in rates {
        let bucket = Arc::new(TokenBucket::new(rate, at(0)));
        bucket
            .reserve(u64::MAX, at(0))
            .unwrap()
            .settle(u64::MAX, at(1));
        assert!(bucket.window(at(1)).remaining <= bucket.window(late).remaining);
        let requests = RequestLimit::new(rate);
        assert_eq!(requests.take(at(1)), Ok(()));
        assert!(requests.window(at(1)).remaining < requests.window(at(1)).limit);
    }
}

#[test]
fn time_that_goes_back_gives_nothing_twice() {
    let bucket = Arc::new(TokenBucket::new(one_a_second(10), at(100)));
    bucket.reserve(10, at(100)).unwrap().settle(10, at(100));
    assert_eq!(bucket.window(at(105)).remaining, 5);
    assert_eq!(bucket.window(at(101)).remaining, 5);
    assert_eq!(bucket.window(at(105)).remaining, 5);
    let limit = RequestLimit::new(one_a_second(1));
    assert_eq!(limit.take(at(100)), Ok(()));
    assert!(limit.take(at(99)).is_err());
}
