//! The answer as `chat.completion.chunk`s and `[DONE]`.

use bytes::Bytes;

use super::reply::{Head, finish_reason, logprobs};
use super::request::Request;
use crate::simulated::answer::{Asked, data};
use crate::simulated::fault::Fault;
use crate::simulated::json::{Json, Writer, object};
use crate::simulated::openai::CREATED;
use crate::simulated::plan::{Call, Finish, Plan};
use crate::simulated::script::{Frame, Kind};

/// One delta of one choice.
struct Delta {
    choice: usize,
    delta: Json,
    finish: Option<&'static str>,
    logprobs: Option<Json>,
    text: String,
    kind: Kind,
}

pub(super) fn frames(
    asked: &mut Asked<'_>,
    request: &Request,
    plans: &[Plan],
    head: &Head,
) -> Vec<Frame> {
    let choices = plans
        .iter()
        .enumerate()
        .map(|(choice, plan)| deltas(asked, request, choice, plan));
    let order = interleave(choices.collect());
    let last_content = order.iter().rposition(|delta| delta.kind == Kind::Content);
    let asked_for =
        head.include_usage && !asked.has(&Fault::NoUsage) && !asked.has(&Fault::UsageLastContent);
    let mut frames = Vec::with_capacity(order.len() + 2);
    for (index, delta) in order.iter().enumerate() {
        let is_last_content = last_content.is_none_or(|last| last == index);
        let usage = if asked.has(&Fault::UsageAll) {
            Some(head.usage.so_far(index + 1, order.len()).chat())
        } else if asked.has(&Fault::UsageLastContent) && is_last_content {
            Some(head.usage.chat())
        } else {
            asked_for.then(|| Json::of(&()))
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
        let chunk = chunk(head, Vec::new(), Some(head.usage.chat()), 3);
        frames.push(data(&chunk, Kind::Lifecycle, ""));
    }
    let bytes = Bytes::from_static(b"data: [DONE]\n\n");
    frames.push(Frame {
        bytes,
        kind: Kind::End,
        text: String::new(),
    });
    frames
}

/// Several choices come in turns, as the real ones do.
fn interleave(choices: Vec<Vec<Delta>>) -> Vec<Delta> {
    let longest = choices.iter().map(Vec::len).max().unwrap_or(0);
    let mut turns: Vec<_> = choices.into_iter().map(Vec::into_iter).collect();
    let mut order = Vec::new();
    for _ in 0..longest {
        order.extend(turns.iter_mut().filter_map(Iterator::next));
    }
    order
}

fn chunk(head: &Head, choices: Vec<Json>, usage: Option<Json>, index: usize) -> Json {
    let mut chunk = Writer::new();
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
    let delta = |delta: Json, text: &str, kind| {
        let text = text.to_owned();
        Delta {
            choice,
            delta,
            finish: None,
            logprobs: None,
            text,
            kind,
        }
    };
    let content: Option<&str> = plan.calls.is_empty().then_some("");
    let begin = object! { "role": "assistant", "content": content, "refusal": () };
    let mut deltas = vec![delta(begin, "", Kind::Lifecycle)];
    if asked.has(&Fault::ReasoningContent) {
        let pieces = asked.pieces(&plan.thinking);
        deltas.extend(
            pieces
                .iter()
                .map(|piece| delta(object! { "reasoning_content": piece }, "", Kind::Content)),
        );
    }
    for piece in asked
        .long_line()
        .into_iter()
        .chain(asked.pieces(&plan.text))
    {
        let json = match plan.finish {
            Finish::Refusal => object! { "refusal": piece },
            _ => object! { "content": piece },
        };
        let logprobs = request.logprobs.map(|top| logprobs(&piece, top));
        deltas.push(Delta {
            logprobs,
            ..delta(json, &piece, Kind::Content)
        });
    }
    for (index, call) in plan.calls.iter().enumerate() {
        for (json, text) in call_pieces(asked, index, call) {
            deltas.push(delta(
                object! { "tool_calls": [json] },
                &text,
                Kind::Content,
            ));
        }
    }
    let end = delta(object! {}, "", Kind::Lifecycle);
    deltas.push(Delta {
        finish: Some(finish_reason(&plan.finish)),
        ..end
    });
    deltas
}

/// A call's pieces, each with the text that it adds: id and name in the first, then the input bit by bit.
fn call_pieces(asked: &mut Asked<'_>, index: usize, call: &Call) -> Vec<(Json, String)> {
    let id = asked.ids.next("call_");
    let (kind, argument) = if call.is_custom {
        ("custom", "input")
    } else {
        ("function", "arguments")
    };
    let is_whole = asked.has(&Fault::WholeCalls);
    let part = |name: Option<&str>, input: &str| {
        let mut writer = Writer::new();
        if let Some(name) = name {
            writer.field("name", &name);
        }
        writer.field(argument, &input);
        writer.finish()
    };
    let begun = if is_whole { call.input.as_str() } else { "" };
    let mut first = Writer::new();
    if !is_whole {
        first.field("index", &index);
    }
    first.field("id", &id);
    first.field("type", &kind);
    first.field(kind, &part(Some(&call.name), begun));
    let mut pieces = vec![(first.finish(), begun.to_owned())];
    if !is_whole {
        pieces.extend(asked.pieces(&call.input).into_iter().map(|piece| {
            let mut next = Writer::new();
            next.field("index", &index);
            next.field(kind, &part(None, &piece));
            (next.finish(), piece)
        }));
    }
    pieces
}
