//! The answer as events: message_start, blocks with their deltas, message_delta, message_stop.

use super::reply::{Block, Reply};
use crate::simulated::answer::{Asked, event};
use crate::simulated::fault::Fault;
use crate::simulated::json::{Json, Writer, object};
use crate::simulated::script::{Frame, Kind};

pub(super) fn frames(asked: &Asked<'_>, reply: &Reply) -> Vec<Frame> {
    let mut frames = vec![start(asked, reply)];
    let mut push =
        |name: &str, json: Json, kind, text: &str| frames.push(event(name, &json, kind, text));
    for (index, block) in reply.blocks.iter().enumerate() {
        let start = object! { "type": "content_block_start", "index": index, "content_block": block.start() };
        push("content_block_start", start, Kind::Lifecycle, "");
        if index == 0 {
            push("ping", object! { "type": "ping" }, Kind::Lifecycle, "");
        }
        let mut delta = |json: Json, kind, text: &str| {
            let json = object! { "type": "content_block_delta", "index": index, "delta": json };
            push("content_block_delta", json, kind, text);
        };
        match block {
            Block::Thinking { text, signature } => {
                for piece in asked.pieces(text) {
                    delta(
                        object! { "type": "thinking_delta", "thinking": piece },
                        Kind::Content,
                        "",
                    );
                }
                delta(
                    object! { "type": "signature_delta", "signature": signature },
                    Kind::Lifecycle,
                    "",
                );
            }
            Block::Redacted(_) => {}
            Block::Text(text) => {
                for piece in asked.long_line().into_iter().chain(asked.pieces(text)) {
                    delta(
                        object! { "type": "text_delta", "text": piece },
                        Kind::Content,
                        &piece,
                    );
                }
            }
            Block::ToolUse { input, .. } => {
                delta(
                    object! { "type": "input_json_delta", "partial_json": "" },
                    Kind::Content,
                    "",
                );
                for piece in asked.pieces(input) {
                    delta(
                        object! { "type": "input_json_delta", "partial_json": piece },
                        Kind::Content,
                        &piece,
                    );
                }
            }
        }
        push(
            "content_block_stop",
            object! { "type": "content_block_stop", "index": index },
            Kind::Lifecycle,
            "",
        );
    }
    let mut end = Writer::new();
    reply.stop(&mut end);
    let mut message_delta = Writer::new();
    message_delta.field("type", &"message_delta");
    message_delta.field("delta", &end.finish());
    if !asked.has(&Fault::NoUsage) {
        message_delta.field("usage", &reply.usage.delta());
    }
    push("message_delta", message_delta.finish(), Kind::Lifecycle, "");
    push(
        "message_stop",
        object! { "type": "message_stop" },
        Kind::End,
        "",
    );
    frames
}

fn start(asked: &Asked<'_>, reply: &Reply) -> Frame {
    let mut message = Writer::new();
    message.field("model", &reply.model);
    message.field("id", &reply.id);
    message.field("type", &"message");
    message.field("role", &"assistant");
    message.field("content", &Vec::<()>::new());
    message.field("stop_reason", &());
    message.field("stop_sequence", &());
    if !asked.has(&Fault::NoUsage) {
        message.field("usage", &reply.usage.full(reply.usage.output.min(1)));
    }
    event(
        "message_start",
        &object! { "type": "message_start", "message": message.finish() },
        Kind::Lifecycle,
        "",
    )
}

impl Block {
    fn start(&self) -> Json {
        match self {
            Self::Thinking { .. } => {
                object! { "type": "thinking", "thinking": "", "signature": "" }
            }
            Self::Redacted(data) => object! { "type": "redacted_thinking", "data": data },
            Self::Text(_) => object! { "type": "text", "text": "" },
            Self::ToolUse { id, name, .. } => {
                object! { "type": "tool_use", "id": id, "name": name, "input": object! {} }
            }
        }
    }
}
