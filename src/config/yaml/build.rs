//! Parser events into a tree.

use super::{Entry, MAX_DEPTH, MAX_NODES, Node, SyntaxError, Value, shield};
use crate::config::problems::Place;
use granit_parser::{Event, Parser, ScalarStyle, Span};
use std::collections::HashMap;
use zeroize::Zeroizing;

pub(super) fn build(source: &str) -> Result<Node, SyntaxError> {
    let options = granit_parser::options! { disallow_directives: true };
    let mut builder = Builder::default();
    for next in Parser::new_from_str_with_options(source, options) {
        let (event, span) = next.map_err(|error| SyntaxError {
            place: Place {
                line: error.marker().line(),
                column: error.marker().col() + 1,
                end_line: error.marker().line(),
                end_column: error.marker().col() + 2,
            },
            message: format!("not valid YAML: {}", error.info()),
        })?;
        builder.take(event, place(span))?;
    }
    Ok(builder.root.unwrap_or(Node {
        place: Place::default(),
        value: Value::Null,
    }))
}

fn place(span: Span) -> Place {
    Place {
        line: span.start.line(),
        column: span.start.col() + 1,
        end_line: span.end.line(),
        end_column: span.end.col() + 1,
    }
}

#[derive(Default)]
struct Builder {
    root: Option<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    documents: usize,
}

/// A collection whose end is still to come.
struct Open {
    start: Place,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        key: Option<(String, Place)>,
    },
}

impl Builder {
    fn take(&mut self, event: Event<'_>, place: Place) -> Result<(), SyntaxError> {
        if event.tag().is_some() {
            return Err(refused(place, "tags (`!…`) have no meaning here"));
        }
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(refused(
                        place,
                        "only one document is read; remove the second `---`",
                    ));
                }
            }
            Event::Scalar(text, style, anchor, _) => {
                let value = match &*text {
                    "" | "~" | "null" | "Null" | "NULL" if style == ScalarStyle::Plain => {
                        Value::Null
                    }
                    _ => Value::Text(Zeroizing::new(shield::unshield(text))),
                };
                self.complete(Node { place, value }, anchor)?;
            }
            Event::SequenceStart(_, anchor, _) => {
                self.start(place, anchor, Content::List(Vec::new()))?;
            }
            Event::MappingStart(_, anchor, _) => {
                let content = Content::Map {
                    entries: Vec::new(),
                    key: None,
                };
                self.start(place, anchor, content)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(place)?,
            Event::Alias(target) => {
                let node = self.anchors.get(&target).cloned();
                let node =
                    node.ok_or_else(|| refused(place, "an alias inside of what it stands for"))?;
                self.complete(node, 0)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, start: Place, anchor: usize, content: Content) -> Result<(), SyntaxError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(refused(start, "nested too deeply"));
        }
        self.open.push(Open {
            start,
            anchor,
            content,
        });
        Ok(())
    }

    fn end(&mut self, end: Place) -> Result<(), SyntaxError> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let value = match open.content {
            Content::List(items) => Value::List(items),
            Content::Map { entries, .. } => Value::Map(merged(entries)),
        };
        let place = Place {
            end_line: end.end_line,
            end_column: end.end_column,
            ..open.start
        };
        self.complete(Node { place, value }, open.anchor)
    }

    /// A whole node: into the collection that is open, or the root.
    fn complete(&mut self, node: Node, anchor: usize) -> Result<(), SyntaxError> {
        self.nodes = self.nodes.saturating_add(match node.value {
            Value::Null | Value::Text(_) => 1,
            _ => node.count(),
        });
        if self.nodes > MAX_NODES {
            return Err(refused(
                node.place,
                "too large, aliases counted as often as used",
            ));
        }
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Map { entries, key }) => match key.take() {
                Some((name, key_place)) => entries.push(Entry {
                    key: name,
                    key_place,
                    value: node,
                }),
                None => *key = Some(as_key(node)?),
            },
        }
        Ok(())
    }
}

fn as_key(node: Node) -> Result<(String, Place), SyntaxError> {
    match node.value {
        Value::Text(text) => Ok((text.to_string(), node.place)),
        _ => Err(refused(node.place, "a field's name must be text")),
    }
}

/// The entries with those of `<<` behind them where they are not given.
fn merged(entries: Vec<Entry>) -> Vec<Entry> {
    let (merges, mut own): (Vec<_>, Vec<_>) = entries
        .into_iter()
        .partition(|e| e.key == "<<" && is_mergeable(&e.value));
    for merge in merges {
        let sources = match merge.value.value {
            Value::List(items) => items,
            _ => vec![merge.value],
        };
        for source in sources {
            let Value::Map(more) = source.value else {
                continue;
            };
            for entry in more {
                if own.iter().all(|e| e.key != entry.key) {
                    own.push(entry);
                }
            }
        }
    }
    own
}

fn is_mergeable(node: &Node) -> bool {
    match &node.value {
        Value::Map(_) => true,
        Value::List(items) => items.iter().all(|n| matches!(n.value, Value::Map(_))),
        _ => false,
    }
}

fn refused(place: Place, message: &str) -> SyntaxError {
    SyntaxError {
        place,
        message: message.to_owned(),
    }
}
