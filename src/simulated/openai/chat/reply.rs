//! The answer: one `chat.completion`, or `chat.completion.chunk`s and `[DONE]`.

use bytes::Bytes;
use serde_json::Value;

use super::request::Request;
use crate::simulated::answer::{Answer, Asked, Content, data};
use crate::simulated::fault::Fault;
use crate::simulated::json::{Json, object};
use crate::simulated::openai::usage::Usage;
use crate::simulated::openai::{CREATED, models};
use crate::simulated::plan::{Call, Finish, Plan};
use crate::simulated::script::{Frame, Kind};
use crate::simulated::tokens;

pub(super) fn write(asked: &mut Asked<'_>, request: &Request) -> Answer {
    let id = asked.ids.next("chatcmpl-");
    let model = models::resolved(asked.model);
    let mut plans: Vec<Plan> = (0..request.choices)
        .map(|choice| Plan::new(&request.prompt, choice))
        .collect();
    for plan in &mut plans {
        plan.text = asked.stretched(std::mem::take(&mut plan.text));
    }
    let usage = Usage {
        prompt: request.prompt_tokens,
        cached: request.cached_tokens,
        completion: plans.iter().map(Plan::tokens).sum(),
        reasoning: plans.iter().map(Plan::thinking_tokens).sum(),
    };
    let head = Head {
        id,
        model,
        usage: usage.chat(),
        include_usage: request.include_usage,
        obfuscate: request.obfuscate,
    };
    let content = match request.is_stream {
        true => Content::Stream(stream(asked, request, &plans, &head)),
        false => whole(asked, request, &plans, &head),
    };
    Answer {
        content,
        usage: usage.chat(),
        thinking_verified: 0,
    }
}

struct Head {
    id: String,
    model: String,
    usage: Json,
    include_usage: bool,
    obfuscate: bool,
}

fn finish_reason(finish: &Finish) -> &'static str {
    match finish {
        Finish::End | Finish::Stop(_) | Finish::Refusal => "stop",
        Finish::Length => "length",
        Finish::Calls => "tool_calls",
    }
}

fn whole(asked: &mut Asked<'_>, request: &Request, plans: &[Plan], head: &Head) -> Content {
    let choices = plans.iter().enumerate().map(|(index, plan)| {
        let is_refusal = plan.finish == Finish::Refusal;
        let text = (!plan.text.is_empty() || plan.calls.is_empty()).then_some(plan.text.as_str());
        let mut message = crate::simulated::json::Writer::new();
        message.field("role", &"assistant");
        message.field("content", &text.filter(|_| !is_refusal));
        message.field("refusal", &text.filter(|_| is_refusal));
        message.field("annotations", &Vec::<()>::new());
        if !plan.calls.is_empty() {
            let calls: Vec<_> = plan
                .calls
                .iter()
                .map(|call| call_whole(&asked.ids.next("call_"), call))
                .collect();
            message.field("tool_calls", &calls);
        }
        object! {
            "index": index,
            "message": message.finish(),
            "logprobs": request.logprobs.map(|top| logprobs(&plan.text, top)),
            "finish_reason": finish_reason(&plan.finish),
        }
    });
    let choices: Vec<_> = choices.collect();
    let mut body = crate::simulated::json::Writer::new();
    body.field("id", &head.id);
    body.field("object", &"chat.completion");
    body.field("created", &CREATED);
    body.field("model", &head.model);
    body.field("choices", &choices);
    if !asked.has(&Fault::NoUsage) {
        body.field("usage", &head.usage);
    }
    body.field("service_tier", &"default");
    body.field("system_fingerprint", &"fp_simulated");
    let text = plans.iter().map(|plan| plan.text.as_str()).collect();
    Content::Whole {
        body: body.finish(),
        text,
    }
}

fn call_whole(id: &str, call: &Call) -> Json {
    match call.is_custom {
        true => object! {
            "id": id, "type": "custom", "custom": object! { "name": call.name, "input": call.input },
        },
        false => object! {
            "id": id, "type": "function", "function": object! { "name": call.name, "arguments": call.input },
        },
    }
}

/// One delta of one choice.
struct Delta {
    choice: usize,
    delta: Json,
    finish: Option<&'static str>,
    logprobs: Option<Json>,
    text: String,
    kind: Kind,
}

fn stream(asked: &mut Asked<'_>, request: &Request, plans: &[Plan], head: &Head) -> Vec<Frame> {
    let choices: Vec<Vec<Delta>> = plans
        .iter()
        .enumerate()
        .map(|(choice, plan)| deltas(asked, request, choice, plan))
        .collect();
    // Several choices come interleaved, as the real ones do.
    let longest = choices.iter().map(Vec::len).max().unwrap_or(0);
    let mut turns: Vec<_> = choices.into_iter().map(Vec::into_iter).collect();
    let order: Vec<Delta> = (0..longest)
        .flat_map(|_| {
            turns
                .iter_mut()
                .filter_map(Iterator::next)
                .collect::<Vec<_>>()
        })
        .collect();
    let last_content = order.iter().rposition(|delta| delta.kind == Kind::Content);
    let asked_for =
        head.include_usage && !asked.has(&Fault::NoUsage) && !asked.has(&Fault::UsageLastContent);
    let mut frames = Vec::with_capacity(order.len() + 2);
    for (index, delta) in order.iter().enumerate() {
        let is_here = asked.has(&Fault::UsageAll)
            || asked.has(&Fault::UsageLastContent) && last_content.is_none_or(|last| last == index);
        let usage = match (is_here, asked_for) {
            (true, _) => Some(Json::of(&head.usage)),
            (false, true) => Some(Json::of(&())),
            (false, false) => None,
        };
        let choice = object! {
            "index": delta.choice, "delta": delta.delta, "logprobs": delta.logprobs, "finish_reason": delta.finish,
        };
        frames.push(data(
            &chunk(head, vec![choice], usage, index),
            delta.kind,
            &delta.text,
        ));
    }
    if asked_for {
        frames.push(data(
            &chunk(head, Vec::new(), Some(Json::of(&head.usage)), 3),
            Kind::Lifecycle,
            "",
        ));
    }
    let bytes = Bytes::from_static(b"data: [DONE]\n\n");
    frames.push(Frame {
        bytes,
        kind: Kind::End,
        text: String::new(),
    });
    frames
}

fn chunk(head: &Head, choices: Vec<Json>, usage: Option<Json>, index: usize) -> Json {
    let mut chunk = crate::simulated::json::Writer::new();
    chunk.field("id", &head.id);
    chunk.field("object", &"chat.completion.chunk");
    chunk.field("created", &CREATED);
    chunk.field("model", &head.model);
    chunk.field("service_tier", &"default");
    chunk.field("system_fingerprint", &"fp_simulated");
    chunk.field("choices", &choices);
    if let Some(usage) = usage {
        chunk.field("usage", &usage);
    }
    if head.obfuscate {
        let padding = "aZ3kQ9xLm2Tb7Rw".get(..index * 7 % 15).unwrap_or_default();
        chunk.field("obfuscation", &padding);
    }
    chunk.finish()
}

fn deltas(asked: &mut Asked<'_>, request: &Request, choice: usize, plan: &Plan) -> Vec<Delta> {
    let mut deltas = Vec::new();
    let mut push = |delta: Json, text: &str, kind, logprobs| {
        deltas.push(Delta {
            choice,
            delta,
            finish: None,
            logprobs,
            text: text.to_owned(),
            kind,
        });
    };
    let content: Option<&str> = plan.calls.is_empty().then_some("");
    push(
        object! { "role": "assistant", "content": content, "refusal": () },
        "",
        Kind::Lifecycle,
        None,
    );
    for piece in asked
        .long_line()
        .into_iter()
        .chain(asked.pieces(&plan.text))
    {
        let delta = match plan.finish {
            Finish::Refusal => object! { "refusal": piece },
            _ => object! { "content": piece },
        };
        let logprobs = request.logprobs.map(|top| logprobs(&piece, top));
        push(delta, &piece, Kind::Content, logprobs);
    }
    for (index, call) in plan.calls.iter().enumerate() {
        let id = asked.ids.next("call_");
        let (kind, argument) = if call.is_custom {
            ("custom", "input")
        } else {
            ("function", "arguments")
        };
        let part = |fields: &[(&str, &str)]| {
            let mut writer = crate::simulated::json::Writer::new();
            fields
                .iter()
                .for_each(|(name, value)| writer.field(name, value));
            writer.finish()
        };
        let mut first = crate::simulated::json::Writer::new();
        first.field("index", &index);
        first.field("id", &id);
        first.field("type", &kind);
        first.field(kind, &part(&[("name", &call.name), (argument, "")]));
        push(
            object! { "tool_calls": [first.finish()] },
            "",
            Kind::Content,
            None,
        );
        for piece in asked.pieces(&call.input) {
            let mut next = crate::simulated::json::Writer::new();
            next.field("index", &index);
            next.field(kind, &part(&[(argument, &piece)]));
            push(
                object! { "tool_calls": [next.finish()] },
                &piece,
                Kind::Content,
                None,
            );
        }
    }
    deltas.push(Delta {
        choice,
        delta: object! {},
        finish: Some(finish_reason(&plan.finish)),
        logprobs: None,
        text: String::new(),
        kind: Kind::Lifecycle,
    });
    deltas
}

fn logprobs(text: &str, top: u64) -> Json {
    let content: Vec<_> = tokens::pieces(text)
        .map(|token| {
            let entry = object! { "token": token, "logprob": -0.25, "bytes": token.as_bytes() };
            let top: Vec<_> = (0..top.min(1)).map(|_| entry.clone()).collect();
            object! { "token": token, "logprob": -0.25, "bytes": token.as_bytes(), "top_logprobs": top }
        })
        .collect();
    object! { "content": content, "refusal": Value::Null }
}
