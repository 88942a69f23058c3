//! A whole answer as callers of chat completions read it.
//!
//! Thinking, for which the dialect has no field, goes into `reasoning_content` and `thinking_blocks` (LiteLLM's names).

use super::usage;
use crate::canonical::{Citation, Finish, Names, Part, Response, Text};
use crate::wire::json::Writer;
use tollgate_domain::Usage;

/// What an answer carries beside its content.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Envelope<'e> {
    pub(crate) id: &'e str,
    pub(crate) model: &'e str,
    /// Seconds since 1970.
    pub(crate) created: u64,
    pub(crate) usage: Option<Usage>,
    pub(crate) tier: Option<&'e str>,
}

/// The tier in OpenAI's words.
pub(super) fn tier(tier: &str) -> Option<&'static str> {
    match tier {
        "standard" => Some("default"),
        "priority" => Some("priority"),
        _ => None,
    }
}

/// About the bytes of an answer beside its text.
const ENVELOPE: usize = 640;

/// Writes a chat completion.
pub(crate) fn write(
    response: &Response<'_>,
    envelope: &Envelope<'_>,
    names: &Names,
    is_legacy: bool,
) -> Vec<u8> {
    let mut w = Writer::with_capacity(ENVELOPE + response.bytes());
    w.object(|w| {
        w.field("id", envelope.id);
        w.field("object", "chat.completion");
        w.field_count("created", envelope.created);
        w.field("model", envelope.model);
        w.key("choices");
        w.array(|w| {
            w.object(|w| {
                w.field_count("index", 0);
                w.key("message");
                w.object(|w| message(response, names, is_legacy, w));
                w.field_raw("logprobs", "null");
                w.field("finish_reason", finish_reason(response.finish(), is_legacy));
            });
        });
        if let Some(usage) = &envelope.usage {
            w.key("usage");
            usage::write(usage, w);
        }
        if let Some(tier) = envelope.tier.and_then(tier) {
            w.field("service_tier", tier);
        }
    });
    w.finish()
}

pub(super) fn finish_reason(finish: Finish, is_legacy: bool) -> &'static str {
    match finish {
        Finish::End | Finish::Stop | Finish::Paused => "stop",
        Finish::Length => "length",
        Finish::Calls if is_legacy => "function_call",
        Finish::Calls => "tool_calls",
        Finish::Refused => "content_filter",
    }
}

/// What `refusal` says where the provider gave no words.
pub(super) const REFUSAL: &str = "The model refused to answer.";

fn message(response: &Response<'_>, names: &Names, is_legacy: bool, w: &mut Writer) {
    w.field("role", "assistant");
    let mut texts = response.parts.iter().filter_map(|part| match part {
        Part::Text(text) => Some(text.escaped()),
        _ => None,
    });
    w.key("content");
    match texts.next() {
        None => w.raw("null"),
        Some(first) => w.escaped(std::iter::once(first).chain(texts)),
    }
    w.key("refusal");
    match (&response.refusal, response.finish) {
        (Some(refusal), _) => refusal.write(w),
        (None, Some(Finish::Refused)) => w.string(REFUSAL),
        (None, _) => w.raw("null"),
    }
    if !response.citations.is_empty() {
        w.key("annotations");
        annotations(&response.citations, w);
    }
    thinking(response, w);
    calls(response, names, is_legacy, w);
}

/// What the text rests on. OpenAI has no field for what a page says; `content` is OpenRouter's.
pub(super) fn annotations(citations: &[Citation<'_>], w: &mut Writer) {
    w.array(|w| {
        for Citation {
            url,
            title,
            quote,
            range,
        } in citations
        {
            w.object(|w| {
                w.field("type", "url_citation");
                w.key("url_citation");
                w.object(|w| {
                    w.field_count("start_index", range.start as u64);
                    w.field_count("end_index", range.end as u64);
                    url.field(w, "url");
                    title.as_ref().unwrap_or(url).field(w, "title");
                    if let Some(quote) = quote {
                        quote.field(w, "content");
                    }
                });
            });
        }
    });
}

fn thinking(response: &Response<'_>, w: &mut Writer) {
    let open = response.parts.iter().filter_map(|part| match part {
        Part::Thinking { text, .. } => Some(text.escaped()),
        _ => None,
    });
    let mut open = open.filter(|text| !text.is_empty());
    if let Some(first) = open.next() {
        w.key("reasoning_content");
        w.escaped(std::iter::once(first).chain(open));
    }
    let is_kept = |part: &&Part<'_>| match part {
        Part::Thinking { signature, .. } => !signature.is_empty(),
        Part::Redacted(_) => true,
        _ => false,
    };
    if !response.parts.iter().any(|part| is_kept(&part)) {
        return;
    }
    w.key("thinking_blocks");
    w.array(|w| {
        for part in response.parts.iter().filter(is_kept) {
            w.object(|w| match part {
                Part::Thinking { text, signature } => thinking_block(text, signature, w),
                Part::Redacted(data) => redacted_block(data, w),
                _ => {}
            });
        }
    });
}

pub(super) fn thinking_block(text: &Text<'_>, signature: &Text<'_>, w: &mut Writer) {
    w.field("type", "thinking");
    text.field(w, "thinking");
    signature.field(w, "signature");
}

pub(super) fn redacted_block(data: &Text<'_>, w: &mut Writer) {
    w.field("type", "redacted_thinking");
    data.field(w, "data");
}

fn calls(response: &Response<'_>, names: &Names, is_legacy: bool, w: &mut Writer) {
    let calls = || {
        response.parts.iter().filter_map(|part| match part {
            Part::Call { id, name, input } => Some((id, name, input)),
            _ => None,
        })
    };
    if is_legacy {
        if let Some((_, name, input)) = calls().next() {
            w.key("function_call");
            w.object(|w| {
                w.field("name", names.inward(&name.decode()));
                w.field("arguments", input);
            });
        }
        return;
    }
    if calls().next().is_none() {
        return;
    }
    w.key("tool_calls");
    w.array(|w| {
        for (id, name, input) in calls() {
            w.object(|w| {
                id.field(w, "id");
                w.field("type", "function");
                w.key("function");
                w.object(|w| {
                    w.field("name", names.inward(&name.decode()));
                    w.field("arguments", input);
                });
            });
        }
    });
}
