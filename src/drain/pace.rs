//! The drain's manners: while all cores are taken, requests come first.
//!
//! What is in the journal is safe and can wait; a request can't. So where the drain had to stand in line for a core, it
//! stays away for some time after each batch, until the journal has filled up to an eighth of its bound: then it takes
//! its share again. Where a core is free it never waits.

use std::time::Duration;

/// Waiting for a core for this part of the time on one is standing in line.
const IN_LINE: u32 = 4;
/// Time away, as a multiple of the time that the last batch took.
const AWAY: u32 = 3;
const LONGEST: Duration = Duration::from_millis(500);
/// The part of the journal's bound up to which the drain gives way.
const LOW: u64 = 8;

#[derive(Default)]
pub(super) struct Pace {
    last: Option<Times>,
}

/// Of a thread, since it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Times {
    on_core: Duration,
    in_line: Duration,
}

impl Times {
    /// Linux's own account, in nanoseconds (`Documentation/scheduler/sched-stats.rst`); `None` where it keeps none.
    fn of_this_thread() -> Option<Self> {
        Self::parse(&std::fs::read_to_string("/proc/thread-self/schedstat").ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut figures = text.split_ascii_whitespace().map(str::parse);
        let mut next = || Some(Duration::from_nanos(figures.next()?.ok()?));
        Some(Self {
            on_core: next()?,
            in_line: next()?,
        })
    }
}

impl Pace {
    /// How long to stay away after a batch, with so many bytes in the journal, whose bound is `most`.
    pub(super) fn after_batch(&mut self, held: u64, most: u64) -> Duration {
        self.pause(Times::of_this_thread(), held, most)
    }

    fn pause(&mut self, now: Option<Times>, held: u64, most: u64) -> Duration {
        let (Some(before), Some(now)) = (std::mem::replace(&mut self.last, now), now) else {
            return Duration::ZERO;
        };
        let on_core = now.on_core.saturating_sub(before.on_core);
        let in_line = now.in_line.saturating_sub(before.in_line);
        if held >= most / LOW || in_line < on_core / IN_LINE {
            return Duration::ZERO;
        }
        (on_core * AWAY).min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(on_core: u64, in_line: u64) -> Option<Times> {
        Times::parse(&format!(
            "{} {} 7\n",
            on_core * 1_000_000,
            in_line * 1_000_000
        ))
    }

    #[test]
    fn only_who_stood_in_line_stays_away() {
        let mut pace = Pace::default();
        let ms = Duration::from_millis;
        assert_eq!(
            pace.pause(times(10, 90), 0, 800),
            ms(0),
            "nothing to compare with"
        );
        assert_eq!(pace.pause(times(20, 91), 0, 800), ms(0), "a core was free");
        assert_eq!(pace.pause(times(30, 101), 0, 800), ms(30));
        assert_eq!(
            pace.pause(times(40, 111), 100, 800),
            ms(0),
            "the journal fills"
        );
        assert_eq!(pace.pause(times(1040, 2111), 99, 800), LONGEST);
        assert_eq!(pace.pause(None, 0, 800), ms(0));
    }

    #[test]
    fn linux_says_how_long_a_thread_stood_in_line() {
        if std::path::Path::new("/proc/thread-self/schedstat").exists() {
            assert!(Times::of_this_thread().is_some());
        }
        assert_eq!(Times::parse(""), None);
        assert_eq!(Times::parse("1 x 2"), None);
    }
}
