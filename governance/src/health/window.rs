//! How many of a target's requests failed lately.

use crate::Moment;
use crate::moment::nanos_of;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counts of a window of time, in one atomic: the window's number, successes, failures. Counting starts anew with
/// each window.
#[derive(Default)]
pub(super) struct Window(AtomicU64);

const COUNT_BITS: u32 = 20;
const COUNT_MAX: u64 = (1 << COUNT_BITS) - 1;
const NUMBER_MASK: u64 = (1 << (64 - 2 * COUNT_BITS)) - 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    number: u64,
    pub(super) successes: u64,
    pub(super) failures: u64,
}

impl Counts {
    fn unpack(bits: u64) -> Self {
        Self {
            number: bits >> (2 * COUNT_BITS),
            successes: bits >> COUNT_BITS & COUNT_MAX,
            failures: bits & COUNT_MAX,
        }
    }

    fn pack(self) -> u64 {
        self.number << (2 * COUNT_BITS) | self.successes << COUNT_BITS | self.failures
    }

    fn counting(self, is_failure: bool) -> Self {
        // A full counter halves both: the share stays.
        let halve = u32::from(self.successes.max(self.failures) == COUNT_MAX);
        Self {
            number: self.number,
            successes: (self.successes >> halve) + u64::from(!is_failure),
            failures: (self.failures >> halve) + u64::from(is_failure),
        }
    }

    pub(super) fn is_failing(self, percent: u32, minimum: u32) -> bool {
        let all = self.successes + self.failures;
        all >= u64::from(minimum) && self.failures * 100 >= all * u64::from(percent)
    }
}

impl Window {
    /// Counts one more, and gives the counts with it.
    pub(super) fn count(&self, is_failure: bool, length: Duration, now: Moment) -> Counts {
        let number = (now.nanos() / nanos_of(length).max(1)) & NUMBER_MASK;
        let mut seen = self.0.load(Ordering::Relaxed);
        loop {
            let mut counts = Counts::unpack(seen);
            if counts.number != number {
                counts = Counts {
                    number,
                    successes: 0,
                    failures: 0,
                };
            }
            let counts = counts.counting(is_failure);
            match self.0.compare_exchange_weak(
                seen,
                counts.pack(),
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return counts,
                Err(changed) => seen = changed,
            }
        }
    }

    pub(super) fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_window_starts_from_nothing() {
        let window = Window::default();
        let length = Duration::from_nanos(10);
        for now in 0..10 {
            window.count(true, length, Moment::from_nanos(now));
        }
        let counts = window.count(false, length, Moment::from_nanos(9));
        assert_eq!((counts.successes, counts.failures), (1, 10));
        let counts = window.count(true, length, Moment::from_nanos(10));
        assert_eq!((counts.successes, counts.failures), (0, 1));
    }

    #[test]
    fn a_full_counter_keeps_the_share() {
        let full = Counts {
            number: 7,
            successes: COUNT_MAX,
            failures: COUNT_MAX - 1,
        };
        let counts = full.counting(true);
        assert_eq!(
            (counts.number, counts.successes, counts.failures),
            (7, COUNT_MAX / 2, COUNT_MAX / 2 + 1)
        );
        assert_eq!(Counts::unpack(counts.pack()), counts);
    }

    #[test]
    fn a_share_counts_from_its_minimum_on() {
        let counts = |successes, failures| Counts {
            number: 0,
            successes,
            failures,
        };
        assert!(!counts(0, 19).is_failing(50, 20));
        assert!(counts(10, 10).is_failing(50, 20));
        assert!(!counts(11, 10).is_failing(50, 20));
    }
}
