//! Lists, and mappings whose keys are names that the operator gives.

use super::{Located, Read, Reader};
use crate::config::yaml::{Node, Value};
use schemars::{Schema, SchemaGenerator, json_schema};
use std::ops::Deref;

/// A list; what cannot be read is left out.
pub(crate) struct List<T>(Vec<Located<T>>);

impl<T> List<T> {
    pub(crate) fn into_items(self) -> Vec<Located<T>> {
        self.0
    }
}

/// The items of a list that may not be given.
pub(crate) fn list<T>(list: &Option<Located<List<T>>>) -> &[Located<T>] {
    list.as_ref().map_or(&[], |list| &list.0)
}

impl<T> Deref for List<T> {
    type Target = [Located<T>];
    fn deref(&self) -> &[Located<T>] {
        &self.0
    }
}

impl<T: Read> Read for List<T> {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let Value::List(nodes) = &node.value else {
            reader.mistyped(node, "a list (`[a, b]`)");
            return None;
        };
        let items = nodes
            .iter()
            .enumerate()
            .filter_map(|(index, node)| reader.within(format!("[{index}]"), node.place, node));
        Some(Self(items.collect()))
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": T::schema(generator) })
    }
}

/// A name and what stands under it.
pub(crate) struct NamedEntry<T> {
    pub(crate) name: Located<String>,
    /// None where it could not be read.
    pub(crate) value: Option<T>,
}

/// A mapping by name, in the file's order.
pub(crate) struct Named<T>(Vec<NamedEntry<T>>);

impl<T> Named<T> {
    pub(crate) fn into_entries(self) -> Vec<NamedEntry<T>> {
        self.0
    }
}

impl<T> Deref for Named<T> {
    type Target = [NamedEntry<T>];
    fn deref(&self) -> &[NamedEntry<T>] {
        &self.0
    }
}

impl<T: Read> Read for Named<T> {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            reader.mistyped(node, "a mapping of names");
            return None;
        };
        let entries = reader.once_each(entries);
        let entries = entries.into_iter().map(|entry| NamedEntry {
            name: Located {
                value: entry.key.clone(),
                place: entry.key_place,
                field: reader.field_below(&entry.key),
            },
            value: reader
                .within(entry.key.clone(), entry.key_place, &entry.value)
                .map(|located| located.value),
        });
        Some(Self(entries.collect()))
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": T::schema(generator) })
    }
}
