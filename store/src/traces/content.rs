//! Looking into a payload's JSON without building a tree of it.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Stored<'a> {
    #[serde(borrow)]
    a: BTreeMap<Cow<'a, str>, &'a RawValue>,
}

/// An attribute's JSON text, escapes resolved: a string keeps its quotes.
pub(crate) fn attribute(json: &str, name: &str) -> Option<String> {
    let stored: Stored<'_> = serde_json::from_str(json).ok()?;
    stored.a.get(name).map(|raw| plain(raw.get()))
}

/// JSON with the escapes of its strings resolved, so that text is found as a person would write it.
pub(crate) fn plain(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = memchr_backslash(rest) {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let (character, length) = unescape(escape);
        out.push(character);
        rest = escape.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

fn memchr_backslash(text: &str) -> Option<usize> {
    text.bytes().position(|byte| byte == b'\\')
}

/// The character that an escape at the start stands for, and the escape's length.
fn unescape(escape: &str) -> (char, usize) {
    match escape.as_bytes().get(1) {
        Some(b'n') => ('\n', 2),
        Some(b't') => ('\t', 2),
        Some(b'r') => ('\r', 2),
        Some(b'b') => ('\u{8}', 2),
        Some(b'f') => ('\u{c}', 2),
        Some(b'u') => match unit(escape) {
            Some(high @ 0xD800..=0xDBFF) => match escape.get(6..).and_then(unit_escape) {
                Some(low @ 0xDC00..=0xDFFF) => {
                    let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                    (
                        char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
                        12,
                    )
                }
                _ => (char::REPLACEMENT_CHARACTER, 6),
            },
            Some(code) => (
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
                6,
            ),
            None => ('\\', 1),
        },
        Some(other) if other.is_ascii() => (char::from(*other), 2),
        _ => ('\\', 1),
    }
}

fn unit_escape(text: &str) -> Option<u32> {
    if text.starts_with("\\u") {
        unit(text)
    } else {
        None
    }
}

fn unit(escape: &str) -> Option<u32> {
    u32::from_str_radix(escape.get(2..6)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_resolved_whoever_wrote_them() {
        let check = |json: &str, expected: &str| assert_eq!(plain(json), expected);
        check(r#"{"a":"b"}"#, r#"{"a":"b"}"#);
        check(r#""say \"hi\"\n""#, "\"say \"hi\"\n\"");
        check(r#""gr\u00fc\u00dfe""#, "\"grüße\"");
        check(r#""\ud83d\ude00 \ud83d x""#, "\"😀 \u{fffd} x\"");
        check(r#"\"#, "\\");
        check(r#"\u12"#, "\\u12");
    }

    #[test]
    fn an_attribute_is_found_by_its_name() {
        let json = r#"{"a":{"x.y":"v","n":{"k": 1}},"m":"x"}"#;
        assert_eq!(attribute(json, "x.y").as_deref(), Some("\"v\""));
        assert_eq!(attribute(json, "n").as_deref(), Some("{\"k\": 1}"));
        assert_eq!(attribute(json, "m"), None);
    }
}
