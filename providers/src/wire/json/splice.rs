//! Edits in a JSON text that leave every other byte as it was.

use super::scalar;
use bytes::Bytes;
use std::borrow::Cow;
use std::ops::Range;

/// Puts `with` where `range` lies; an empty range inserts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit<'a> {
    /// Bytes of the body to replace.
    pub range: Range<usize>,
    /// What comes instead.
    pub with: Cow<'a, str>,
}

/// The body with the edits made, which must be in order and apart. Without edits it is the same bytes, not copied.
pub fn splice(body: &Bytes, edits: &[Edit<'_>]) -> Bytes {
    if edits.is_empty() {
        return body.clone();
    }
    let added: usize = edits.iter().map(|edit| edit.with.len()).sum();
    let removed: usize = edits.iter().map(|edit| edit.range.len()).sum();
    let mut out = Vec::with_capacity((body.len() + added).saturating_sub(removed));
    let mut from = 0;
    for edit in edits {
        out.extend_from_slice(body.get(from..edit.range.start).unwrap_or_default());
        out.extend_from_slice(edit.with.as_bytes());
        from = edit.range.end;
    }
    out.extend_from_slice(body.get(from..).unwrap_or_default());
    out.into()
}

/// The whole member of an object whose value lies at `value`, with one comma, so that the object is right without it.
/// The body must be right JSON.
pub fn member(body: &[u8], value: &Range<usize>) -> Range<usize> {
    let before = body.get(..value.start).unwrap_or_default().trim_ascii_end();
    let key = before.strip_suffix(b":").unwrap_or(before).trim_ascii_end();
    let key = key.strip_suffix(b"\"").unwrap_or(key);
    let start = memchr::memrchr(b'"', key).unwrap_or(value.start);
    let before = body.get(..start).unwrap_or_default().trim_ascii_end();
    if before.ends_with(b",") {
        return before.len() - 1..value.end;
    }
    let after = body.get(value.end..).unwrap_or_default();
    let gap = after.len() - after.trim_ascii_start().len();
    let comma = usize::from(after.get(gap) == Some(&b','));
    start..value.end + comma * (gap + 1)
}

/// Whether a text stands in JSON as it is.
pub(super) fn is_plain(text: &str) -> bool {
    scalar::plain_end(text.as_bytes(), 0) == text.len()
}

/// A string as JSON, with quotes.
pub fn quote(text: &str) -> String {
    if is_plain(text) {
        let mut quoted = String::with_capacity(text.len() + 2);
        quoted.push('"');
        quoted.push_str(text);
        quoted.push('"');
        return quoted;
    }
    serde_json::Value::from(text).to_string()
}
