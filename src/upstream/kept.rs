//! What of an answer's head anything here reads: a handful of headers, found without a map.

use http::HeaderMap;

/// Their names, in lower case.
const NAMES: [&str; 8] = [
    "content-encoding",
    "retry-after",
    "retry-after-ms",
    "request-id",
    "x-request-id",
    "x-should-retry",
    "openai-processing-ms",
    "openai-version",
];

/// Headers of a provider's answer. Their values hold no line break.
#[derive(Debug, Default)]
pub struct Kept(Vec<(&'static str, Box<[u8]>)>);

impl Kept {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut kept = Self::default();
        for (name, value) in headers {
            kept.offer(name.as_str(), value.as_bytes());
        }
        kept
    }

    /// Keeps a header, if it is one of those that are.
    pub(super) fn offer(&mut self, name: &str, value: &[u8]) {
        let mut names = NAMES.iter();
        if let Some(name) = names.find(|kept| name.eq_ignore_ascii_case(kept)) {
            self.0.push((name, value.into()));
        }
    }

    /// The value of a header that is there; `name` is in lower case.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        let (_, value) = self.0.iter().find(|(kept, _)| *kept == name)?;
        Some(value)
    }

    /// A value, if it is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.get(name)?).ok()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
impl Kept {
    /// As if a provider had sent these.
    pub fn sent(headers: &[(&str, &str)]) -> Self {
        let mut kept = Self::default();
        for (name, value) in headers {
            assert!(NAMES.contains(name), "{name} is not kept");
            kept.offer(name, value.as_bytes());
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_read_is_kept_and_of_two_the_first_is_told() {
        let mut kept = Kept::default();
        for (name, value) in [
            ("set-cookie", "a=b"),
            ("Retry-After", "3"),
            ("retry-after", "4"),
        ] {
            kept.offer(name, value.as_bytes());
        }
        assert_eq!(kept.text("retry-after"), Some("3"));
        assert_eq!(kept.get("set-cookie"), None);
    }
}
