//! The answer as content blocks, and the whole message.

use super::request::Request;
use super::stream;
use super::thinking::Mode;
use super::usage::Usage;
use crate::simulated::answer::{Answer, Asked, Content};
use crate::simulated::fault::Fault;
use crate::simulated::json::{Json, Writer, object};
use crate::simulated::plan::{Finish, Plan};
use crate::simulated::signature::sign;

#[derive(Debug)]
pub(super) enum Block {
    Thinking {
        text: String,
        signature: String,
    },
    Redacted(String),
    Text(String),
    ToolUse {
        id: String,
        name: String,
        input: String,
    },
}

/// Everything that a reply says, however it is sent.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) id: String,
    pub(super) model: String,
    pub(super) blocks: Vec<Block>,
    pub(super) stop_reason: &'static str,
    pub(super) stop_sequence: Option<String>,
    pub(super) usage: Usage,
}

pub(super) fn write(asked: &mut Asked<'_>, request: &Request) -> Answer {
    let mut plan = Plan::new(&request.prompt, 0);
    plan.text = asked.stretched(plan.text);
    let mut usage = request.usage;
    (usage.output, usage.thinking) = (plan.tokens(), plan.thinking_tokens());
    let (stop_reason, stop_sequence) = match &plan.finish {
        Finish::End => ("end_turn", None),
        Finish::Stop(text) => ("stop_sequence", Some(text.clone())),
        Finish::Length => ("max_tokens", None),
        Finish::Calls => ("tool_use", None),
        Finish::Refusal => ("refusal", None),
    };
    let reply = Reply {
        id: asked.ids.next("msg_"),
        model: asked.model.to_owned(),
        blocks: blocks(asked, request, &plan),
        stop_reason,
        stop_sequence,
        usage,
    };
    let content = match request.is_stream {
        true => Content::Stream(stream::frames(asked, &reply)),
        false => {
            let text = if plan.finish == Finish::Refusal {
                String::new()
            } else {
                plan.text
            };
            Content::Whole {
                body: reply.message(!asked.has(&Fault::NoUsage)),
                text,
            }
        }
    };
    Answer {
        content,
        usage: usage.full(usage.output),
        thinking_verified: request.verified,
    }
}

fn blocks(asked: &mut Asked<'_>, request: &Request, plan: &Plan) -> Vec<Block> {
    let mut blocks = Vec::new();
    if !plan.thinking.is_empty() {
        if request.prompt.heard.last_user.contains("think secretly") {
            blocks.push(Block::Redacted(sign(asked.model, "", request.prefix)));
        } else {
            let text = if request.is_thinking_shown {
                plan.thinking.clone()
            } else {
                String::new()
            };
            let signature = sign(asked.model, &text, request.prefix);
            blocks.push(Block::Thinking { text, signature });
        }
    }
    // A refusal of the newest models has no content at all.
    if plan.finish == Finish::Refusal {
        return blocks;
    }
    if !plan.text.is_empty() {
        let is_between = request.mode == Mode::BetweenTools && !plan.calls.is_empty();
        blocks.push(match is_between {
            true => Block::Thinking {
                signature: sign(asked.model, &plan.text, request.prefix),
                text: plan.text.clone(),
            },
            false => Block::Text(plan.text.clone()),
        });
    }
    for call in &plan.calls {
        let id = asked.ids.next("toolu_");
        blocks.push(Block::ToolUse {
            id,
            name: call.name.clone(),
            input: call.input.clone(),
        });
    }
    blocks
}

impl Reply {
    /// `stop_reason` and its company, for the message and for `message_delta`.
    pub(super) fn stop(&self, writer: &mut Writer) {
        writer.field("stop_reason", &self.stop_reason);
        writer.field("stop_sequence", &self.stop_sequence);
        if self.stop_reason == "refusal" {
            let explanation = "This request was refused by the simulated model.";
            let details =
                object! { "type": "refusal", "category": "other", "explanation": explanation };
            writer.field("stop_details", &details);
        }
    }

    fn message(&self, has_usage: bool) -> Json {
        let mut writer = Writer::new();
        writer.field("model", &self.model);
        writer.field("id", &self.id);
        writer.field("type", &"message");
        writer.field("role", &"assistant");
        writer.field(
            "content",
            &self.blocks.iter().map(Block::whole).collect::<Vec<_>>(),
        );
        self.stop(&mut writer);
        if has_usage {
            writer.field("usage", &self.usage.full(self.usage.output));
        }
        writer.finish()
    }
}

impl Block {
    fn whole(&self) -> Json {
        match self {
            Self::Thinking { text, signature } => {
                object! { "type": "thinking", "thinking": text, "signature": signature }
            }
            Self::Redacted(data) => object! { "type": "redacted_thinking", "data": data },
            Self::Text(text) => object! { "type": "text", "text": text },
            Self::ToolUse { id, name, input } => {
                let input: serde_json::Value = serde_json::from_str(input).unwrap_or_default();
                object! { "type": "tool_use", "id": id, "name": name, "input": input }
            }
        }
    }
}
