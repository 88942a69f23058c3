//! Headers' values, written on the stack: there are six on every answer.

use std::time::Duration;

/// A short text.
pub(super) struct Value {
    bytes: [u8; 40],
    len: usize,
}

impl Value {
    fn new() -> Self {
        Self {
            bytes: [0; 40],
            len: 0,
        }
    }

    pub(super) fn as_str(&self) -> &str {
        self.bytes
            .get(..self.len)
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }

    /// Appends; what does not fit is left out, and no value below is longer than what fits.
    fn text(&mut self, text: &str) {
        let end = self.len.saturating_add(text.len());
        if let Some(place) = self.bytes.get_mut(self.len..end) {
            place.copy_from_slice(text.as_bytes());
            self.len = end;
        }
    }

    /// Appends a number, with zeros before it up to a width.
    fn digits(&mut self, mut number: u64, width: usize) {
        let mut digits = [b'0'; 20];
        let mut used = 0;
        for digit in digits.iter_mut().rev() {
            if number == 0 && used >= width.max(1) {
                break;
            }
            *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
            number /= 10;
            used += 1;
        }
        let text = digits.get(digits.len() - used..).unwrap_or_default();
        self.text(std::str::from_utf8(text).unwrap_or_default());
    }
}

pub(super) fn number(number: u64) -> Value {
    let mut value = Value::new();
    value.digits(number, 1);
    value
}

/// A duration as Go's `time.Duration` prints it, in milliseconds rounded up.
pub(super) fn go_duration(duration: Duration) -> Value {
    let mut value = Value::new();
    let millis = u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
    if millis == 0 {
        value.text("0s");
        return value;
    }
    if millis < 1_000 {
        value.digits(millis, 1);
        value.text("ms");
        return value;
    }
    let (seconds, fraction) = (millis / 1_000, millis % 1_000);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        value.digits(hours, 1);
        value.text("h");
    }
    if hours > 0 || minutes > 0 {
        value.digits(minutes, 1);
        value.text("m");
    }
    value.digits(seconds, 1);
    let (fraction, width) = match fraction {
        _ if fraction % 100 == 0 => (fraction / 100, 1),
        _ if fraction % 10 == 0 => (fraction / 10, 2),
        _ => (fraction, 3),
    };
    if fraction > 0 {
        value.text(".");
        value.digits(fraction, width);
    }
    value.text("s");
    value
}

/// Unix seconds as `2026-11-24T10:00:00Z`.
pub(super) fn rfc_3339(unix_seconds: u64) -> Value {
    let (days, second) = (unix_seconds / 86_400, unix_seconds % 86_400);
    let (year, month, day) = civil_from_days(days);
    let mut value = Value::new();
    for (part, width, end) in [
        (year, 4, "-"),
        (month, 2, "-"),
        (day, 2, "T"),
        (second / 3_600, 2, ":"),
        (second / 60 % 60, 2, ":"),
        (second % 60, 2, "Z"),
    ] {
        value.digits(part, width);
        value.text(end);
    }
    value
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
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resets_are_written_as_openai_writes_them() {
        let check = |nanos: u64, text: &str| {
            assert_eq!(go_duration(Duration::from_nanos(nanos)).as_str(), text);
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
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc_3339(seconds).as_str(), text);
        }
    }

    #[test]
    fn numbers_are_written_whole() {
        for count in [0, 7, 10, 600, 1_000_000_000_000, u64::MAX] {
            assert_eq!(number(count).as_str(), count.to_string());
        }
    }
}
