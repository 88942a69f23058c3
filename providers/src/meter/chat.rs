//! OpenAI's chat completions, completions and embeddings (Python SDK 3.54.0), and what compatible servers make of
//! them: usage on any chunk, `finish_reason: ""`, an error under status 200.

use super::usage::openai_usage;
use super::{Frame, Read, array_or_skip, is_filled, keep_first, keep_last, object_or_skip};
use crate::Seen;
use crate::wire::json::{Cursor, SyntaxError};
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// Choices beyond this are not kept apart.
const CHOICES_MAX: usize = 128;

/// Which choices have ended.
#[derive(Debug)]
pub(super) struct Finished {
    wanted: u32,
    indexes: Vec<u64>,
}

impl Finished {
    pub(super) fn of(wanted: u32) -> Self {
        Self {
            wanted,
            indexes: Vec::new(),
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        self.indexes.len() >= self.wanted as usize
    }

    fn note(&mut self, seen: &mut Seen, index: u64, reason: String) {
        let known = self.indexes.iter().position(|known| *known == index);
        match known.and_then(|at| seen.finish_reasons.get_mut(at)) {
            Some(slot) => *slot = reason,
            None if self.indexes.len() < CHOICES_MAX => {
                self.indexes.push(index);
                seen.finish_reasons.push(reason);
            }
            None => {}
        }
    }
}

/// What a chunk, or a whole answer, holds.
#[derive(Default)]
pub(super) struct Chunk {
    pub(super) has_error: bool,
    has_content: bool,
    has_usage: bool,
    has_no_choices: bool,
}

/// Whether a chunk after the first content has to be read: it has usage, a finish reason or an error.
pub(super) fn is_notable(data: &[u8]) -> bool {
    static USAGE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br#""usage""#));
    static FINISH: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br#""finish_reason""#));
    static ERROR: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br#""error""#));
    has_value(data, &FINISH) || has_value(data, &USAGE) || has_value(data, &ERROR)
}

/// Whether the key occurs with a value that is not `null`. In a string a quote is escaped, so text never matches.
fn has_value(data: &[u8], key: &Finder<'_>) -> bool {
    key.find_iter(data).any(|at| {
        let rest = data
            .get(at + key.needle().len()..)
            .unwrap_or_default()
            .trim_ascii_start();
        match rest.strip_prefix(b":") {
            Some(value) => !value.trim_ascii_start().starts_with(b"null"),
            None => false,
        }
    })
}

pub(super) fn read_frame(
    data: &[u8],
    seen: &mut Seen,
    finished: &mut Finished,
) -> Result<Read, SyntaxError> {
    let mut cursor = Cursor::new(data)?;
    let chunk = read(&mut cursor, seen, finished)?;
    cursor.finish()?;
    if chunk.has_error {
        return Ok(Read::Error);
    }
    Ok(Read::Frame(Frame {
        content: chunk.has_content,
        done: false,
        usage_only: chunk.has_usage && chunk.has_no_choices,
    }))
}

/// Reads a chunk or a whole answer: they differ in `delta` and `message` alone.
pub(super) fn read(
    cursor: &mut Cursor<'_>,
    seen: &mut Seen,
    finished: &mut Finished,
) -> Result<Chunk, SyntaxError> {
    let mut chunk = Chunk::default();
    cursor.object(|cursor, key| {
        match key {
            "id" => keep_first(&mut seen.response_id, cursor)?,
            "model" => keep_first(&mut seen.model, cursor)?,
            "service_tier" => keep_last(&mut seen.service_tier, cursor)?,
            "usage" => {
                if let Some(usage) = openai_usage(cursor)? {
                    seen.usage = Some(usage);
                    chunk.has_usage = true;
                }
            }
            "choices" => {
                chunk.has_no_choices = cursor.peek() == Some(b'[');
                array_or_skip(cursor, |cursor| {
                    chunk.has_no_choices = false;
                    read_choice(cursor, seen, finished, &mut chunk.has_content)
                })?;
            }
            "error" => chunk.has_error = is_filled(cursor)?,
            _ => cursor.skip()?,
        }
        Ok::<(), SyntaxError>(())
    })?;
    Ok(chunk)
}

fn read_choice(
    cursor: &mut Cursor<'_>,
    seen: &mut Seen,
    finished: &mut Finished,
    has_content: &mut bool,
) -> Result<(), SyntaxError> {
    let mut index = 0;
    let mut reason = None;
    object_or_skip(cursor, |cursor, key| {
        match key {
            "index" => index = cursor.count()?.unwrap_or(0),
            "finish_reason" => keep_last(&mut reason, cursor)?,
            "text" => *has_content |= is_filled(cursor)?,
            "delta" | "message" => object_or_skip(cursor, |cursor, key| {
                match key {
                    "content" | "refusal" | "reasoning_content" | "reasoning" | "tool_calls"
                    | "function_call" | "audio" | "thinking_blocks" | "reasoning_details" => {
                        *has_content |= is_filled(cursor)?;
                    }
                    _ => cursor.skip()?,
                }
                Ok(())
            })?,
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    if let Some(reason) = reason {
        finished.note(seen, index, reason);
    }
    Ok(())
}
