//! What is done about a failed attempt, as long as nothing has gone to the client.

use super::backoff;
use std::time::Duration;

/// A route's rules for further tries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Tries on one target before the next one's turn, the first included.
    pub attempts: u32,
    pub on: RetryOn,
    /// The first wait, before jitter; each further one is twice as long.
    pub backoff: Duration,
    /// The longest wait; a `Retry-After` above it is not waited for.
    pub max_backoff: Duration,
}

/// Which failures may be tried again, here or on the next target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryOn {
    /// No connection, or one that closed before the answer's head.
    pub connect: bool,
    pub first_token_timeout: bool,
    /// An answer that broke, or could not be read, before its first content.
    pub broken: bool,
    /// Inclusive ranges of statuses.
    pub statuses: Vec<(u16, u16)>,
}

impl RetryOn {
    pub fn status(&self, status: u16) -> bool {
        self.statuses
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&status))
    }
}

impl Default for RetryOn {
    /// Connections, the first token's timeout, broken answers, 408, 409, 429 and 5xx (529 is one).
    fn default() -> Self {
        Self {
            connect: true,
            first_token_timeout: true,
            broken: true,
            statuses: vec![(408, 409), (429, 429), (500, 599)],
        }
    }
}

/// How an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No connection in time, or one that closed before the answer's head.
    Connect,
    FirstTokenTimeout,
    /// The whole request's time is over.
    TotalTimeout,
    /// The answer broke, or could not be read, before its first content.
    Broken,
    /// The provider's account is spent.
    Quota,
    /// The provider refused our credential.
    Auth,
    /// Any other answer that is an error.
    Status(u16),
}

/// A failed attempt and its circumstances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tried {
    pub failure: Failure,
    /// Tries on this target by now, at least 1.
    pub tries: u32,
    /// What the provider asked for.
    pub retry_after: Option<Duration>,
    /// The provider said that the same again would fail again (`x-should-retry: false`).
    pub is_final: bool,
    /// What is left of the total time.
    pub time_left: Duration,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The same target again, after a wait.
    Again { wait: Duration },
    /// The next target at once, else the error is the answer.
    Next,
    /// The next target of another provider at once, else the error is the answer.
    NextProvider,
    /// The error is the answer.
    Answer,
}

impl Retry {
    /// Decides what follows a failed attempt. A wait longer than `max_backoff` or than the time left is not taken: the
    /// next target has its turn at once.
    pub fn decide(&self, tried: Tried, random: u64) -> Verdict {
        let is_retried = match tried.failure {
            Failure::TotalTimeout => return Verdict::Answer,
            Failure::Quota | Failure::Auth => return Verdict::NextProvider,
            Failure::Connect => self.on.connect,
            Failure::FirstTokenTimeout => self.on.first_token_timeout,
            Failure::Broken => self.on.broken,
            Failure::Status(status) => self.on.status(status),
        };
        if !is_retried || tried.time_left.is_zero() {
            return Verdict::Answer;
        }
        if tried.is_final || tried.tries >= self.attempts {
            return Verdict::Next;
        }
        let wait = backoff(self.backoff, self.max_backoff, tried.tries, random)
            .max(tried.retry_after.unwrap_or_default());
        if wait > self.max_backoff || wait >= tried.time_left {
            return Verdict::Next;
        }
        Verdict::Again { wait }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry() -> Retry {
        Retry {
            attempts: 2,
            on: RetryOn::default(),
            backoff: Duration::from_millis(200),
            max_backoff: Duration::from_secs(5),
        }
    }

    fn tried(failure: Failure) -> Tried {
        Tried {
            failure,
            tries: 1,
            retry_after: None,
            is_final: false,
            time_left: Duration::from_secs(600),
        }
    }

    #[test]
    fn what_may_pass_is_tried_again_and_what_would_fail_again_is_answered() {
        use Failure::{Broken, Connect, FirstTokenTimeout, Status, TotalTimeout};
        for failure in [
            Connect,
            FirstTokenTimeout,
            Broken,
            Status(408),
            Status(409),
            Status(429),
            Status(500),
            Status(503),
            Status(529),
        ] {
            let wait = Duration::from_millis(100);
            assert_eq!(
                retry().decide(tried(failure), 0),
                Verdict::Again { wait },
                "{failure:?}"
            );
            let again = Tried {
                tries: 2,
                ..tried(failure)
            };
            assert_eq!(retry().decide(again, 0), Verdict::Next, "{failure:?}");
        }
        for failure in [
            TotalTimeout,
            Status(400),
            Status(404),
            Status(413),
            Status(422),
        ] {
            assert_eq!(
                retry().decide(tried(failure), 0),
                Verdict::Answer,
                "{failure:?}"
            );
        }
    }

    #[test]
    fn a_spent_or_refused_account_is_not_asked_again() {
        for failure in [Failure::Quota, Failure::Auth] {
            assert_eq!(retry().decide(tried(failure), 0), Verdict::NextProvider);
        }
    }

    #[test]
    fn what_a_provider_calls_final_is_left_to_the_next_target() {
        let said = |failure| Tried {
            is_final: true,
            ..tried(failure)
        };
        let decide = |failure| retry().decide(said(failure), 0);
        assert_eq!(decide(Failure::Status(500)), Verdict::Next);
        assert_eq!(decide(Failure::Status(400)), Verdict::Answer);
    }

    #[test]
    fn retry_after_is_waited_for_up_to_the_longest_wait() {
        let after = |seconds| Tried {
            retry_after: Some(Duration::from_secs(seconds)),
            ..tried(Failure::Status(429))
        };
        for seconds in [1, 5] {
            let wait = Duration::from_secs(seconds);
            assert_eq!(retry().decide(after(seconds), 0), Verdict::Again { wait });
        }
        assert_eq!(retry().decide(after(6), 0), Verdict::Next);
        let immediate = Verdict::Again {
            wait: Duration::from_millis(100),
        };
        assert_eq!(retry().decide(after(0), 0), immediate);
    }

    #[test]
    fn a_wait_that_outlasts_the_request_is_not_begun() {
        let late = |millis| Tried {
            time_left: Duration::from_millis(millis),
            ..tried(Failure::Connect)
        };
        assert_eq!(retry().decide(late(100), 0), Verdict::Next);
        assert_eq!(retry().decide(late(0), 0), Verdict::Answer);
    }

    #[test]
    fn what_the_route_does_not_name_is_not_tried_again() {
        let picky = Retry {
            on: RetryOn {
                connect: false,
                statuses: vec![(503, 503)],
                ..RetryOn::default()
            },
            ..retry()
        };
        assert_eq!(picky.decide(tried(Failure::Connect), 0), Verdict::Answer);
        assert_eq!(
            picky.decide(tried(Failure::Status(500)), 0),
            Verdict::Answer
        );
        assert_ne!(
            picky.decide(tried(Failure::Status(503)), 0),
            Verdict::Answer
        );
    }
}
