//! Edits in a JSON text that leave every other byte as it was.

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
    let mut out = Vec::with_capacity(body.len() + added);
    let mut from = 0;
    for edit in edits {
        out.extend_from_slice(body.get(from..edit.range.start).unwrap_or_default());
        out.extend_from_slice(edit.with.as_bytes());
        from = edit.range.end;
    }
    out.extend_from_slice(body.get(from..).unwrap_or_default());
    out.into()
}

/// A string as JSON, with quotes.
pub fn quote(text: &str) -> String {
    let plain = text
        .bytes()
        .all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\');
    if plain {
        let mut quoted = String::with_capacity(text.len() + 2);
        quoted.push('"');
        quoted.push_str(text);
        quoted.push('"');
        return quoted;
    }
    serde_json::Value::from(text).to_string()
}
