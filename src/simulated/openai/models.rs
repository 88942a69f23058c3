//! The simulated OpenAI's models and what they refuse.
//! From the vendor's guide in codex 0.169.0; o-series and gpt-5 from the API reference.

use super::CREATED;
use super::errors::no_such_model;
use crate::simulated::failure::Failure;
use crate::simulated::json::{Json, object};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    Always,
    /// Only with `reasoning_effort: none`.
    NotReasoning,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    Chat,
    Text,
    Embedding {
        dimensions: usize,
    },
    /// Does everything; for routes that name no real model.
    Any,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    pub(super) task: Task,
    /// Empty: does not reason.
    pub(super) efforts: &'static [&'static str],
    pub(super) default_effort: &'static str,
    pub(super) sampling: When,
    pub(super) chat_tools: When,
    pub(super) takes_stop: bool,
    pub(super) takes_max_tokens: bool,
    /// Tokens of a prompt, at most.
    pub(super) context: u64,
}

const PLAIN: Facts = Facts {
    task: Task::Chat,
    efforts: &[],
    default_effort: "none",
    sampling: When::Always,
    chat_tools: When::Always,
    takes_stop: true,
    takes_max_tokens: true,
    context: 128_000,
};

const REASONING: Facts = Facts {
    efforts: &["low", "medium", "high"],
    default_effort: "medium",
    sampling: When::Never,
    takes_max_tokens: false,
    context: 400_000,
    ..PLAIN
};

/// Names as they are listed; dated and sized variants are accepted by prefix.
const LISTED: [&str; 14] = [
    "gpt-4o",
    "gpt-4o-mini",
    "gpt-4.1",
    "gpt-3.5-turbo-instruct",
    "gpt-5",
    "gpt-5-mini",
    "gpt-5.1",
    "gpt-6-sol",
    "gpt-6-astra",
    "o3",
    "o4-mini",
    "text-embedding-3-small",
    "text-embedding-3-large",
    "sim-gpt",
];

pub(super) fn facts(model: &str) -> Result<Facts, Failure> {
    let is = |prefix: &str| model == prefix || model.starts_with(&format!("{prefix}-"));
    let embedding = |dimensions| Facts {
        task: Task::Embedding { dimensions },
        ..PLAIN
    };
    Ok(match model {
        _ if is("text-embedding-3-small")
            || is("text-embedding-ada-002")
            || is("sim-embedding") =>
        {
            embedding(1536)
        }
        _ if is("text-embedding-3-large") => embedding(3072),
        _ if is("gpt-3.5-turbo-instruct") => Facts {
            task: Task::Text,
            ..PLAIN
        },
        _ if model.starts_with("sim-") => Facts {
            task: Task::Any,
            efforts: &["none", "minimal", "low", "medium", "high", "xhigh", "max"],
            context: 1_000_000,
            ..PLAIN
        },
        _ if is("gpt-4o")
            || is("gpt-4.1")
            || is("gpt-4")
            || is("gpt-4-turbo")
            || is("gpt-3.5-turbo") =>
        {
            PLAIN
        }
        _ if is("o3") || is("o4-mini") => Facts {
            takes_stop: false,
            ..REASONING
        },
        _ if is("o1") => REASONING,
        _ if is("gpt-5") => Facts {
            efforts: &["minimal", "low", "medium", "high"],
            ..REASONING
        },
        _ if model.starts_with("gpt-5.") => Facts {
            efforts: &["none", "low", "medium", "high", "xhigh"],
            default_effort: "none",
            sampling: When::NotReasoning,
            ..REASONING
        },
        _ if is("gpt-6-astra") || is("gpt-6.1-sol") => Facts {
            efforts: &["low", "medium", "high", "xhigh", "max"],
            chat_tools: When::Never,
            ..REASONING
        },
        _ if model.starts_with("gpt-6.2") => GPT_6_2,
        _ if is("gpt-6") || model.starts_with("gpt-6.") => GPT_6,
        _ => return Err(no_such_model(model)),
    })
}

const GPT_6: Facts = Facts {
    efforts: &["none", "minimal", "low", "medium", "high", "xhigh", "max"],
    default_effort: "none",
    sampling: When::NotReasoning,
    chat_tools: When::NotReasoning,
    ..REASONING
};

const GPT_6_2: Facts = Facts {
    efforts: &["none", "minimal", "low", "medium", "high", "xhigh"],
    ..GPT_6
};

impl Facts {
    /// Tokens that an effort thinks.
    pub(super) fn thinking(&self, effort: &str) -> u64 {
        match effort {
            _ if self.efforts.is_empty() => 0,
            "none" => 0,
            "minimal" => 8,
            "low" => 32,
            "high" => 128,
            "xhigh" => 256,
            "max" => 512,
            _ => 64,
        }
    }
}

/// The name that a reply gives: aliases are resolved to a dated model.
pub(super) fn resolved(model: &str) -> String {
    match model {
        "gpt-4o" => "gpt-4o-2024-08-06".to_owned(),
        "gpt-4o-mini" => "gpt-4o-mini-2024-07-18".to_owned(),
        other => other.to_owned(),
    }
}

pub(super) fn list() -> Json {
    object! { "object": "list", "data": LISTED.map(described) }
}

pub(super) fn entry(id: &str) -> Result<Json, Failure> {
    facts(id).map(|_| described(id))
}

fn described(id: &str) -> Json {
    object! { "id": id, "object": "model", "created": CREATED, "owned_by": "system" }
}
