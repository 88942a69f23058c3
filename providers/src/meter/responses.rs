//! OpenAI's Responses API (Python SDK 3.54.0): a whole response, and the events of a stream.

use super::usage::openai_usage;
use super::{Frame, Read, event_type, is_filled, keep_first, keep_last, object_or_skip};
use crate::wire::json::{Cursor, SyntaxError};
use crate::{Seen, upstream_failure};
use std::borrow::Cow;
use std::ops::Range;
use tollgate_domain::Dialect;

/// The parts of a response object that say how it ended.
#[derive(Default)]
struct Ending<'a> {
    status: Option<Cow<'a, str>>,
    reason: Option<String>,
    error: Option<Range<usize>>,
    is_response: bool,
}

/// Reads a whole response; whether it is an error instead.
pub(super) fn read_whole(cursor: &mut Cursor<'_>, seen: &mut Seen) -> Result<bool, SyntaxError> {
    let mut ending = Ending::default();
    cursor.object(|cursor, key| response_field(cursor, key, seen, &mut ending))?;
    if ending.error.is_some() && !ending.is_response {
        return Ok(true);
    }
    conclude(cursor, ending, seen);
    Ok(false)
}

fn response_field<'a>(
    cursor: &mut Cursor<'a>,
    key: &str,
    seen: &mut Seen,
    ending: &mut Ending<'a>,
) -> Result<(), SyntaxError> {
    match key {
        "id" => keep_first(&mut seen.response_id, cursor),
        "model" => keep_first(&mut seen.model, cursor),
        "service_tier" => keep_last(&mut seen.service_tier, cursor),
        "object" => {
            ending.is_response = cursor.text()?.as_deref() == Some("response");
            Ok(())
        }
        "status" => {
            ending.status = cursor.text()?;
            Ok(())
        }
        "usage" => {
            if let Some(usage) = openai_usage(cursor)? {
                seen.usage = Some(usage);
            }
            Ok(())
        }
        "incomplete_details" => object_or_skip(cursor, |cursor, key| match key {
            "reason" => keep_last(&mut ending.reason, cursor),
            _ => cursor.skip(),
        }),
        "error" => {
            let range = cursor.span()?;
            let is_filled = !matches!(cursor.slice(range.clone()), "null" | "{}" | "\"\"");
            ending.error = is_filled.then_some(range);
            Ok(())
        }
        _ => cursor.skip(),
    }
}

/// The finish reason: why a response is incomplete, else its status.
fn conclude(cursor: &Cursor<'_>, ending: Ending<'_>, seen: &mut Seen) {
    let Some(status) = ending.status else { return };
    if matches!(&*status, "in_progress" | "queued") {
        return;
    }
    if status == "failed" {
        let error = ending
            .error
            .map(|range| cursor.slice(range))
            .unwrap_or("{}");
        let body = format!("{{\"error\":{error}}}");
        seen.failure = Some(Box::new(upstream_failure(Dialect::OpenAi, body.as_bytes())));
    }
    seen.finish_reasons = vec![ending.reason.unwrap_or_else(|| status.into_owned())];
}

/// Reads an event of a stream.
pub(super) fn read_frame(
    data: &[u8],
    seen: &mut Seen,
    has_content: bool,
) -> Result<Read, SyntaxError> {
    let kind = event_type(data)?;
    let frame = match &*kind {
        "response.created" | "response.in_progress" | "response.queued" => {
            response_event(data, seen)?;
            Frame::PLAIN
        }
        "response.completed" | "response.failed" | "response.incomplete" => {
            response_event(data, seen)?;
            Frame::DONE
        }
        "error" => return Ok(Read::Error),
        "" if super::anthropic::read_error(&mut Cursor::new(data)?)? => return Ok(Read::Error),
        _ if has_content => return Ok(Read::Unread),
        "response.output_item.added" => item_added(data)?,
        kind if kind.ends_with(".delta") => Frame::CONTENT,
        _ => return Ok(Read::Unread),
    };
    Ok(Read::Frame(frame))
}

fn response_event(data: &[u8], seen: &mut Seen) -> Result<(), SyntaxError> {
    let mut cursor = Cursor::new(data)?;
    let mut ending = Ending::default();
    cursor.object(|cursor, key| match key {
        "response" => object_or_skip(cursor, |cursor, key| {
            response_field(cursor, key, seen, &mut ending)
        }),
        _ => cursor.skip(),
    })?;
    cursor.finish()?;
    conclude(&cursor, ending, seen);
    Ok(())
}

/// An item that begins with something (a call's name, a hosted tool) is content; a message or reasoning is to come.
fn item_added(data: &[u8]) -> Result<Frame, SyntaxError> {
    let mut cursor = Cursor::new(data)?;
    let mut kind = Cow::Borrowed("");
    let mut has_text = false;
    cursor.object(|cursor, key| match key {
        "item" => object_or_skip(cursor, |cursor, key| {
            match key {
                "type" => kind = cursor.text()?.unwrap_or_default(),
                "content" => has_text |= is_filled(cursor)?,
                _ => cursor.skip()?,
            }
            Ok(())
        }),
        _ => cursor.skip(),
    })?;
    cursor.finish()?;
    let is_content = has_text || !matches!(&*kind, "message" | "reasoning" | "");
    Ok(if is_content {
        Frame::CONTENT
    } else {
        Frame::PLAIN
    })
}
