//! YAML 1.2 text as a tree in which every node knows its place. Aliases and merge keys (`<<`) are resolved; tags and
//! several documents are refused. Depth and size are bounded.

mod build;
mod shield;

use super::problems::Place;
use zeroize::Zeroizing;

/// Nodes of a tree, aliases counted as often as they are used.
const MAX_NODES: usize = 200_000;
const MAX_DEPTH: usize = 64;

#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Value,
}

#[derive(Clone)]
pub(crate) enum Value {
    Null,
    Text(Zeroizing<String>),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key and its value. Keys may come twice: the reader of a mapping says so.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_place: Place,
    pub(crate) value: Node,
}

/// The text is no YAML, or YAML that is not taken here.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub(crate) place: Place,
    pub(crate) message: String,
}

impl Node {
    /// What the node is, for messages.
    pub(crate) fn describe(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    fn count(&self) -> usize {
        match &self.value {
            Value::Null | Value::Text(_) => 1,
            Value::List(items) => items.iter().map(Self::count).sum::<usize>() + 1,
            Value::Map(entries) => entries.iter().map(|e| e.value.count() + 1).sum::<usize>() + 1,
        }
    }
}

/// The root node of a text; an empty text is `Null`.
pub(crate) fn parse(source: &str) -> Result<Node, SyntaxError> {
    if shield::is_ambiguous(source) {
        return Err(SyntaxError {
            place: Place::default(),
            message: "characters U+E7A0 to U+E7A6 are not allowed".to_owned(),
        });
    }
    build::build(&Zeroizing::new(shield::shield(source)))
}
