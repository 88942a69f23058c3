//! A whole answer as callers of messages read it.

use super::{Form, citation, usage};
use crate::canonical::{Citation, Finish, Names, Part, Response, Text};
use crate::wire::json::Writer;
use tollgate_domain::Usage;

/// What an answer carries beside its content.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Envelope<'e> {
    pub(crate) id: &'e str,
    pub(crate) model: &'e str,
    pub(crate) usage: Option<Usage>,
    pub(crate) tier: Option<&'e str>,
}

/// The tier in Anthropic's words.
pub(super) fn tier(tier: &str) -> Option<&'static str> {
    match tier {
        "default" => Some("standard"),
        "priority" => Some("priority"),
        _ => None,
    }
}

/// About the bytes of an answer beside its text.
const ENVELOPE: usize = 512;

/// Writes a message.
pub(crate) fn write(response: &Response<'_>, envelope: &Envelope<'_>, form: &Form) -> Vec<u8> {
    let names = &form.names;
    let usage = envelope
        .usage
        .unwrap_or_else(|| form.about(response.about_tokens()));
    let mut w = Writer::with_capacity(ENVELOPE + response.bytes());
    w.object(|w| {
        w.field("id", envelope.id);
        w.field("type", "message");
        w.field("role", "assistant");
        w.field("model", envelope.model);
        w.key("content");
        w.array(|w| {
            for part in &response.parts {
                match part {
                    Part::Text(text) if !response.citations.is_empty() => {
                        cited(text, &response.citations, w);
                    }
                    part => block(part, names, w),
                }
            }
        });
        let finish = response.finish();
        stop(finish, response.stop.as_ref(), response.refusal.as_ref(), w);
        w.key("usage");
        usage::whole(&usage, envelope.tier.and_then(tier), w);
    });
    w.finish()
}

/// `stop_reason` and what belongs to it.
pub(super) fn stop(
    finish: Finish,
    stop: Option<&Text<'_>>,
    refusal: Option<&Text<'_>>,
    w: &mut Writer,
) {
    let reason = match finish {
        Finish::End => "end_turn",
        Finish::Stop => "stop_sequence",
        Finish::Length => "max_tokens",
        Finish::Calls => "tool_use",
        Finish::Refused => "refusal",
        Finish::Paused => "pause_turn",
    };
    w.field("stop_reason", reason);
    w.key("stop_sequence");
    match stop {
        Some(stop) => stop.write(w),
        None => w.raw("null"),
    }
    if finish == Finish::Refused {
        w.key("stop_details");
        w.object(|w| {
            w.field("type", "refusal");
            w.field_raw("category", "null");
            w.key("explanation");
            match refusal {
                Some(refusal) => refusal.write(w),
                None => w.raw("null"),
            }
        });
    }
}

/// An answer's only text, in pieces.
fn cited(text: &Text<'_>, citations: &[Citation<'_>], w: &mut Writer) {
    for (piece, cited) in citation::split(text, citations) {
        w.object(|w| {
            w.field("type", "text");
            piece.field(w, "text");
            if !cited.is_empty() {
                w.key("citations");
                w.array(|w| cited.iter().for_each(|cited| citation::write(cited, w)));
            }
        });
    }
}

fn block(part: &Part<'_>, names: &Names, w: &mut Writer) {
    w.object(|w| match part {
        Part::Text(text) => {
            w.field("type", "text");
            text.field(w, "text");
        }
        Part::Thinking { text, signature } => {
            w.field("type", "thinking");
            text.field(w, "thinking");
            signature.field(w, "signature");
        }
        Part::Redacted(data) => {
            w.field("type", "redacted_thinking");
            data.field(w, "data");
        }
        Part::Call { id, name, input } => {
            w.field("type", "tool_use");
            id.field(w, "id");
            w.field("name", names.inward(&name.decode()));
            w.field_raw("input", input);
        }
    });
}
