//! Rates as people write them: `600/min`, `200k/min`, `1.5M/h`, `10/s`.

use super::Rate;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Why a text is no rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRate {
    #[error("expected a count and a period, as in `600/min` or `200k/min`")]
    Form,
    #[error("the period must be one of `s`, `min`, `h`, `day`")]
    Period,
    #[error("the count must be a whole number of at least 1 (`k` and `M` may follow it)")]
    Count,
    #[error("the count is larger than {}", Rate::MAX_COUNT)]
    TooLarge,
}

const UNITS: [(&str, u64); 4] = [("s", 1), ("min", 60), ("h", 3_600), ("day", 86_400)];

impl FromStr for Rate {
    type Err = BadRate;

    fn from_str(text: &str) -> Result<Self, BadRate> {
        let (count, period) = text.split_once('/').ok_or(BadRate::Form)?;
        let seconds = match period.trim() {
            "s" | "sec" | "second" => 1,
            "min" | "m" | "minute" => 60,
            "h" | "hour" => 3_600,
            "d" | "day" => 86_400,
            _ => return Err(BadRate::Period),
        };
        Ok(Self {
            count: parse_count(count.trim())?,
            period: Duration::from_secs(seconds),
        })
    }
}

/// `600`, `1_000`, `200k`, `1.5M`: exact, so that a fraction must come out whole.
fn parse_count(text: &str) -> Result<u64, BadRate> {
    let (digits, zeros) = match text.as_bytes().last() {
        Some(b'k' | b'K') => (text.get(..text.len() - 1).unwrap_or_default(), 3),
        Some(b'm' | b'M') => (text.get(..text.len() - 1).unwrap_or_default(), 6),
        _ => (text, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    if whole.is_empty()
        || whole.starts_with('_')
        || !is_number(whole)
        || !fraction.bytes().all(|b| b.is_ascii_digit())
        || (fraction.is_empty() && digits.contains('.'))
        || fraction.len() > zeros
    {
        return Err(BadRate::Count);
    }
    let mut number: String = whole.chars().filter(|c| *c != '_').collect();
    number.push_str(fraction);
    number.extend(std::iter::repeat_n('0', zeros - fraction.len()));
    let count: u64 = number.parse().map_err(|_| BadRate::TooLarge)?;
    match count {
        0 => Err(BadRate::Count),
        1..=Rate::MAX_COUNT => Ok(count),
        _ => Err(BadRate::TooLarge),
    }
}

impl fmt::Display for Rate {
    /// The shortest text that parses to the same rate.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            count if count % 1_000_000 == 0 => write!(f, "{}M", count / 1_000_000)?,
            count if count % 1_000 == 0 => write!(f, "{}k", count / 1_000)?,
            count => write!(f, "{count}")?,
        }
        match UNITS
            .iter()
            .find(|(_, seconds)| Duration::from_secs(*seconds) == self.period)
        {
            Some((unit, _)) => write!(f, "/{unit}"),
            None => write!(f, "/{:?}", self.period),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_as_written() {
        let check = |text: &str, count: u64, seconds: u64| {
            let rate: Rate = text.parse().unwrap();
            assert_eq!(
                (rate.count, rate.period.as_secs()),
                (count, seconds),
                "{text}"
            );
            assert_eq!(rate.to_string().parse(), Ok(rate), "{text}");
        };
        check("600/min", 600, 60);
        check("200k/min", 200_000, 60);
        check("1.5M/h", 1_500_000, 3_600);
        check("10 / s", 10, 1);
        check("1_000_000/day", 1_000_000, 86_400);
        check("0.5k/minute", 500, 60);
    }

    #[test]
    fn what_is_no_rate_says_why() {
        for (text, why) in [
            ("600", BadRate::Form),
            ("", BadRate::Form),
            ("600/week", BadRate::Period),
            ("0/min", BadRate::Count),
            ("-1/min", BadRate::Count),
            ("/min", BadRate::Count),
            ("k/min", BadRate::Count),
            ("1.5/min", BadRate::Count),
            ("1./min", BadRate::Count),
            ("1e3/min", BadRate::Count),
            ("1.0005k/min", BadRate::Count),
            ("9999999M/min", BadRate::TooLarge),
            ("99999999999999999999999/min", BadRate::TooLarge),
        ] {
            assert_eq!(text.parse::<Rate>(), Err(why), "{text}");
        }
    }
}
