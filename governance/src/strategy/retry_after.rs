//! `Retry-After` (RFC 9110, 10.2.3): seconds, or a date; some providers send fractions of seconds.

use std::time::Duration;

/// Waits longer than this are taken as this: a year.
const LONGEST: Duration = Duration::from_secs(365 * 86_400);

/// The wait that a header's value asks for; `now_unix` (seconds) is what a date is told against. A date that is over
/// is no wait. `None` where the value is neither form.
pub fn parse_retry_after(value: &str, now_unix: u64) -> Option<Duration> {
    let value = value.trim();
    if value.starts_with(|first: char| first.is_ascii_digit()) {
        return parse_seconds(value);
    }
    let date = parse_imf_date(value)?;
    Some(Duration::from_secs(date.saturating_sub(now_unix)).min(LONGEST))
}

/// How long to wait by `retry-after-ms`, which OpenAI and Anthropic send beside it.
pub fn parse_retry_after_ms(value: &str) -> Option<Duration> {
    let millis = value.trim().parse().ok()?;
    Some(Duration::from_millis(millis).min(LONGEST))
}

fn parse_seconds(value: &str) -> Option<Duration> {
    let seconds: f64 = value.parse().ok()?;
    // Neither NaN nor a sign can come: the text starts with a digit.
    Some(Duration::try_from_secs_f64(seconds).map_or(LONGEST, |wait| wait.min(LONGEST)))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, the one form of dates that may be sent, as Unix seconds.
fn parse_imf_date(value: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (_weekday, rest) = value.split_once(", ")?;
    let mut words = rest.split(' ');
    let day: u64 = words.next()?.parse().ok()?;
    let month_name = words.next()?;
    let month = MONTHS.iter().position(|name| *name == month_name)?;
    let year: u64 = words.next()?.parse().ok()?;
    let mut clock = words.next()?.splitn(3, ':').map(str::parse::<u64>);
    let (hour, minute, second) = (
        clock.next()?.ok()?,
        clock.next()?.ok()?,
        clock.next()?.ok()?,
    );
    let is_date = words.next() == Some("GMT")
        && words.next().is_none()
        && (1..=31).contains(&day)
        && (1970..=9999).contains(&year)
        && hour < 24
        && minute < 60
        && second <= 60;
    let days = days_from_civil(year, u64::try_from(month).ok()? + 1, day)?;
    is_date.then_some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

/// The day since 1970 of a Gregorian date (Howard Hinnant, "chrono-compatible low-level date algorithms").
fn days_from_civil(year: u64, month: u64, day: u64) -> Option<u64> {
    let year = year.checked_sub(u64::from(month <= 2))?;
    let (era, year_of_era) = (year / 400, year % 400);
    let month_from_march = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * month_from_march + 2) / 5 + day.checked_sub(1)?;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era).checked_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_read() {
        let check = |value: &str, now: u64, millis: u64| {
            let wait = Duration::from_millis(millis);
            assert_eq!(parse_retry_after(value, now), Some(wait), "{value}");
        };
        check("0", 0, 0);
        check(" 7 ", 0, 7_000);
        check("0.25", 0, 250);
        check("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_770, 7_000);
        check("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777, 0);
        check("Sun, 06 Nov 1994 08:49:37 GMT", 1_795_514_400, 0);
        check("Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_799, 1_000);
        check("Thu, 29 Feb 2024 00:00:00 GMT", 1_709_164_799, 1_000);
        check("99999999999999999999", 0, 365 * 86_400_000);
    }

    #[test]
    fn milliseconds_are_read() {
        let read = |value| parse_retry_after_ms(value);
        assert_eq!(read(" 1500 "), Some(Duration::from_millis(1_500)));
        assert_eq!(read("18446744073709551615"), Some(LONGEST));
        assert_eq!((read("-1"), read("1s"), read("")), (None, None, None));
    }

    #[test]
    fn what_is_neither_form_is_nothing() {
        for value in [
            "",
            "-1",
            "soon",
            "7s",
            "NaN",
            "inf",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Now 1994 08:49:37 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 06 Nov 1994 08:60:37 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, 06 Nov 99999999999999999999 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
        ] {
            assert_eq!(parse_retry_after(value, 0), None, "{value}");
        }
    }
}
