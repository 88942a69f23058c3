//! The answer as output items, and the response object around them.

use serde_json::Value;

use super::request::Request;
use super::stream;
use crate::simulated::answer::{Answer, Asked, Content};
use crate::simulated::fault::Fault;
use crate::simulated::json::{Json, Writer, object};
use crate::simulated::openai::usage::Usage;
use crate::simulated::openai::{CREATED, models};
use crate::simulated::plan::{Finish, Plan};
use crate::simulated::signature::sign;

#[derive(Debug)]
pub(super) enum Item {
    Reasoning {
        id: String,
        sealed: String,
    },
    Message {
        id: String,
        text: String,
        is_refusal: bool,
    },
    Call {
        id: String,
        call_id: String,
        name: String,
        input: String,
        is_custom: bool,
    },
}

#[derive(Debug)]
pub(super) struct Reply {
    pub(super) id: String,
    pub(super) model: String,
    pub(super) items: Vec<Item>,
    /// Why it is incomplete.
    pub(super) incomplete: Option<&'static str>,
    pub(super) usage: Json,
    settings: Vec<(&'static str, Json)>,
}

pub(super) fn write(asked: &mut Asked<'_>, request: &Request) -> Answer {
    let mut plan = Plan::new(&request.prompt, 0);
    plan.text = asked.stretched(plan.text);
    let usage = Usage {
        prompt: request.prompt_tokens,
        cached: request.cached_tokens,
        completion: plan.tokens(),
        reasoning: plan.thinking_tokens(),
    };
    let usage = usage.responses();
    let reply = Reply {
        id: asked.ids.next("resp_"),
        model: models::resolved(asked.model),
        items: items(asked, &plan),
        incomplete: (plan.finish == Finish::Length).then_some("max_output_tokens"),
        usage: usage.clone(),
        settings: settings(asked.body),
    };
    let content = match request.is_stream {
        true => Content::Stream(stream::frames(asked, &reply)),
        false => Content::Whole {
            body: reply.finished(!asked.has(&Fault::NoUsage)),
            text: plan.text,
        },
    };
    Answer {
        content,
        usage,
        thinking_verified: request.verified,
    }
}

fn items(asked: &mut Asked<'_>, plan: &Plan) -> Vec<Item> {
    let mut items = Vec::new();
    if !plan.thinking.is_empty() {
        let id = asked.ids.next("rs_");
        items.push(Item::Reasoning {
            sealed: sign(asked.model, &id, 0),
            id,
        });
    }
    if !plan.text.is_empty() {
        let is_refusal = plan.finish == Finish::Refusal;
        items.push(Item::Message {
            id: asked.ids.next("msg_"),
            text: plan.text.clone(),
            is_refusal,
        });
    }
    for call in &plan.calls {
        items.push(Item::Call {
            id: asked.ids.next(if call.is_custom { "ctc_" } else { "fc_" }),
            call_id: asked.ids.next("call_"),
            name: call.name.clone(),
            input: call.input.clone(),
            is_custom: call.is_custom,
        });
    }
    items
}

/// What the response repeats of the request.
fn settings(body: &Value) -> Vec<(&'static str, Json)> {
    let or = |name: &str, default: Json| body.get(name).map_or(default, Json::of);
    vec![
        ("instructions", or("instructions", Json::of(&()))),
        ("max_output_tokens", or("max_output_tokens", Json::of(&()))),
        ("metadata", or("metadata", object! {})),
        (
            "parallel_tool_calls",
            or("parallel_tool_calls", Json::of(&true)),
        ),
        (
            "reasoning",
            or("reasoning", object! { "effort": (), "summary": () }),
        ),
        ("store", or("store", Json::of(&true))),
        ("temperature", or("temperature", Json::of(&1.0))),
        (
            "text",
            or("text", object! { "format": object! { "type": "text" } }),
        ),
        ("tool_choice", or("tool_choice", Json::of(&"auto"))),
        ("tools", or("tools", Json::of(&Vec::<()>::new()))),
        ("top_p", or("top_p", Json::of(&1.0))),
        ("truncation", or("truncation", Json::of(&"disabled"))),
    ]
}

impl Reply {
    pub(super) fn status(&self) -> &'static str {
        if self.incomplete.is_some() {
            "incomplete"
        } else {
            "completed"
        }
    }

    pub(super) fn finished(&self, has_usage: bool) -> Json {
        let output: Vec<_> = self
            .items
            .iter()
            .map(|item| item.json("completed"))
            .collect();
        self.response(self.status(), &output, has_usage)
    }

    pub(super) fn failed(&self) -> Json {
        self.response("failed", &[], false)
    }

    pub(super) fn response(&self, status: &str, output: &[Json], has_usage: bool) -> Json {
        let mut writer = Writer::new();
        writer.field("id", &self.id);
        writer.field("object", &"response");
        writer.field("created_at", &CREATED);
        writer.field("status", &status);
        writer.field("background", &false);
        let message = "The server had an error while processing your request.";
        let error =
            (status == "failed").then(|| object! { "code": "server_error", "message": message });
        writer.field("error", &error);
        let incomplete = self.incomplete.filter(|_| status == "incomplete");
        writer.field(
            "incomplete_details",
            &incomplete.map(|reason| object! { "reason": reason }),
        );
        writer.field("model", &self.model);
        writer.field("output", &output);
        writer.field("previous_response_id", &());
        writer.field("service_tier", &"default");
        for (name, value) in &self.settings {
            writer.field(name, value);
        }
        writer.field("usage", &has_usage.then_some(&self.usage));
        writer.finish()
    }
}

impl Item {
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Reasoning { id, .. } | Self::Message { id, .. } | Self::Call { id, .. } => id,
        }
    }

    /// The item whole (`completed`), or as it is added to a stream: with nothing in it yet.
    pub(super) fn json(&self, status: &str) -> Json {
        let is_whole = status == "completed";
        match self {
            Self::Reasoning { id, sealed } => object! {
                "id": id, "type": "reasoning", "summary": Vec::<()>::new(), "encrypted_content": sealed,
            },
            Self::Message { id, .. } => {
                let content: Vec<_> = self
                    .part(is_whole)
                    .filter(|_| is_whole)
                    .into_iter()
                    .collect();
                object! { "id": id, "type": "message", "status": status, "role": "assistant", "content": content }
            }
            Self::Call {
                id,
                call_id,
                name,
                input,
                is_custom,
            } => {
                let mut writer = Writer::new();
                writer.field("id", id);
                writer.field(
                    "type",
                    if *is_custom {
                        &"custom_tool_call"
                    } else {
                        &"function_call"
                    },
                );
                writer.field("status", &status);
                writer.field("call_id", call_id);
                writer.field("name", name);
                let input = if is_whole { input.as_str() } else { "" };
                writer.field(if *is_custom { "input" } else { "arguments" }, &input);
                writer.finish()
            }
        }
    }

    /// The part of a message, with its text or still empty.
    pub(super) fn part(&self, is_whole: bool) -> Option<Json> {
        let Self::Message {
            text, is_refusal, ..
        } = self
        else {
            return None;
        };
        let text = if is_whole { text.as_str() } else { "" };
        let none = Vec::<()>::new();
        Some(match is_refusal {
            true => object! { "type": "refusal", "refusal": text },
            false => {
                object! { "type": "output_text", "annotations": none, "logprobs": none, "text": text }
            }
        })
    }
}
