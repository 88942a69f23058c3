//! Names that are exact or end in `*`, and what they lead to.

use std::collections::HashMap;
use tollgate_domain::RouteName;

/// A table by name: a name that is written out wins over patterns, then the longest pattern.
pub struct NameTable<T> {
    exact: HashMap<RouteName, T>,
    /// Those that end in `*`, longest first.
    patterns: Vec<(RouteName, T)>,
}

impl<T> Default for NameTable<T> {
    fn default() -> Self {
        Self {
            exact: HashMap::new(),
            patterns: Vec::new(),
        }
    }
}

impl<T> NameTable<T> {
    pub fn insert(&mut self, name: &RouteName, value: T) {
        if name.as_str().ends_with('*') {
            let length = name.as_str().len();
            let longer = |(other, _): &(RouteName, T)| other.as_str().len() >= length;
            let at = self.patterns.partition_point(longer);
            self.patterns.insert(at, (name.clone(), value));
        } else {
            self.exact.insert(name.clone(), value);
        }
    }

    /// What a name leads to.
    pub fn find(&self, name: &str) -> Option<&T> {
        self.exact.get(name).or_else(|| {
            let matches = |pattern: &RouteName| {
                let prefix = pattern.as_str().strip_suffix('*');
                prefix.is_some_and(|prefix| name.starts_with(prefix))
            };
            let mut patterns = self.patterns.iter();
            patterns
                .find(|(pattern, _)| matches(pattern))
                .map(|(_, value)| value)
        })
    }

    /// Every name and pattern, in no order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let patterns = self.patterns.iter().map(|(pattern, _)| pattern);
        self.exact.keys().chain(patterns).map(RouteName::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exact_name_wins_then_the_longest_pattern() {
        let mut table = NameTable::default();
        for name in ["gpt-*", "*", "gpt-5", "gpt-5-*"] {
            table.insert(&RouteName::from(name), name);
        }
        for (model, expected) in [
            ("gpt-5", "gpt-5"),
            ("gpt-5-mini", "gpt-5-*"),
            ("gpt-4", "gpt-*"),
            ("claude", "*"),
        ] {
            assert_eq!(table.find(model), Some(&expected), "{model}");
        }
    }
}
