//! Values with their units: `2s`, `10GiB`. A number without its unit is refused, an exact value is never rounded.

use std::time::Duration;

/// The longest duration that makes sense in a configuration.
const MAX_DURATION: Duration = Duration::from_secs(366 * 24 * 3600);
/// `500ms`, `2s`, `10m` or `10min`, `1h30m`, `7d`. Parts go from large to small, fractions are not taken.
pub fn duration(text: &str) -> Result<Duration, &'static str> {
    let mut total = Duration::ZERO;
    let mut rest = text;
    let mut last = Duration::MAX;
    loop {
        let (digits, after) = split(rest, |c| c.is_ascii_digit());
        let (unit, after) = split(after, |c| c.is_ascii_alphabetic());
        let count: u32 = digits.parse().map_err(|_| "a number and a unit")?;
        let unit = match unit {
            "ms" => Duration::from_millis(1),
            "s" => Duration::from_secs(1),
            "m" | "min" => Duration::from_secs(60),
            "h" => Duration::from_secs(3600),
            "d" => Duration::from_secs(24 * 3600),
            "" => return Err("its unit is missing"),
            _ => return Err("the units are ms, s, m, h, d"),
        };
        if unit >= last {
            return Err("larger units come first, each once");
        }
        last = unit;
        total = unit
            .checked_mul(count)
            .and_then(|part| total.checked_add(part))
            .filter(|total| *total <= MAX_DURATION)
            .ok_or("longer than a year")?;
        if after.is_empty() {
            return Ok(total);
        }
        rest = after;
    }
}

/// `512B`, `64KiB`, `1MB`, `10GiB`, in bytes.
pub(crate) fn bytes(text: &str) -> Result<u64, &'static str> {
    let (number, unit) = split(text, |c| c.is_ascii_digit() || c == '.');
    let scale: u64 = match unit.trim_start() {
        "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        "" => return Err("its unit is missing"),
        _ => return Err("the units are B, KiB, MiB, GiB, TiB, kB, MB, GB, TB"),
    };
    scaled(number, scale)
}

/// Bytes as [`bytes`] reads them, in the largest unit that is whole.
pub(crate) fn show_bytes(count: u64) -> String {
    let units = [
        (1 << 40, "TiB"),
        (1 << 30, "GiB"),
        (1 << 20, "MiB"),
        (1 << 10, "KiB"),
    ];
    match units
        .into_iter()
        .find(|(size, _)| count > 0 && count.is_multiple_of(*size))
    {
        Some((size, unit)) => format!("{}{unit}", count / size),
        None => format!("{count}B"),
    }
}

/// A decimal number times a scale, where that is whole.
fn scaled(number: &str, scale: u64) -> Result<u64, &'static str> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.len() > 12 {
        return Err("too many digits behind the point");
    }
    let parse = |digits: &str| digits.parse::<u128>().map_err(|_| "a number and a unit");
    let ten = 10u128.pow(fraction.len() as u32);
    let whole = parse(whole)?;
    let part = if fraction.is_empty() {
        0
    } else {
        parse(fraction)?
    };
    let total = whole
        .checked_mul(ten)
        .and_then(|n| n.checked_add(part))
        .and_then(|n| n.checked_mul(u128::from(scale)))
        .ok_or("far too large")?;
    if total % ten != 0 {
        return Err("not a whole number");
    }
    u64::try_from(total / ten).map_err(|_| "far too large")
}

fn split(text: &str, is_first: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !is_first(c)).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_units() {
        for (text, expected) in [
            ("500ms", Ok(500)),
            ("2s", Ok(2_000)),
            ("10m", Ok(600_000)),
            ("10min", Ok(600_000)),
            ("1h30m", Ok(5_400_000)),
            ("0s", Ok(0)),
            ("20", Err("its unit is missing")),
            ("", Err("a number and a unit")),
            ("s", Err("a number and a unit")),
            ("1.5s", Err("its unit is missing")),
            ("2 s", Err("its unit is missing")),
            ("30s1m", Err("larger units come first, each once")),
            ("9y", Err("the units are ms, s, m, h, d")),
            ("4000000000d", Err("longer than a year")),
        ] {
            assert_eq!(duration(text).map(|d| d.as_millis()), expected, "{text}");
        }
    }

    #[test]
    fn sizes_are_whole_bytes() {
        for (text, expected) in [
            ("10GiB", Ok(10 << 30)),
            ("1.5KiB", Ok(1536)),
            ("1MB", Ok(1_000_000)),
            ("0B", Ok(0)),
            ("0.3B", Err("not a whole number")),
            ("10", Err("its unit is missing")),
            (
                "10GB/s",
                Err("the units are B, KiB, MiB, GiB, TiB, kB, MB, GB, TB"),
            ),
            ("99999999999TiB", Err("far too large")),
            ("MiB", Err("a number and a unit")),
        ] {
            assert_eq!(bytes(text), expected, "{text}");
        }
    }
}
