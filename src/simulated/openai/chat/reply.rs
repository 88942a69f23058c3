//! The answer as one `chat.completion`.

use serde_json::Value;

use super::request::Request;
use super::stream;
use crate::simulated::answer::{Answer, Asked, Content};
use crate::simulated::fault::Fault;
use crate::simulated::json::{Json, Writer, object};
use crate::simulated::openai::usage::Usage;
use crate::simulated::openai::{CREATED, models};
use crate::simulated::plan::{Call, Finish, Plan};
use crate::simulated::tokens;

pub(super) fn write(asked: &mut Asked<'_>, request: &Request) -> Answer {
    let id = asked.ids.next("chatcmpl-");
    let model = models::resolved(asked.model);
    let mut plans: Vec<Plan> = (0..request.choices)
        .map(|choice| Plan::new(&request.prompt, choice))
        .collect();
    for plan in &mut plans {
        if asked.has(&Fault::ReasoningContent) && plan.thinking.is_empty() {
            plan.thinking = "The user wants an answer; an echo will do.".to_owned();
        }
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
        usage,
        include_usage: request.include_usage,
        obfuscate: request.obfuscate,
    };
    let content = match request.is_stream {
        true => Content::Stream(stream::frames(asked, request, &plans, &head)),
        false => whole(asked, request, &plans, &head),
    };
    Answer {
        content,
        usage: usage.chat(),
        thinking_verified: 0,
    }
}

pub(super) struct Head {
    pub(super) id: String,
    pub(super) model: String,
    pub(super) usage: Usage,
    pub(super) include_usage: bool,
    pub(super) obfuscate: bool,
}

pub(super) fn finish_reason(finish: &Finish) -> &'static str {
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
        let mut message = Writer::new();
        message.field("role", &"assistant");
        message.field("content", &text.filter(|_| !is_refusal));
        message.field("refusal", &text.filter(|_| is_refusal));
        message.field("annotations", &Vec::<()>::new());
        if asked.has(&Fault::ReasoningContent) {
            message.field("reasoning_content", &plan.thinking);
        }
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
    let mut body = Writer::new();
    body.field("id", &head.id);
    body.field("object", &"chat.completion");
    body.field("created", &CREATED);
    body.field("model", &head.model);
    body.field("choices", &choices);
    if !asked.has(&Fault::NoUsage) {
        body.field("usage", &head.usage.chat());
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

pub(super) fn logprobs(text: &str, top: u64) -> Json {
    let content: Vec<_> = tokens::pieces(text)
        .map(|token| {
            let entry = object! { "token": token, "logprob": -0.25, "bytes": token.as_bytes() };
            let top: Vec<_> = (0..top.min(1)).map(|_| entry.clone()).collect();
            object! { "token": token, "logprob": -0.25, "bytes": token.as_bytes(), "top_logprobs": top }
        })
        .collect();
    object! { "content": content, "refusal": Value::Null }
}
