//! Halves of surrogate pairs in JSON.
//!
//! `\ud83d` without its other half is an escape that JSON's grammar lets through and that names no letter (RFC 8259,
//! section 8.2): strict readers refuse the whole text. What is written for another side has U+FFFD in its place.

use memchr::memchr;
use std::borrow::Cow;

/// JSON text whose escapes all name letters. What is whole already, nearly always, is not copied.
pub(crate) fn whole_letters(json: &str) -> Cow<'_, str> {
    let bytes = json.as_bytes();
    let mut out = String::new();
    let mut kept = 0;
    let mut at = 0;
    while let Some(found) = memchr(b'\\', bytes.get(at..).unwrap_or_default()) {
        let start = at + found;
        at = match (surrogate(bytes, start), surrogate(bytes, start + 6)) {
            (Some(Half::First), Some(Half::Second)) => start + 12,
            (Some(_), _) => {
                out.push_str(json.get(kept..start).unwrap_or_default());
                out.push('\u{fffd}');
                kept = start + 6;
                kept
            }
            // Another escape; its second byte may be a backslash itself.
            (None, _) => start + 2,
        };
    }
    if kept == 0 {
        return Cow::Borrowed(json);
    }
    out.push_str(json.get(kept..).unwrap_or_default());
    Cow::Owned(out)
}

enum Half {
    First,
    Second,
}

/// The half that an escape at `at` names.
fn surrogate(bytes: &[u8], at: usize) -> Option<Half> {
    match bytes.get(at..at + 6)? {
        [b'\\', b'u', b'd' | b'D', third, ..] => match third {
            b'8' | b'9' | b'a' | b'b' | b'A' | b'B' => Some(Half::First),
            b'c'..=b'f' | b'C'..=b'F' => Some(Half::Second),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_alone_is_replaced_and_all_else_is_kept() {
        for (json, expected) in [
            (r"plain", r"plain"),
            (r"\u00e9\ud83d\ude00", r"\u00e9\ud83d\ude00"),
            (r"\uD83D\uDE00", r"\uD83D\uDE00"),
            (r"\ud83d", "\u{fffd}"),
            (r"a\ud83d b", "a\u{fffd} b"),
            (r"\ude00\ud83d", "\u{fffd}\u{fffd}"),
            (r"\ud83d\ud83d\ude00", "\u{fffd}\\ud83d\\ude00"),
            (r"\ud83d\n", "\u{fffd}\\n"),
            // A backslash and five letters.
            (r"\\ud83d", r"\\ud83d"),
            (r"\\\ud83d", "\\\\\u{fffd}"),
            (r"\ud7ff\ud83d", "\\ud7ff\u{fffd}"),
            (r#"{"a":"\udfff"}"#, "{\"a\":\"\u{fffd}\"}"),
        ] {
            assert_eq!(whole_letters(json), expected, "{json}");
        }
    }
}
