//! Names that stand for one model name, or for all that begin alike.

use std::collections::HashMap;

/// A name, or the beginning of names: `gpt-*`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NamePattern(String);

impl NamePattern {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn matches(&self, name: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == self.0,
        }
    }
}

/// What names lead to. A name that is written out wins, then the longest pattern.
#[derive(Clone, Debug)]
pub struct NameTable<T> {
    exact: HashMap<Box<str>, T>,
    /// The part before `*`, longest first, then by the alphabet.
    prefixes: Vec<(Box<str>, T)>,
}

impl<T> Default for NameTable<T> {
    fn default() -> Self {
        Self {
            exact: HashMap::new(),
            prefixes: Vec::new(),
        }
    }
}

impl<T> NameTable<T> {
    /// Adds a name or pattern; the former value where it was there already.
    pub fn insert(&mut self, pattern: &str, value: T) -> Option<T> {
        let Some(prefix) = pattern.strip_suffix('*') else {
            return self.exact.insert(pattern.into(), value);
        };
        let order = |known: &str| {
            known
                .len()
                .cmp(&prefix.len())
                .reverse()
                .then_with(|| known.cmp(prefix))
        };
        match self.prefixes.binary_search_by(|(known, _)| order(known)) {
            Ok(at) => self
                .prefixes
                .get_mut(at)
                .map(|(_, known)| std::mem::replace(known, value)),
            Err(at) => {
                self.prefixes.insert(at, (prefix.into(), value));
                None
            }
        }
    }

    /// What a name leads to.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.exact(name).or_else(|| self.longest_prefix(name))
    }

    pub(crate) fn exact(&self, name: &str) -> Option<&T> {
        self.exact.get(name)
    }

    pub(crate) fn longest_prefix(&self, name: &str) -> Option<&T> {
        self.prefixes
            .iter()
            .find(|(prefix, _)| name.starts_with(&**prefix))
            .map(|(_, value)| value)
    }
}

impl<'a, T> FromIterator<(&'a str, T)> for NameTable<T> {
    fn from_iter<I: IntoIterator<Item = (&'a str, T)>>(entries: I) -> Self {
        let mut table = Self::default();
        for (pattern, value) in entries {
            table.insert(pattern, value);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_name_wins_then_the_longest_pattern() {
        let table: NameTable<u8> = [
            ("*", 0),
            ("gpt-*", 1),
            ("gpt-5*", 2),
            ("gpt-5", 3),
            ("gpt-4*", 4),
        ]
        .into_iter()
        .collect();
        for (name, value) in [
            ("gpt-5", 3),
            ("gpt-5-mini", 2),
            ("gpt-4o", 4),
            ("gpt-", 1),
            ("o3", 0),
            ("", 0),
        ] {
            assert_eq!(table.get(name), Some(&value), "{name}");
        }
    }

    #[test]
    fn a_pattern_given_again_replaces_the_first() {
        let mut table = NameTable::default();
        assert_eq!(table.insert("a*", 1), None);
        assert_eq!(table.insert("a*", 2), Some(1));
        assert_eq!(table.insert("a", 3), None);
        assert_eq!(table.insert("a", 4), Some(3));
        assert_eq!(
            (table.get("ab"), table.get("a"), table.get("b")),
            (Some(&2), Some(&4), None)
        );
    }

    #[test]
    fn a_pattern_matches_its_beginning_alone() {
        assert!(NamePattern::new("gpt-*").matches("gpt-"));
        assert!(!NamePattern::new("gpt-*").matches("gpt"));
        assert!(NamePattern::new("gpt-5").matches("gpt-5"));
        assert!(!NamePattern::new("gpt-5").matches("gpt-5-mini"));
    }
}
