//! What a reply's headers say about the key's limits.
//!
//! OpenAI's names are `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`, resets as Go prints durations (`12ms`,
//! `8.64s`, `6m0s`); Anthropic's are `anthropic-ratelimit-{requests,tokens}-{limit,remaining,reset}`, resets as RFC
//! 3339 moments. Both: the APIs' pages on rate limits.

use std::fmt::{self, Write};
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
            put(limit, Short::of(format_args!("{}", window.limit)).as_str());
            put(
                remaining,
                Short::of(format_args!("{}", window.remaining)).as_str(),
            );
            let text = match dialect {
                Dialect::OpenAi => Short::of(GoDuration(window.reset)),
                Dialect::Anthropic => Short::of(Rfc3339(
                    unix_seconds.saturating_add(ceil_seconds(window.reset)),
                )),
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

/// A header's value on the stack.
struct Short {
    bytes: [u8; 40],
    len: usize,
}

impl Short {
    fn of(value: impl fmt::Display) -> Self {
        let mut short = Self {
            bytes: [0; 40],
            len: 0,
        };
        // What does not fit is left out; none of the values above is longer.
        let _ = write!(short, "{value}");
        short
    }

    fn as_str(&self) -> &str {
        self.bytes
            .get(..self.len)
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }
}

impl Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len.saturating_add(text.len());
        let place = self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?;
        place.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

/// A duration as Go's `time.Duration` prints it, in milliseconds rounded up.
struct GoDuration(Duration);

impl fmt::Display for GoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_nanos().div_ceil(1_000_000);
        if millis == 0 {
            return f.write_str("0s");
        }
        if millis < 1_000 {
            return write!(f, "{millis}ms");
        }
        let (seconds, fraction) = (millis / 1_000, millis % 1_000);
        let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        if hours > 0 {
            write!(f, "{hours}h")?;
        }
        if hours > 0 || minutes > 0 {
            write!(f, "{minutes}m")?;
        }
        write!(f, "{seconds}")?;
        match fraction {
            0 => {}
            _ if fraction % 100 == 0 => write!(f, ".{}", fraction / 100)?,
            _ if fraction % 10 == 0 => write!(f, ".{:02}", fraction / 10)?,
            _ => write!(f, ".{fraction:03}")?,
        }
        f.write_char('s')
    }
}

/// Unix seconds as `2026-11-24T10:00:00Z`.
struct Rfc3339(u64);

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, second) = (self.0 / 86_400, self.0 % 86_400);
        let (year, month, day) = civil_from_days(days);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

/// The Gregorian date of a day since 1970: years are counted from March, so that the leap day is a year's last, in
/// eras of 400 years (Howard Hinnant, "chrono-compatible low-level date algorithms").
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resets_are_written_as_openai_writes_them() {
        let check = |nanos: u64, text: &str| {
            assert_eq!(GoDuration(Duration::from_nanos(nanos)).to_string(), text);
        };
        check(0, "0s");
        check(1, "1ms");
        check(12_000_000, "12ms");
        check(1_000_000_000, "1s");
        check(8_640_000_000, "8.64s");
        check(59_923_000_000, "59.923s");
        check(1_500_000_000, "1.5s");
        check(1_005_000_000, "1.005s");
        check(360_000_000_000, "6m0s");
        check(86_400_000_000, "1m26.4s");
        check(3_600_000_000_000, "1h0m0s");
    }

    #[test]
    fn moments_are_rfc_3339() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_514_400, "2026-11-24T10:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(Rfc3339(seconds).to_string(), text);
        }
    }

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
    }
}
