//! What a reply's headers say about the key's limits.
//!
//! OpenAI's names are `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`, resets as Go prints durations (`12ms`,
//! `8.64s`, `6m0s`); Anthropic's are `anthropic-ratelimit-{requests,tokens}-{limit,remaining,reset}`, resets as RFC
//! 3339 moments. Both: the APIs' pages on rate limits.

use super::value::{go_duration, number, rfc_3339};
use std::time::Duration;
use tollgate_domain::Dialect;

/// One limit as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub limit: u64,
    pub remaining: u64,
    /// Until all of the limit is free again.
    pub reset: Duration,
}

/// A key's limits as they stand: of each unit the tightest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Standing {
    pub requests: Option<Window>,
    pub tokens: Option<Window>,
}

const OPENAI_REQUESTS: [&str; 3] = [
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
];
const OPENAI_TOKENS: [&str; 3] = [
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-tokens",
];
const ANTHROPIC_REQUESTS: [&str; 3] = [
    "anthropic-ratelimit-requests-limit",
    "anthropic-ratelimit-requests-remaining",
    "anthropic-ratelimit-requests-reset",
];
const ANTHROPIC_TOKENS: [&str; 3] = [
    "anthropic-ratelimit-tokens-limit",
    "anthropic-ratelimit-tokens-remaining",
    "anthropic-ratelimit-tokens-reset",
];

impl Standing {
    /// Of each unit the window with less left.
    pub(super) fn tighter(self, other: Self) -> Self {
        let less = |one: Option<Window>, other: Option<Window>| match (one, other) {
            (Some(one), Some(other)) if other.remaining < one.remaining => Some(other),
            (one, other) => one.or(other),
        };
        Self {
            requests: less(self.requests, other.requests),
            tokens: less(self.tokens, other.tokens),
        }
    }

    /// Calls `put` with name and value of each header, in the caller's dialect. `unix_seconds` is the wall time, which
    /// Anthropic's resets are told in. Nothing is allocated.
    pub fn headers(
        &self,
        dialect: Dialect,
        unix_seconds: u64,
        mut put: impl FnMut(&'static str, &str),
    ) {
        let names = match dialect {
            Dialect::OpenAi => [&OPENAI_REQUESTS, &OPENAI_TOKENS],
            Dialect::Anthropic => [&ANTHROPIC_REQUESTS, &ANTHROPIC_TOKENS],
        };
        for ([limit, remaining, reset], window) in
            names.into_iter().zip([self.requests, self.tokens])
        {
            let Some(window) = window else { continue };
            put(limit, number(window.limit).as_str());
            put(remaining, number(window.remaining).as_str());
            let text = match dialect {
                Dialect::OpenAi => go_duration(window.reset),
                Dialect::Anthropic => {
                    rfc_3339(unix_seconds.saturating_add(ceil_seconds(window.reset)))
                }
            };
            put(reset, text.as_str());
        }
    }
}

/// The value of `Retry-After`: whole seconds, rounded up, at least one.
pub fn retry_after_seconds(wait: Duration) -> u64 {
    ceil_seconds(wait).max(1)
}

fn ceil_seconds(duration: Duration) -> u64 {
    duration
        .as_secs()
        .saturating_add(u64::from(duration.subsec_nanos() > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dialect_has_its_names_and_only_limits_that_exist_are_told() {
        let standing = Standing {
            requests: Some(Window {
                limit: 600,
                remaining: 599,
                reset: Duration::from_millis(100),
            }),
            tokens: None,
        };
        let told = |dialect| {
            let mut headers = Vec::new();
            standing.headers(dialect, 1_795_514_400, |name, value| {
                headers.push(format!("{name}: {value}"))
            });
            headers
        };
        assert_eq!(
            told(Dialect::OpenAi),
            [
                "x-ratelimit-limit-requests: 600",
                "x-ratelimit-remaining-requests: 599",
                "x-ratelimit-reset-requests: 100ms"
            ]
        );
        assert_eq!(
            told(Dialect::Anthropic),
            [
                "anthropic-ratelimit-requests-limit: 600",
                "anthropic-ratelimit-requests-remaining: 599",
                "anthropic-ratelimit-requests-reset: 2026-11-24T10:00:01Z"
            ]
        );
    }

    #[test]
    fn retry_after_is_whole_seconds_and_never_zero() {
        assert_eq!(retry_after_seconds(Duration::ZERO), 1);
        assert_eq!(retry_after_seconds(Duration::from_millis(1_001)), 2);
        assert_eq!(retry_after_seconds(Duration::from_secs(2)), 2);
    }
}
