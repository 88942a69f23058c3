//! The request as a whole: its fields, and what they may not be together or with this model.

use serde_json::Value;

use super::messages::{self, Conversation};
use super::{options, tools};
use crate::simulated::answer::Asked;
use crate::simulated::failure::Failure;
use crate::simulated::fields::{Node, What};
use crate::simulated::openai::errors::{unsupported, unsupported_value};
use crate::simulated::openai::models::{self, Facts, Task, When};
use crate::simulated::openai::usage;
use crate::simulated::plan::{Prompt, Shape};

const FIELDS: &[&str] = &[
    "model",
    "messages",
    "max_completion_tokens",
    "max_tokens",
    "reasoning_effort",
    "verbosity",
    "temperature",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "seed",
    "n",
    "stop",
    "response_format",
    "parallel_tool_calls",
    "stream",
    "stream_options",
    "modalities",
    "audio",
    "prediction",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "moderation",
    "service_tier",
    "store",
    "metadata",
    "safety_identifier",
    "web_search_options",
    "user",
    "functions",
    "function_call",
    "tools",
    "tool_choice",
];

#[derive(Debug)]
pub(super) struct Request {
    pub(super) prompt: Prompt,
    pub(super) choices: u64,
    pub(super) is_stream: bool,
    pub(super) include_usage: bool,
    pub(super) obfuscate: bool,
    pub(super) logprobs: Option<u64>,
    pub(super) prompt_tokens: u64,
    pub(super) cached_tokens: u64,
}

pub(super) fn read(asked: &Asked<'_>) -> Result<Request, Failure> {
    let body = Node::root(asked.body);
    body.only(FIELDS).map_err(Failure::openai)?;
    let model = body.need("model").map_err(Failure::openai)?;
    model.text().map_err(Failure::openai)?;
    let facts = models::facts(asked.model)?;
    if !matches!(facts.task, Task::Chat | Task::Any) {
        let message = "This is not a chat model and thus not supported in the v1/chat/completions endpoint. Did you mean \
            to use v1/completions?";
        return Err(Failure::new(404, "invalid_request_error", message).param("model"));
    }
    let conversation = messages::read(&body.need("messages").map_err(Failure::openai)?)?;
    let settings = options::read(&body).map_err(Failure::openai)?;
    together(&body)?;
    let effort = effort(&body, &facts)?;
    suits(&body, &facts, effort)?;
    let (tools, choice) = tools::read(&body)?;
    if matches!(settings.shape, Shape::Object) {
        word_json(&conversation)?;
    }
    let no_messages = Vec::new();
    let messages = asked
        .body
        .get("messages")
        .and_then(Value::as_array)
        .unwrap_or(&no_messages);
    let (prompt_tokens, cached_tokens) = usage::prompt(
        asked.simulator,
        asked.model,
        messages,
        asked.body.get("tools"),
    );
    fits(&facts, prompt_tokens)?;
    let one_call_only = body
        .get("parallel_tool_calls")
        .is_some_and(|node| node.value == &Value::Bool(false));
    Ok(Request {
        prompt: Prompt {
            heard: conversation.heard,
            tools,
            choice,
            one_call_only,
            stops: settings.stops,
            limit: settings.limit,
            shape: settings.shape,
            thinking: facts.thinking(effort),
        },
        choices: settings.choices,
        is_stream: settings.is_stream,
        include_usage: settings.include_usage,
        obfuscate: settings.obfuscate,
        logprobs: settings.logprobs,
        prompt_tokens,
        cached_tokens,
    })
}

fn fits(facts: &Facts, tokens: u64) -> Result<(), Failure> {
    if tokens <= facts.context {
        return Ok(());
    }
    let message = format!(
        "This model's maximum context length is {} tokens. However, your messages resulted in {tokens} tokens. Please \
         reduce the length of the messages.",
        facts.context
    );
    Err(Failure::bad(message)
        .param("messages")
        .code("context_length_exceeded"))
}

fn word_json(conversation: &Conversation) -> Result<(), Failure> {
    if conversation.all_text.to_lowercase().contains("json") {
        return Ok(());
    }
    let message = "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.";
    Err(Failure::bad(message).param("messages"))
}

/// What can't be said together.
fn together(body: &Node<'_>) -> Result<(), Failure> {
    let has = |name| body.get(name).is_some();
    if has("max_tokens") && has("max_completion_tokens") {
        let message =
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.";
        return Err(Failure::bad(message).code("invalid_parameter_combination"));
    }
    let is_stream = body
        .get("stream")
        .is_some_and(|node| node.value == &Value::Bool(true));
    if has("stream_options") && !is_stream {
        let message = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
        return Err(Failure::bad(message).param("stream_options"));
    }
    for name in ["tool_choice", "parallel_tool_calls"] {
        if has(name) && !has("tools") {
            let message = format!("'{name}' is only allowed when 'tools' are specified.");
            return Err(Failure::bad(message).param(name));
        }
    }
    let wants_logprobs = body
        .get("logprobs")
        .is_some_and(|node| node.value == &Value::Bool(true));
    if has("top_logprobs") && !wants_logprobs {
        return Err(
            Failure::bad("'logprobs' must be set to true if 'top_logprobs' is used.")
                .param("top_logprobs"),
        );
    }
    Ok(())
}

fn effort<'a>(body: &Node<'a>, facts: &Facts) -> Result<&'a str, Failure> {
    let Some(node) = body.get("reasoning_effort") else {
        return Ok(facts.default_effort);
    };
    let known = &["none", "minimal", "low", "medium", "high", "xhigh", "max"];
    let effort = node.one_of(known).map_err(Failure::openai)?;
    if facts.efforts.is_empty() {
        return Err(unsupported("reasoning_effort", None));
    }
    if !facts.efforts.contains(&effort) {
        let listed = facts
            .efforts
            .iter()
            .map(|name| format!("'{name}'"))
            .collect::<Vec<_>>()
            .join(", ");
        let supported = format!("Supported values are: {listed}.");
        return Err(unsupported_value(
            "reasoning_effort",
            &format!("'{effort}'"),
            &supported,
        ));
    }
    Ok(effort)
}

/// What this model refuses.
fn suits(body: &Node<'_>, facts: &Facts, effort: &str) -> Result<(), Failure> {
    let is_open = |when| match when {
        When::Always => true,
        When::NotReasoning => effort == "none",
        When::Never => false,
    };
    if body.get("max_tokens").is_some() && !facts.takes_max_tokens {
        return Err(unsupported("max_tokens", Some("max_completion_tokens")));
    }
    if body.get("stop").is_some() && !facts.takes_stop {
        return Err(unsupported("stop", None));
    }
    if !is_open(facts.sampling) {
        for name in [
            "temperature",
            "top_p",
            "presence_penalty",
            "frequency_penalty",
        ] {
            let neutral = if name.ends_with("penalty") { 0.0 } else { 1.0 };
            let Some(value) = body.get(name).and_then(|node| node.value.as_f64()) else {
                continue;
            };
            if value != neutral {
                let supported = format!("Only the default ({neutral}) value is supported.");
                return Err(unsupported_value(name, &value.to_string(), &supported));
            }
        }
        for name in ["logprobs", "top_logprobs", "logit_bias"] {
            if body
                .get(name)
                .is_some_and(|node| node.value != &Value::Bool(false))
            {
                return Err(unsupported(name, None));
            }
        }
    }
    if body.get("tools").is_some() && !is_open(facts.chat_tools) {
        let message = "Function tools with reasoning_effort are not supported for this model in /v1/chat/completions. \
            Please use /v1/responses instead.";
        return Err(Failure::bad(message)
            .param("tools")
            .code("unsupported_parameter"));
    }
    if let Some(modalities) = body.get("modalities") {
        for item in modalities.items().map_err(Failure::openai)? {
            let name = item.one_of(&["text", "audio"]).map_err(Failure::openai)?;
            if name == "audio" && !matches!(facts.task, Task::Any) {
                let what = What::Other(
                    "This model does not support the requested output modalities.".to_owned(),
                );
                return Err(Failure::openai(item.problem(what)));
            }
        }
    }
    Ok(())
}
