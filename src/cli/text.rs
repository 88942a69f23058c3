//! Values as people read them. What came from outside cannot steer a terminal.

use std::borrow::Cow;

/// A text without control characters, which could move a terminal's cursor or hide what follows.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    let is_harmful =
        |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace(is_harmful, " "))
}

/// At most so many characters.
pub(super) fn cut(text: &str, width: usize) -> String {
    let mut characters = text.chars();
    let mut cut: String = characters.by_ref().take(width).collect();
    if characters.next().is_some() {
        cut.pop();
        cut.push('…');
    }
    cut
}

/// Something or a dash.
pub(super) fn or_dash(text: &str) -> String {
    match text.is_empty() {
        true => "-".to_owned(),
        false => plain(text).into_owned(),
    }
}

/// A Unix time in UTC, to the second.
pub(super) fn time(unix_ms: i64) -> String {
    format(unix_ms.div_euclid(1000).saturating_mul(1000))
}

/// A Unix time in UTC, to the millisecond.
pub(super) fn time_with_millis(unix_ms: i64) -> String {
    format(unix_ms)
}

fn format(unix_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(unix_ms)
        .map_or_else(|_| "-".to_owned(), |time| time.to_string())
}

/// `850 µs`, `12.3 ms`, `1.234 s`.
pub(super) fn nanos(nanos: u64) -> String {
    match nanos {
        0..1_000_000 => format!("{} µs", nanos / 1_000),
        1_000_000..1_000_000_000 => format!("{:.1} ms", nanos as f64 / 1e6),
        _ => format!("{:.3} s", nanos as f64 / 1e9),
    }
}

/// Both sides of a count of tokens.
pub(super) fn tokens(input: i64, output: i64) -> String {
    format!("{input} in, {output} out")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_blanked() {
        assert_eq!(plain("a\u{1b}[2Jb\nc\u{202e}d"), "a [2Jb c d");
        assert!(matches!(plain("ünïcode …"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_cut_text_says_so() {
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("abcd", 4), "abcd");
    }

    #[test]
    fn times_are_shown_in_their_size() {
        assert_eq!(nanos(850_000), "850 µs");
        assert_eq!(nanos(12_340_000), "12.3 ms");
        assert_eq!(nanos(1_234_000_000), "1.234 s");
        assert_eq!(time(1_700_000_000_123), "2023-11-14T22:13:20Z");
        assert_eq!(
            time_with_millis(1_700_000_000_123),
            "2023-11-14T22:13:20.123Z"
        );
    }
}
