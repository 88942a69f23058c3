//! A whole chat completion into the canonical form.

use super::{citation, finish};
use crate::canonical::{Citation, Finish, Part, Response, Text, fingerprint};
use crate::dialect::openai_chat::arguments_object;
use crate::wire::json::{Cursor, SyntaxError};
use std::borrow::Cow;

/// What a message, or a piece of one, holds.
#[derive(Debug, Default)]
pub(super) struct Message<'a> {
    pub(super) text: Option<Text<'a>>,
    pub(super) refusal: Option<Text<'a>>,
    pub(super) reasoning: Option<Text<'a>>,
    pub(super) calls: Vec<Call<'a>>,
    pub(super) citations: Vec<Citation<'a>>,
}

/// A call, or a piece of one.
#[derive(Debug, Default)]
pub(super) struct Call<'a> {
    pub(super) index: Option<u64>,
    pub(super) id: Option<Text<'a>>,
    pub(super) name: Option<Text<'a>>,
    pub(super) arguments: Option<Text<'a>>,
}

/// Reads an answer; of several choices the first.
pub(crate) fn read(body: &[u8]) -> Result<Response<'_>, SyntaxError> {
    let mut id = None;
    let mut first = None;
    let mut cursor = Cursor::new(body)?;
    cursor.object(|cursor, key| match (key, cursor.peek()) {
        ("id", _) => {
            id = Text::read_or_skip(cursor)?;
            Ok(())
        }
        ("choices", Some(b'[')) => cursor.array(|cursor| {
            if first.is_some() || cursor.peek() != Some(b'{') {
                return cursor.skip();
            }
            first = Some(choice(cursor)?);
            Ok(())
        }),
        _ => cursor.skip(),
    })?;
    Ok(match first {
        Some((message, reason)) => response(message, reason, &id.unwrap_or_default()),
        None => Response::default(),
    })
}

fn choice<'a>(cursor: &mut Cursor<'a>) -> Result<(Message<'a>, Option<Text<'a>>), SyntaxError> {
    let mut message = Message::default();
    let mut reason = None;
    cursor.object(|cursor, key| {
        match (key, cursor.peek()) {
            ("message", Some(b'{')) => cursor.object(|cursor, key| message.read(cursor, key))?,
            ("finish_reason", _) => reason = Text::read_or_skip(cursor)?,
            _ => cursor.skip()?,
        }
        Ok::<(), SyntaxError>(())
    })?;
    Ok((message, reason))
}

fn response<'a>(message: Message<'a>, reason: Option<Text<'a>>, id: &Text<'_>) -> Response<'a> {
    let is_said = |text: &Text<'_>| !text.is_empty();
    let mut parts = Vec::new();
    parts.extend(
        message
            .reasoning
            .filter(is_said)
            .map(|text| Part::Thinking {
                text,
                signature: Text::default(),
            }),
    );
    parts.extend(message.text.filter(is_said).map(Part::Text));
    let has_calls = !message.calls.is_empty();
    for (number, call) in message.calls.into_iter().enumerate() {
        parts.push(Part::Call {
            id: call
                .id
                .filter(is_said)
                .unwrap_or_else(|| made_id(id, number)),
            name: call.name.unwrap_or_default(),
            input: Cow::Owned(arguments_object(&call.arguments.unwrap_or_default()).into_owned()),
        });
    }
    let refusal = message.refusal.filter(is_said);
    let finish = match reason.as_ref().map(|reason| finish(reason.escaped())) {
        _ if refusal.is_some() => Finish::Refused,
        // Some servers end with `stop` whatever they called.
        Some(Finish::End) | None if has_calls => Finish::Calls,
        finish => finish.unwrap_or(Finish::End),
    };
    Response {
        parts,
        finish: Some(finish),
        stop: None,
        refusal,
        citations: message.citations,
    }
}

/// An id for a call that came without one.
pub(super) fn made_id(answer: &Text<'_>, number: usize) -> Text<'static> {
    Text::new(&format!("call_{}_{number}", fingerprint(answer.escaped())))
}

impl<'a> Message<'a> {
    pub(super) fn read(&mut self, cursor: &mut Cursor<'a>, key: &str) -> Result<(), SyntaxError> {
        match (key, cursor.peek()) {
            ("content", Some(b'[')) => self.parts(cursor)?,
            ("content", _) => self.text = Text::read_or_skip(cursor)?.or(self.text.take()),
            ("refusal", _) => self.refusal = Text::read_or_skip(cursor)?,
            ("reasoning_content" | "reasoning", Some(b'"')) => {
                self.reasoning = Some(Text::read(cursor)?);
            }
            ("annotations", Some(b'[')) => cursor.array(|cursor| {
                self.citations.extend(citation::read(cursor)?);
                Ok(())
            })?,
            ("tool_calls", Some(b'[')) => cursor.array(|cursor| {
                let mut call = Call::default();
                if cursor.peek() == Some(b'{') {
                    cursor.object(|cursor, key| call.read(cursor, key))?;
                    self.calls.push(call);
                    Ok(())
                } else {
                    cursor.skip()
                }
            })?,
            ("function_call", Some(b'{')) => {
                let mut call = Call::default();
                cursor.object(|cursor, key| call.function(cursor, key))?;
                call.index = Some(0);
                self.calls.push(call);
            }
            _ => cursor.skip()?,
        }
        Ok(())
    }

    /// Mistral's list: texts, and thinking that is a list of texts again.
    fn parts(&mut self, cursor: &mut Cursor<'a>) -> Result<(), SyntaxError> {
        cursor.array(|cursor| {
            if cursor.peek() != Some(b'{') {
                return cursor.skip();
            }
            cursor.object(|cursor, key| {
                match (key, cursor.peek()) {
                    ("text", Some(b'"')) => {
                        let text = Text::read(cursor)?;
                        self.text.get_or_insert_default().push(&text);
                    }
                    ("thinking", Some(b'[')) => {
                        let mut inner = Self::default();
                        inner.parts(cursor)?;
                        let text = inner.text.unwrap_or_default();
                        self.reasoning.get_or_insert_default().push(&text);
                    }
                    _ => cursor.skip()?,
                }
                Ok(())
            })
        })
    }
}

impl<'a> Call<'a> {
    fn read(&mut self, cursor: &mut Cursor<'a>, key: &str) -> Result<(), SyntaxError> {
        match (key, cursor.peek()) {
            ("index", _) => self.index = cursor.count()?,
            ("id", _) => {
                let id = Text::read_or_skip(cursor)?;
                self.id = id.filter(|id| !matches!(id.escaped(), "" | "null"));
            }
            ("function", Some(b'{')) => cursor.object(|cursor, key| self.function(cursor, key))?,
            _ => cursor.skip()?,
        }
        Ok(())
    }

    fn function(&mut self, cursor: &mut Cursor<'a>, key: &str) -> Result<(), SyntaxError> {
        match (key, cursor.peek()) {
            ("name", _) => self.name = Text::read_or_skip(cursor)?.filter(|name| !name.is_empty()),
            // Some servers give the object itself.
            ("arguments", Some(b'{')) => {
                let range = cursor.span()?;
                self.arguments = Some(Text::new(cursor.slice(range)));
            }
            ("arguments", _) => self.arguments = Text::read_or_skip(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}
