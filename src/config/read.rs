//! From located nodes to typed fields. Nothing here stops at the first mistake: what cannot be read is noted and left
//! out, and the rest is read on.
//!
//! A section of the file is declared once, by the macro `section!`: the struct, how it is read, and its part of the
//! JSON Schema come from the same lines.

mod collections;
mod fields;
mod scalar;
mod section;

pub(crate) use collections::{List, Named, list};
pub(crate) use scalar::{
    Bytes, Choice, PathText, REFERENCE, SecretText, choice_schema, choices, read_choice,
};
pub(crate) use section::section;

use super::problems::{Place, Problems};
use super::reference::{self, Expanded, Sources};
use super::yaml::{Node, Value};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use std::borrow::Cow;
use std::ops::Deref;
use std::path::{Path, PathBuf};

/// A type that a node can be read as.
pub(crate) trait Read: Sized {
    /// The value, or `None` once the mistake is noted.
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self>;

    fn schema(generator: &mut SchemaGenerator) -> Schema;
}

/// A value and where it stands.
pub(crate) struct Located<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
    /// The field's path.
    pub(crate) field: String,
}

impl<T> Deref for Located<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Read> JsonSchema for Located<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        std::any::type_name::<T>().into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::schema(generator)
    }
}

/// What reading needs, and what it found.
pub(crate) struct Reader<'a> {
    pub(crate) sources: &'a Sources<'a>,
    /// What relative paths of files to read are relative to.
    pub(crate) folder: &'a Path,
    pub(crate) problems: Problems<'a>,
    pub(crate) watched: Vec<PathBuf>,
    /// From the root to the node being read.
    path: Vec<(String, Place)>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(sources: &'a Sources<'a>, folder: &'a Path, problems: Problems<'a>) -> Self {
        Self {
            sources,
            folder,
            problems,
            watched: Vec::new(),
            path: Vec::new(),
        }
    }

    /// Notes a mistake of the node being read.
    pub(crate) fn note(&mut self, place: Place, message: impl Into<String>) {
        let field = self.field();
        self.problems.add(Some(place), field, message.into());
    }

    /// Notes a mistake of a value read before.
    pub(crate) fn note_at<T>(&mut self, at: &Located<T>, message: impl Into<String>) {
        self.problems
            .add(Some(at.place), at.field.clone(), message.into());
    }

    /// Reads a node one step further down.
    pub(crate) fn within<T: Read>(
        &mut self,
        step: String,
        place: Place,
        node: &Node,
    ) -> Option<Located<T>> {
        self.path.push((step, place));
        let value = T::read(node, self).map(|value| Located {
            value,
            // A null has no place of its own.
            place: if matches!(node.value, Value::Null) {
                place
            } else {
                node.place
            },
            field: self.field(),
        });
        self.path.pop();
        value
    }

    /// The text of a node with its references expanded, and what messages call it.
    pub(crate) fn text(&mut self, node: &Node, expected: &str, is_secret: bool) -> Option<Text> {
        let Value::Text(text) = &node.value else {
            self.mistyped(node, expected);
            return None;
        };
        if is_secret && !reference::is_reference(text) {
            self.problems.blot(node.place);
        }
        let expanded = reference::expand(
            text,
            is_secret,
            self.folder,
            self.sources,
            &mut self.watched,
        );
        match expanded {
            Ok(expanded) => Some(Text {
                shown: match (is_secret, expanded.is_referenced) {
                    (true, _) => "this value".to_owned(),
                    (false, true) => format!("what `{}` stands for", text.as_str()),
                    (false, false) => format!("`{}`", text.as_str()),
                },
                expanded,
            }),
            Err(message) => {
                self.note(node.place, message);
                None
            }
        }
    }

    /// Notes that a node is of another type than expected. It is not shown: a credential in the wrong place is one.
    pub(crate) fn mistyped(&mut self, node: &Node, expected: &str) {
        self.problems.blot(node.place);
        self.note(
            node.place,
            format!("expected {expected}, found {}", node.describe()),
        );
    }

    /// Whether no mistake was found in a field or below it, so that what it lacks is not the consequence of one.
    pub(crate) fn is_sound(&self, field: &str) -> bool {
        self.problems.is_sound(field)
    }

    /// The path of the node being read.
    pub(crate) fn field(&self) -> String {
        join(self.path.iter().map(|(step, _)| step.as_str()))
    }

    fn field_below(&self, step: &str) -> String {
        join(
            self.path
                .iter()
                .map(|(step, _)| step.as_str())
                .chain([step]),
        )
    }

    /// Where the node being read is named.
    fn named_at(&self) -> Option<Place> {
        self.path.last().map(|(_, place)| *place)
    }
}

/// A string as it stands and as it is understood.
pub(crate) struct Text {
    expanded: Expanded,
    /// The text in backquotes, or the reference; never what a reference stands for.
    pub(crate) shown: String,
}

impl Text {
    pub(crate) fn as_str(&self) -> &str {
        &self.expanded.text
    }
}

/// `routes."gpt-4.1*".targets[0].provider`.
fn join<'a>(steps: impl Iterator<Item = &'a str>) -> String {
    let mut path = String::new();
    for step in steps {
        let is_plain = step
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        if step.starts_with('[') {
            path.push_str(step);
            continue;
        }
        if !path.is_empty() {
            path.push('.');
        }
        if is_plain && !step.is_empty() {
            path.push_str(step);
        } else {
            path.push_str(&format!("{step:?}"));
        }
    }
    path
}
