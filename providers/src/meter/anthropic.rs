//! Anthropic's messages (Python SDK 2.12.0): a whole message, and the events of a stream.

use super::{AnthropicUsage, Frame, Read, event_type, is_filled, keep_first, object_or_skip};
use crate::Seen;
use crate::wire::json::{Cursor, SyntaxError};
use std::borrow::Cow;

/// Reads a whole message; whether it is an error instead.
pub(super) fn read_whole(
    cursor: &mut Cursor<'_>,
    seen: &mut Seen,
    usage: &mut AnthropicUsage,
) -> Result<bool, SyntaxError> {
    let mut has_error = false;
    cursor.object(|cursor, key| match key {
        "error" => {
            has_error = is_filled(cursor)?;
            Ok(())
        }
        _ => message_field(cursor, key, seen, usage),
    })?;
    seen.usage = usage.buckets();
    Ok(has_error)
}

/// Reads any answer for whether it is an error.
pub(super) fn read_error(cursor: &mut Cursor<'_>) -> Result<bool, SyntaxError> {
    let mut has_error = false;
    cursor.object(|cursor, key| {
        match key {
            "error" => has_error = is_filled(cursor)?,
            _ => cursor.skip()?,
        }
        Ok::<(), SyntaxError>(())
    })?;
    Ok(has_error)
}

fn message_field(
    cursor: &mut Cursor<'_>,
    key: &str,
    seen: &mut Seen,
    usage: &mut AnthropicUsage,
) -> Result<(), SyntaxError> {
    match key {
        "id" => keep_first(&mut seen.response_id, cursor),
        "model" => keep_first(&mut seen.model, cursor),
        "stop_reason" => stop_reason(cursor, seen),
        "usage" => usage.read(cursor, &mut seen.service_tier),
        _ => cursor.skip(),
    }
}

fn stop_reason(cursor: &mut Cursor<'_>, seen: &mut Seen) -> Result<(), SyntaxError> {
    if let Some(reason) = cursor.text()?.filter(|reason| !reason.is_empty()) {
        seen.finish_reasons.clear();
        seen.finish_reasons.push(reason.into_owned());
    }
    Ok(())
}

/// Reads an event of a stream.
pub(super) fn read_frame(
    name: &[u8],
    data: &[u8],
    seen: &mut Seen,
    usage: &mut AnthropicUsage,
    has_content: bool,
) -> Result<Read, SyntaxError> {
    let kind = event_type(data)?;
    let frame = match &*kind {
        "content_block_delta" | "content_block_start" if has_content => return Ok(Read::Unread),
        "content_block_delta" => delta_frame(data)?,
        "content_block_start" => start_frame(data)?,
        "message_start" => {
            event(data, "message", |cursor, key| {
                message_field(cursor, key, seen, usage)
            })?;
            seen.usage = usage.buckets();
            Frame::PLAIN
        }
        "message_delta" => {
            message_delta(data, seen, usage)?;
            seen.usage = usage.buckets();
            Frame::PLAIN
        }
        "message_stop" => Frame::DONE,
        "error" => return Ok(Read::Error),
        _ if name == b"error" => return Ok(Read::Error),
        // A chat error from a server that mixes the dialects.
        "" if read_error(&mut Cursor::new(data)?)? => return Ok(Read::Error),
        _ => return Ok(Read::Unread),
    };
    Ok(Read::Frame(frame))
}

/// Reads the object under one key of an event.
fn event<'a>(
    data: &'a [u8],
    under: &str,
    mut field: impl FnMut(&mut Cursor<'a>, &str) -> Result<(), SyntaxError>,
) -> Result<(), SyntaxError> {
    let mut cursor = Cursor::new(data)?;
    cursor.object(|cursor, key| {
        if key == under {
            object_or_skip(cursor, &mut field)
        } else {
            cursor.skip()
        }
    })?;
    cursor.finish()
}

fn message_delta(
    data: &[u8],
    seen: &mut Seen,
    usage: &mut AnthropicUsage,
) -> Result<(), SyntaxError> {
    let mut cursor = Cursor::new(data)?;
    cursor.object(|cursor, key| match key {
        "delta" => object_or_skip(cursor, |cursor, key| match key {
            "stop_reason" => stop_reason(cursor, seen),
            _ => cursor.skip(),
        }),
        "usage" => usage.read(cursor, &mut seen.service_tier),
        _ => cursor.skip(),
    })?;
    cursor.finish()
}

/// A delta is content where it adds something that can be shown; a signature is none.
fn delta_frame(data: &[u8]) -> Result<Frame, SyntaxError> {
    let mut is_filled_delta = false;
    event(data, "delta", |cursor, key| {
        match key {
            "type" | "signature" => cursor.skip()?,
            _ => is_filled_delta |= is_filled(cursor)?,
        }
        Ok(())
    })?;
    Ok(Frame {
        content: is_filled_delta,
        ..Frame::PLAIN
    })
}

/// A block that begins with something (a tool's name, redacted thinking, a server tool's result) is content.
fn start_frame(data: &[u8]) -> Result<Frame, SyntaxError> {
    let mut kind = Cow::Borrowed("");
    let mut has_text = false;
    event(data, "content_block", |cursor, key| {
        match key {
            "type" => kind = cursor.text()?.unwrap_or_default(),
            "text" | "thinking" => has_text |= is_filled(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    let is_content = has_text || !matches!(&*kind, "text" | "thinking");
    Ok(if is_content {
        Frame::CONTENT
    } else {
        Frame::PLAIN
    })
}
