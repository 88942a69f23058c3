//! A whole message into the canonical form.

use super::citation::Source;
use super::finish;
use crate::canonical::{Part, Response, Text, whole_letters};
use crate::wire::json::{Cursor, SyntaxError};
use std::ops::Range;

/// Reads a message. What is no message is read as one without content.
pub(crate) fn read(body: &[u8]) -> Result<Response<'_>, SyntaxError> {
    let mut response = Response::default();
    let mut letters = Letters::default();
    let mut cursor = Cursor::new(body)?;
    cursor.object(|cursor, key| match (key, cursor.peek()) {
        ("content", Some(b'[')) => cursor.array(|cursor| {
            let mut block = Block::default();
            block.read_all(cursor)?;
            let sources = std::mem::take(&mut block.citations);
            let Some(part) = part(block) else {
                return Ok(());
            };
            response.parts.push(part);
            if !sources.is_empty()
                && let Some(range) = letters.of_last(&response.parts)
            {
                let cited = sources.into_iter();
                let cited = cited.map(|source| source.of(range.clone()));
                response.citations.extend(cited);
            }
            Ok(())
        }),
        ("stop_reason", _) => {
            let reason = Text::read_or_skip(cursor)?;
            response.finish = reason.map(|reason| finish(reason.escaped()));
            Ok(())
        }
        ("stop_sequence", _) => {
            response.stop = Text::read_or_skip(cursor)?;
            Ok(())
        }
        ("stop_details", Some(b'{')) => {
            response.refusal = explanation(cursor)?;
            Ok(())
        }
        _ => cursor.skip(),
    })?;
    Ok(response)
}

/// Counts an answer's letters, as far as a citation asks for them.
#[derive(Default)]
struct Letters {
    count: usize,
    /// Parts that are counted.
    parts: usize,
}

impl Letters {
    /// The letters of the last part among those of all texts; none where it is no text.
    fn of_last(&mut self, parts: &[Part<'_>]) -> Option<Range<usize>> {
        let Some(Part::Text(last)) = parts.last() else {
            return None;
        };
        let before = parts.len().saturating_sub(1);
        for part in parts.get(self.parts..before).unwrap_or_default() {
            if let Part::Text(text) = part {
                self.count += text.letters();
            }
        }
        let start = self.count;
        self.count += last.letters();
        self.parts = parts.len();
        Some(start..self.count)
    }
}

/// The words for a refusal.
pub(super) fn explanation<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Text<'a>>, SyntaxError> {
    let mut found = None;
    cursor.object(|cursor, key| {
        match key {
            "explanation" => found = Text::read_or_skip(cursor)?,
            _ => cursor.skip()?,
        }
        Ok::<(), SyntaxError>(())
    })?;
    Ok(found)
}

/// One block; none where it is of a kind that was not asked for.
fn part(block: Block<'_>) -> Option<Part<'_>> {
    Some(match block.kind.as_ref().map(Text::escaped) {
        Some("text") => Part::Text(block.text.unwrap_or_default()),
        Some("thinking") => Part::Thinking {
            text: block.thinking.unwrap_or_default(),
            signature: block.signature.unwrap_or_default(),
        },
        Some("redacted_thinking") => Part::Redacted(block.data.unwrap_or_default()),
        Some("tool_use") => Part::Call {
            id: block.id.unwrap_or_default(),
            name: block.name.unwrap_or_default(),
            input: whole_letters(block.input.unwrap_or("{}")),
        },
        _ => return None,
    })
}

/// The fields of a block, whole or at its start.
#[derive(Default)]
pub(super) struct Block<'a> {
    pub(super) kind: Option<Text<'a>>,
    pub(super) text: Option<Text<'a>>,
    pub(super) thinking: Option<Text<'a>>,
    pub(super) signature: Option<Text<'a>>,
    pub(super) data: Option<Text<'a>>,
    pub(super) id: Option<Text<'a>>,
    pub(super) name: Option<Text<'a>>,
    pub(super) input: Option<&'a str>,
    pub(super) citations: Vec<Source<'a>>,
}

impl<'a> Block<'a> {
    fn read_all(&mut self, cursor: &mut Cursor<'a>) -> Result<(), SyntaxError> {
        match cursor.peek() {
            Some(b'{') => cursor.object(|cursor, key| self.read(cursor, key)),
            _ => cursor.skip(),
        }
    }

    pub(super) fn read(&mut self, cursor: &mut Cursor<'a>, key: &str) -> Result<(), SyntaxError> {
        let slot = match key {
            "type" => &mut self.kind,
            "text" => &mut self.text,
            "thinking" => &mut self.thinking,
            "signature" => &mut self.signature,
            "data" => &mut self.data,
            "id" => &mut self.id,
            "name" => &mut self.name,
            "input" if cursor.peek() == Some(b'{') => {
                let range = cursor.span()?;
                self.input = Some(cursor.slice(range));
                return Ok(());
            }
            "citations" if cursor.peek() == Some(b'[') => {
                return cursor.array(|cursor| {
                    self.citations.extend(Source::read(cursor)?);
                    Ok(())
                });
            }
            _ => return cursor.skip(),
        };
        *slot = Text::read_or_skip(cursor)?;
        Ok(())
    }
}
