//! A captured answer put together again, for the trace: what the caller was sent, as one whole reply of its dialect.
//!
//! Off the path. Whatever is cut, garbled or missing is left out; what is there is kept.

mod anthropic;
mod chat;
mod merge;
mod repair;
mod responses;
#[cfg(test)]
mod tests;
mod text;

pub use text::{Prompt, input_text, output_text, prompt, visible_text};

use crate::wire::sse::{Reader, TooLong};
use serde_json::Value;
use tollgate_domain::Endpoint;

/// What the caller was sent, as one JSON value: the body of an unstreamed answer (closed where it was cut), or the
/// message that a stream told. A text where it is no JSON at all, `null` where there is nothing.
pub fn summarize(endpoint: Endpoint, streamed: bool, captured: &[u8]) -> Value {
    let is_object = captured.trim_ascii_start().first() == Some(&b'{');
    if !streamed || is_object {
        return whole(captured);
    }
    match endpoint {
        Endpoint::Messages | Endpoint::CountTokens => {
            let mut message = anthropic::Message::default();
            events(captured, |event| message.read(event));
            message.finish()
        }
        Endpoint::Responses => {
            let mut response = responses::Response::default();
            events(captured, |event| response.read(event));
            response.finish()
        }
        _ => {
            let mut completion = chat::Completion::default();
            events(captured, |event| completion.read(event));
            completion.finish()
        }
    }
}

/// A body that may have been cut.
fn whole(captured: &[u8]) -> Value {
    if captured.trim_ascii().is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(captured)
        .ok()
        .or_else(|| repair::close(captured))
        .unwrap_or_else(|| Value::from(String::from_utf8_lossy(captured)))
}

/// Every event whose data is JSON.
fn events(captured: &[u8], mut each: impl FnMut(Value)) {
    let mut reader = Reader::new(usize::MAX);
    let mut read = |data: Option<&[u8]>| {
        if let Some(value) = data.and_then(|data| serde_json::from_slice(data).ok()) {
            each(value);
        }
    };
    // The limit is never reached.
    let _: Result<(), TooLong> = reader.feed(captured, |event| {
        read(event.data.as_deref());
        Ok(())
    });
    let _: Result<(), TooLong> = reader.finish(|event| {
        read(event.data.as_deref());
        Ok(())
    });
}

/// The text under a key.
fn text_at<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The number under a key.
fn index_at(value: &Value, key: &str) -> Option<u64> {
    value.get(key).and_then(Value::as_u64)
}
