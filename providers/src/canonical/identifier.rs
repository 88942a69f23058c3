//! Names and ids that one side accepts and the other does not, changed so that they can be found again.
//!
//! OpenAI: function names `[a-zA-Z0-9_-]{1,64}`, call ids of 40 characters. Anthropic: tool names
//! `[a-zA-Z0-9_-]{1,128}`, ids `[a-zA-Z0-9_-]+`.

use std::borrow::Cow;

/// The tool names of a request that had to be changed for the target, to be changed back in its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    limit: usize,
    changed: Vec<(String, String)>,
}

impl Names {
    pub(crate) fn within(limit: usize) -> Self {
        Self {
            limit,
            changed: Vec::new(),
        }
    }

    /// The name for the target: always the same for the same name.
    pub(crate) fn outward<'n>(&self, name: &'n str) -> Cow<'n, str> {
        fit(name, self.limit)
    }

    /// Remembers a tool's name for the way back.
    pub(crate) fn note(&mut self, name: &str) {
        if let Cow::Owned(outward) = self.outward(name) {
            self.changed.push((outward, name.to_owned()));
        }
    }

    /// The caller's name.
    pub(crate) fn inward<'n>(&'n self, outward: &'n str) -> &'n str {
        let known = self.changed.iter().find(|(changed, _)| changed == outward);
        known.map_or(outward, |(_, name)| name)
    }
}

/// A tool-call id in letters that both sides take, of at most 40 of them; the same for the same id.
pub(crate) fn tool_id(id: &str) -> Cow<'_, str> {
    fit(id, 40)
}

/// Keeps what is good, else the readable part of it and a fingerprint of the whole.
fn fit(text: &str, limit: usize) -> Cow<'_, str> {
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !text.is_empty() && text.len() <= limit && text.bytes().all(is_good) {
        return Cow::Borrowed(text);
    }
    let readable = text.chars().take(limit.saturating_sub(17));
    let mut out: String = readable
        .map(|letter| match u8::try_from(letter) {
            Ok(byte) if is_good(byte) => letter,
            _ => '_',
        })
        .collect();
    out.push('_');
    out.push_str(&fingerprint(text));
    Cow::Owned(out)
}

/// Sixteen hexadecimal digits that stand for a text (FNV-1a, 64 bits).
pub(crate) fn fingerprint(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_too_long_comes_back() {
        let long = "n".repeat(65);
        let mut names = Names::within(64);
        for name in [long.as_str(), "short", "with.dot"] {
            names.note(name);
            let outward = names.outward(name).into_owned();
            assert!(outward.len() <= 64, "{outward}");
            assert_eq!(names.inward(&outward), name);
        }
        assert_eq!(names.outward("short"), "short");
        assert_eq!(names.inward("other"), "other");
    }

    #[test]
    fn ids_are_changed_only_where_they_must_and_stay_apart() {
        assert_eq!(tool_id("call_1-A"), "call_1-A");
        assert_ne!(tool_id("a.b"), tool_id("a:b"));
        assert!(tool_id(&"é".repeat(50)).len() <= 40);
        assert!(!tool_id("").is_empty());
    }
}
