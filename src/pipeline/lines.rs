//! The head of an answer, as the lines that HTTP/1 sends: an answer has a dozen of them, and they are written once.

use http::header::{CONNECTION, CONTENT_LENGTH, DATE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Lines without those of the message's framing and its date, which are the connection's. Whoever puts a name puts it
/// once.
#[derive(Debug, Default)]
pub struct Lines(Vec<u8>);

impl Lines {
    pub fn with_room() -> Self {
        Self(Vec::with_capacity(768))
    }

    /// Adds a line; `name` is in lower case. What a header can't carry is left out.
    pub fn put(&mut self, name: &str, value: impl AsRef<[u8]>) {
        let value = value.as_ref();
        let is_visible = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t');
        if value.iter().all(is_visible) {
            self.line(name, value);
        }
    }

    /// Adds a line whose value was a header's before.
    pub fn take_over(&mut self, name: &str, value: &[u8]) {
        self.line(name, value);
    }

    fn line(&mut self, name: &str, value: &[u8]) {
        self.0.reserve(name.len() + value.len() + 4);
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            self.0.extend_from_slice(part);
        }
    }

    /// The lines of a head that was made elsewhere.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut lines = Self::with_room();
        let is_connections = |name: &HeaderName| {
            [CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, DATE].contains(name)
        };
        for (name, value) in headers {
            if !is_connections(name) {
                lines.take_over(name.as_str(), value.as_bytes());
            }
        }
        lines
    }

    pub fn append(&mut self, others: &Self) {
        self.0.extend_from_slice(&others.0);
    }

    pub fn has(&self, name: &str) -> bool {
        let is_named = |line: &[u8]| {
            let rest = line.strip_prefix(name.as_bytes());
            rest.is_some_and(|rest| rest.starts_with(b":"))
        };
        self.0.split(|byte| *byte == b'\n').any(is_named)
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The same for HTTP/2.
    pub fn to_map(&self) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(24);
        for line in self.0.split(|byte| *byte == b'\n') {
            if let Some(colon) = memchr::memchr(b':', line)
                && let (name, value) = line.split_at(colon)
                && let Ok(name) = HeaderName::from_bytes(name)
                && let Ok(value) =
                    HeaderValue::from_bytes(value.get(1..).unwrap_or_default().trim_ascii())
            {
                headers.append(name, value);
            }
        }
        headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_makes_a_line_of_its_own() {
        let mut lines = Lines::default();
        lines.put("x-tollgate-model", "one\r\nset-cookie: a=b");
        lines.put("x-tollgate-route", "größe");
        lines.put("x-tollgate-attempts", "1");
        assert_eq!(lines.as_bytes(), b"x-tollgate-attempts: 1\r\n");
    }

    #[test]
    fn both_protocols_send_the_same() {
        let mut lines = Lines::default();
        lines.put("content-type", "application/json");
        lines.put("x-empty", "");
        lines.put("x-colons", "a: b: c");
        let map = lines.to_map();
        assert_eq!(map["content-type"], "application/json");
        assert_eq!(map["x-empty"], "");
        assert_eq!(map["x-colons"], "a: b: c");
        assert_eq!(Lines::of(&map).as_bytes(), lines.as_bytes());
        let has = |name| lines.has(name);
        assert!(has("content-type") && has("x-empty") && !has("x-col") && !has("type"));
    }

    #[test]
    fn the_messages_framing_is_not_taken_over() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("5"));
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        headers.insert(
            "x-name",
            HeaderValue::from_bytes("größe".as_bytes()).unwrap(),
        );
        assert_eq!(
            Lines::of(&headers).as_bytes(),
            "x-name: größe\r\n".as_bytes()
        );
    }
}
