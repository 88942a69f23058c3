//! Reads usage, ids, finish reasons and errors off answers that pass by, without a tree and without a copy.
//!
//! Most frames of a stream are content that needs no look: once content has come, a frame is searched for the few
//! keys that matter, and read only where one is there.

mod anthropic;
mod chat;
mod responses;
mod said;
mod usage;

pub(crate) use usage::AnthropicUsage;

use crate::wire::json::{Cursor, SyntaxError};
use crate::{ReplyFault, Seen, upstream_failure};
use std::borrow::Cow;
use tollgate_domain::{Dialect, Endpoint, Usage};

/// What a frame of a stream is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Frame {
    /// It carries text, thinking, a tool call or a refusal.
    pub(crate) content: bool,
    /// It is the dialect's last event.
    pub(crate) done: bool,
    /// It is a chunk with usage and no choices.
    pub(crate) usage_only: bool,
}

impl Frame {
    const PLAIN: Self = Self {
        content: false,
        done: false,
        usage_only: false,
    };
    const CONTENT: Self = Self {
        content: true,
        ..Self::PLAIN
    };
    const DONE: Self = Self {
        done: true,
        ..Self::PLAIN
    };
}

/// The meter of one answer.
#[derive(Debug)]
pub(crate) struct Meter {
    pub(crate) seen: Seen,
    endpoint: Endpoint,
    has_content: bool,
    format: Format,
}

#[derive(Debug)]
enum Format {
    Chat(chat::Finished),
    Responses,
    Messages(AnthropicUsage),
    CountTokens,
}

impl Meter {
    /// The same meter, for a stream of which no usage is to be expected: what it says is kept.
    pub(crate) fn keeping_text(mut self, is_kept: bool) -> Self {
        self.seen.text = is_kept.then(String::new);
        self
    }

    /// A meter for an answer of that endpoint with that many choices.
    pub(crate) fn new(endpoint: Endpoint, choices: u32) -> Self {
        let format = match endpoint {
            Endpoint::ChatCompletions | Endpoint::Completions | Endpoint::Embeddings => {
                Format::Chat(chat::Finished::of(choices))
            }
            Endpoint::Responses => Format::Responses,
            Endpoint::Messages => Format::Messages(AnthropicUsage::default()),
            Endpoint::CountTokens => Format::CountTokens,
        };
        Self {
            seen: Seen::default(),
            endpoint,
            has_content: false,
            format,
        }
    }

    /// Reads an unstreamed answer.
    pub(crate) fn whole(&mut self, body: &[u8]) -> Result<(), ReplyFault> {
        let mut cursor = Cursor::new(body).map_err(malformed)?;
        let failed = match &mut self.format {
            Format::Chat(finished) => {
                chat::read(&mut cursor, &mut self.seen, finished).map(|chunk| chunk.has_error)
            }
            Format::Responses => responses::read_whole(&mut cursor, &mut self.seen),
            Format::Messages(usage) => anthropic::read_whole(&mut cursor, &mut self.seen, usage),
            Format::CountTokens => {
                // Counting is free of charge.
                self.seen.usage = Some(Usage::default());
                anthropic::read_error(&mut cursor)
            }
        };
        let has_error = failed.and_then(|has_error| cursor.finish().map(|()| has_error));
        match has_error {
            Ok(false) => Ok(()),
            Ok(true) => Err(self.failure(body)),
            Err(error) => Err(malformed(error)),
        }
    }

    /// Reads an event of a stream.
    pub(crate) fn frame(&mut self, name: &[u8], data: &[u8]) -> Result<Frame, ReplyFault> {
        if data.is_empty() {
            return Ok(Frame::PLAIN);
        }
        if data.trim_ascii() == b"[DONE]" {
            let ends = matches!(self.format, Format::Chat(_));
            return Ok(Frame {
                done: ends,
                ..Frame::PLAIN
            });
        }
        if let Some(text) = &mut self.seen.text {
            said::keep(data, text);
        }
        let read = match &mut self.format {
            Format::Chat(_) if self.has_content && !chat::is_notable(data) => {
                return plausible(data).map(|()| Frame::PLAIN);
            }
            Format::Chat(finished) => chat::read_frame(data, &mut self.seen, finished),
            Format::Responses => responses::read_frame(data, &mut self.seen, self.has_content),
            Format::Messages(usage) => {
                anthropic::read_frame(name, data, &mut self.seen, usage, self.has_content)
            }
            Format::CountTokens => Ok(Read::Frame(Frame::PLAIN)),
        };
        match read {
            Ok(Read::Frame(frame)) => {
                self.has_content |= frame.content;
                Ok(frame)
            }
            Ok(Read::Unread) => plausible(data).map(|()| Frame::PLAIN),
            Ok(Read::Error) => Err(self.failure(data)),
            Err(error) => Err(malformed(error)),
        }
    }

    /// Whether the answer is complete although the last event is missing.
    pub(crate) fn is_finished(&self) -> bool {
        match &self.format {
            Format::Chat(finished) => finished.is_complete(),
            _ => false,
        }
    }

    fn failure(&self, data: &[u8]) -> ReplyFault {
        let dialect: Dialect = self.endpoint.dialect();
        ReplyFault::Upstream(Box::new(upstream_failure(dialect, data)))
    }
}

/// What reading a frame came to.
enum Read {
    Frame(Frame),
    /// The frame needed no look beyond its type.
    Unread,
    /// The frame reports an error.
    Error,
}

/// A frame that is not read still has to look like an object: cheap, and catches what was cut.
fn plausible(data: &[u8]) -> Result<(), ReplyFault> {
    let data = data.trim_ascii();
    if data.first() == Some(&b'{') && data.last() == Some(&b'}') {
        Ok(())
    } else {
        Err(ReplyFault::Malformed(
            "an event of the stream is no JSON object".to_owned(),
        ))
    }
}

fn malformed(error: SyntaxError) -> ReplyFault {
    ReplyFault::Malformed(error.to_string())
}

/// The `type` of an event. Servers write it first; elsewhere it is looked for.
fn event_type(data: &[u8]) -> Result<Cow<'_, str>, SyntaxError> {
    let first = data
        .strip_prefix(br#"{"type":""#)
        .or_else(|| data.strip_prefix(br#"{"type": ""#))
        .and_then(|rest| rest.get(..memchr::memchr2(b'"', b'\\', rest)?))
        .and_then(|name| std::str::from_utf8(name).ok());
    if let Some(name) = first {
        return Ok(Cow::Borrowed(name));
    }
    let mut cursor = Cursor::new(data)?;
    let mut found = Cow::Borrowed("");
    cursor.object(|cursor, key| {
        match key {
            "type" => found = cursor.text()?.unwrap_or_default(),
            _ => cursor.skip()?,
        }
        Ok::<(), SyntaxError>(())
    })?;
    cursor.finish()?;
    Ok(found)
}

/// Reads an object, or skips what is none.
fn object_or_skip<'a>(
    cursor: &mut Cursor<'a>,
    field: impl FnMut(&mut Cursor<'a>, &str) -> Result<(), SyntaxError>,
) -> Result<(), SyntaxError> {
    if cursor.peek() == Some(b'{') {
        cursor.object(field)
    } else {
        cursor.skip()
    }
}

/// Reads an array's items, or skips what is none.
fn array_or_skip<'a>(
    cursor: &mut Cursor<'a>,
    item: impl FnMut(&mut Cursor<'a>) -> Result<(), SyntaxError>,
) -> Result<(), SyntaxError> {
    if cursor.peek() == Some(b'[') {
        cursor.array(item)
    } else {
        cursor.skip()
    }
}

/// Whether a value holds anything: not `null`, an empty string, array or object.
fn is_filled(cursor: &mut Cursor<'_>) -> Result<bool, SyntaxError> {
    let range = cursor.span()?;
    Ok(!matches!(
        cursor.slice(range),
        "null" | "\"\"" | "[]" | "{}" | "false"
    ))
}

/// Keeps the first text that is not empty.
fn keep_first(slot: &mut Option<String>, cursor: &mut Cursor<'_>) -> Result<(), SyntaxError> {
    if slot.is_some() {
        return cursor.skip();
    }
    *slot = cursor
        .text()?
        .filter(|text| !text.is_empty())
        .map(Cow::into_owned);
    Ok(())
}

/// Keeps the last text that is not empty.
fn keep_last(slot: &mut Option<String>, cursor: &mut Cursor<'_>) -> Result<(), SyntaxError> {
    if let Some(text) = cursor.text()?.filter(|text| !text.is_empty()) {
        *slot = Some(text.into_owned());
    }
    Ok(())
}
