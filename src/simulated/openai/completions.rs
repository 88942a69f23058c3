//! POST /v1/completions, the old one.

use bytes::Bytes;
use serde_json::Value;

use super::CREATED;
use super::errors::unsupported;
use super::models::{self, Task};
use super::usage::{Usage, weigh};
use crate::simulated::answer::{Answer, Asked, Content, data};
use crate::simulated::failure::Failure;
use crate::simulated::fault::Fault;
use crate::simulated::fields::{Node, Problem, What};
use crate::simulated::json::{Json, Writer, object};
use crate::simulated::plan::{Finish, Heard, Plan, Prompt};
use crate::simulated::script::{Frame, Kind};

const FIELDS: &[&str] = &[
    "model",
    "prompt",
    "suffix",
    "echo",
    "best_of",
    "logprobs",
    "max_tokens",
    "temperature",
    "top_p",
    "n",
    "stream",
    "stream_options",
    "stop",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "seed",
    "user",
];

struct Request {
    prompts: Vec<Prompt>,
    is_echo: bool,
    is_stream: bool,
    include_usage: bool,
    prompt_tokens: u64,
}

pub(super) fn answer(asked: &mut Asked<'_>) -> Result<Answer, Failure> {
    let body = Node::root(asked.body);
    let request = read(&body).map_err(Failure::openai)?;
    let facts = models::facts(asked.model)?;
    if !matches!(facts.task, Task::Text | Task::Any) {
        let message = "This is a chat model and not supported in the v1/completions endpoint. Did you mean to use \
            v1/chat/completions?";
        return Err(Failure::new(404, "invalid_request_error", message).param("model"));
    }
    if body.get("suffix").is_some() && facts.task == Task::Text {
        return Err(unsupported("suffix", None));
    }
    Ok(write(asked, &request))
}

fn read(body: &Node<'_>) -> Result<Request, Problem> {
    body.only(FIELDS)?;
    body.need("model")?.text()?;
    for (name, least, most) in [
        ("temperature", 0.0, 2.0),
        ("top_p", 0.0, 1.0),
        ("presence_penalty", -2.0, 2.0),
        ("frequency_penalty", -2.0, 2.0),
        ("logprobs", 0.0, 5.0),
        ("best_of", 1.0, 20.0),
    ] {
        if let Some(node) = body.get(name) {
            node.number(least, most)?;
        }
    }
    let flag = |name: &str| body.get(name).map_or(Ok(false), |node| node.flag());
    let prompt = body.need("prompt")?;
    let texts = match prompt.value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) if items.first().is_some_and(Value::is_string) => prompt
            .items()?
            .iter()
            .map(|item| item.text().map(str::to_owned))
            .collect::<Result<_, _>>()?,
        Value::Array(items) if items.is_empty() => return Err(prompt.problem(What::TooFew)),
        Value::Array(_) => vec![prompt.value.to_string()],
        _ => {
            return Err(prompt.problem(What::Type {
                expected: "a string",
                got: "something else",
            }));
        }
    };
    let choices = body.get("n").map_or(Ok(1), |node| node.integer(1, 128))?;
    let stops = match body.get("stop") {
        Some(stop) if stop.value.is_string() => vec![stop.text()?.to_owned()],
        Some(stop) => {
            let items = stop.items()?;
            if items.len() > 4 {
                return Err(stop.problem(What::TooMany {
                    most: 4,
                    got: items.len(),
                }));
            }
            items
                .iter()
                .map(|item| item.text().map(str::to_owned))
                .collect::<Result<_, _>>()?
        }
        None => Vec::new(),
    };
    let limit = body
        .get("max_tokens")
        .map_or(Ok(16), |node| node.count(0))?;
    let options = body.get("stream_options");
    let include_usage = options
        .as_ref()
        .and_then(|options| options.get("include_usage"));
    let prompts = texts.into_iter().flat_map(|last_user| {
        let mut heard = Heard::default();
        heard.user(last_user, &Value::Null);
        let prompt = Prompt {
            heard,
            stops: stops.clone(),
            limit: Some(limit),
            ..Prompt::default()
        };
        (0..choices).map(move |_| prompt.clone())
    });
    Ok(Request {
        prompts: prompts.collect(),
        is_echo: flag("echo")?,
        is_stream: flag("stream")?,
        include_usage: include_usage.map_or(Ok(false), |node| node.flag())?,
        prompt_tokens: weigh(prompt.value).max(1),
    })
}

fn write(asked: &mut Asked<'_>, request: &Request) -> Answer {
    let id = asked.ids.next("cmpl-");
    let model = models::resolved(asked.model);
    let plans: Vec<Plan> = (0..)
        .zip(&request.prompts)
        .map(|(choice, prompt)| Plan::new(prompt, choice))
        .collect();
    let completion = plans.iter().map(Plan::tokens).sum();
    let usage = Usage {
        prompt: request.prompt_tokens,
        completion,
        ..Usage::default()
    }
    .chat();
    let envelope = |choices: Vec<Json>, usage: Option<Json>| {
        let mut writer = Writer::new();
        writer.field("id", &id);
        writer.field("object", &"text_completion");
        writer.field("created", &CREATED);
        writer.field("model", &model);
        writer.field("choices", &choices);
        if let Some(usage) = usage {
            writer.field("usage", &usage);
        }
        writer.finish()
    };
    let choice = |index: usize, text: &str, finish: Option<&Finish>| {
        let reason = finish.map(|finish| {
            if *finish == Finish::Length {
                "length"
            } else {
                "stop"
            }
        });
        object! { "text": text, "index": index, "logprobs": (), "finish_reason": reason }
    };
    let texts = plans
        .iter()
        .zip(&request.prompts)
        .map(|(plan, prompt)| match request.is_echo {
            true => format!("{}{}", prompt.heard.last_user, plan.text),
            false => plan.text.clone(),
        });
    let texts: Vec<String> = texts.collect();
    if !request.is_stream {
        let choices = texts.iter().zip(&plans).enumerate();
        let choices = choices
            .map(|(index, (text, plan))| choice(index, text, Some(&plan.finish)))
            .collect();
        let body = envelope(
            choices,
            (!asked.has(&Fault::NoUsage)).then(|| usage.clone()),
        );
        return Answer {
            content: Content::Whole {
                body,
                text: texts.concat(),
            },
            usage,
            thinking_verified: 0,
        };
    }
    let is_wanted = request.include_usage && !asked.has(&Fault::NoUsage);
    let null = || is_wanted.then(|| Json::of(&()));
    let mut frames = Vec::new();
    for (index, (text, plan)) in texts.iter().zip(&plans).enumerate() {
        for piece in asked.pieces(text) {
            frames.push(data(
                &envelope(vec![choice(index, &piece, None)], null()),
                Kind::Content,
                &piece,
            ));
        }
        frames.push(data(
            &envelope(vec![choice(index, "", Some(&plan.finish))], null()),
            Kind::Lifecycle,
            "",
        ));
    }
    if is_wanted {
        frames.push(data(
            &envelope(Vec::new(), Some(usage.clone())),
            Kind::Lifecycle,
            "",
        ));
    }
    frames.push(Frame {
        bytes: Bytes::from_static(b"data: [DONE]\n\n"),
        kind: Kind::End,
        text: String::new(),
    });
    Answer {
        content: Content::Stream(frames),
        usage,
        thinking_verified: 0,
    }
}
