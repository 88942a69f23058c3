//! The fields of a mapping: unknown ones and doubled ones are mistakes.

use super::{Located, Read, Reader};
use crate::config::problems::Place;
use crate::config::suggest;
use crate::config::yaml::{Entry, Node, Value};

/// A mapping whose unknown fields are noted.
pub(crate) struct Fields<'n> {
    entries: Vec<&'n Entry>,
    /// Fields that unknown ones were probably meant to be: they are not missing too.
    meant: Vec<String>,
}

impl Reader<'_> {
    /// The fields of a mapping, `None` where the node is none. Nothing at all is a mapping without fields.
    pub(crate) fn fields<'n>(&mut self, node: &'n Node, known: &[&str]) -> Option<Fields<'n>> {
        let entries = match &node.value {
            Value::Map(entries) => self.once_each(entries),
            Value::Null => Vec::new(),
            _ => {
                let expected = format!("a mapping with the fields {}", known.join(", "));
                self.mistyped(node, &expected);
                return None;
            }
        };
        let mut meant = Vec::new();
        for entry in &entries {
            if known.contains(&entry.key.as_str()) {
                continue;
            }
            self.problems.blot(entry.value.place);
            let nearest = suggest::nearest(&entry.key, known.iter().copied());
            meant.extend(nearest.map(str::to_owned));
            let field = self.field_below(&entry.key);
            let hint = suggest::hint(&entry.key, known.iter().copied());
            self.problems
                .add(Some(entry.key_place), field, format!("unknown field{hint}"));
        }
        Some(Fields { entries, meant })
    }

    /// The entries without those whose key came before, which are noted.
    pub(super) fn once_each<'n>(&mut self, entries: &'n [Entry]) -> Vec<&'n Entry> {
        let mut once: Vec<&Entry> = Vec::with_capacity(entries.len());
        for entry in entries {
            match once.iter().find(|first| first.key == entry.key) {
                None => once.push(entry),
                Some(first) => {
                    self.problems.blot(entry.value.place);
                    let message = format!("given twice, first in line {}", first.key_place.line);
                    let field = self.field_below(&entry.key);
                    self.problems.add(Some(entry.key_place), field, message);
                }
            }
        }
        once
    }
}

impl Fields<'_> {
    /// The value of a field, if it is there and can be read. Nothing (`field:`) is as if it were not there.
    pub(crate) fn take<T: Read>(
        &self,
        name: &str,
        is_required: bool,
        reader: &mut Reader<'_>,
    ) -> Option<Located<T>> {
        let entry = self.entries.iter().find(|entry| entry.key == name);
        match entry {
            Some(entry) if !matches!(entry.value.value, Value::Null) => {
                reader.within(name.to_owned(), entry.key_place, &entry.value)
            }
            _ if is_required && !self.meant.iter().any(|meant| meant == name) => {
                let named = entry.map(|entry| entry.key_place).or(reader.named_at());
                let place = Some(named.unwrap_or(Place::START));
                let field = reader.field_below(name);
                reader
                    .problems
                    .add(place, field, format!("`{name}` is missing"));
                None
            }
            _ => None,
        }
    }
}
