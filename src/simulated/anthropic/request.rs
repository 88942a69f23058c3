//! The request as a whole.

use super::blocks;
use super::messages::{self, Conversation, Rules};
use super::models::{self, Facts, Thinks};
use super::thinking::{self, Mode, Thinking};
use super::tools::{self, Tools};
use super::usage::{self, Usage};
use crate::simulated::answer::Asked;
use crate::simulated::failure::Failure;
use crate::simulated::fault::Fault;
use crate::simulated::fields::{Node, Problem, What};
use crate::simulated::plan::Prompt;

const FIELDS: &[&str] = &[
    "model",
    "max_tokens",
    "messages",
    "system",
    "stop_sequences",
    "stream",
    "metadata",
    "service_tier",
    "speed",
    "inference_geo",
    "container",
    "diagnostics",
    "cache_control",
    "thinking",
    "output_config",
    "tools",
    "tool_choice",
];
const SAMPLING: &[&str] = &["temperature", "top_p", "top_k"];
/// Only with an `anthropic-beta` header.
const BETA: &[&str] = &[
    "context_management",
    "compaction",
    "mcp_servers",
    "fallbacks",
    "fallback_credit_token",
    "thread",
    "billing_policy",
    "safeguards",
    "betas",
];
const COUNTED: &[&str] = &[
    "model",
    "messages",
    "system",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "cache_control",
    "speed",
];

#[derive(Debug)]
pub(super) struct Request {
    pub(super) prompt: Prompt,
    pub(super) is_stream: bool,
    pub(super) mode: Mode,
    pub(super) is_thinking_shown: bool,
    pub(super) prefix: u128,
    pub(super) verified: u32,
    pub(super) usage: Usage,
}

pub(super) fn read(asked: &Asked<'_>) -> Result<Request, Failure> {
    let body = Node::root(asked.body);
    let fields = [
        FIELDS,
        if is_new(asked) { &[] } else { SAMPLING },
        beta(asked),
    ]
    .concat();
    body.only(&fields).map_err(Failure::anthropic)?;
    let facts = model(asked, &body)?;
    let limit = body
        .need("max_tokens")
        .and_then(|node| node.count(0))
        .map_err(Failure::anthropic)?;
    if limit > facts.most_output {
        return Err(Failure::bad(format!(
            "max_tokens: {limit} > {}, which is the maximum allowed number of output tokens for {}",
            facts.most_output, asked.model
        )));
    }
    let stops = scalars(&body).map_err(Failure::anthropic)?;
    let (conversation, thinking, tools) = said(asked, &body, &facts)?;
    if let Some(budget) = body
        .get("thinking")
        .and_then(|node| node.get("budget_tokens"))
        && budget.value.as_u64().is_some_and(|budget| budget >= limit)
    {
        return Err(Failure::bad(
            "`max_tokens` must be greater than `thinking.budget_tokens`.",
        ));
    }
    let is_stream = body
        .get("stream")
        .map_or(Ok(false), |node| node.flag())
        .map_err(Failure::anthropic)?;
    let usage = usage::prompt(asked.simulator, asked.model, asked.body);
    let tokens = usage.total_input();
    if tokens > facts.context {
        return Err(Failure::bad(format!(
            "prompt is too long: {tokens} tokens > {} maximum",
            facts.context
        )));
    }
    Ok(Request {
        prompt: Prompt {
            heard: conversation.heard,
            tools: tools.list,
            choice: tools.choice,
            one_call_only: tools.one_call_only,
            stops,
            limit: Some(limit),
            shape: thinking.shape,
            thinking: thinking.tokens,
        },
        is_stream,
        mode: thinking.mode,
        is_thinking_shown: thinking.is_shown,
        prefix: conversation.prefix,
        verified: conversation.verified,
        usage,
    })
}

/// The tokens that `read` would count, for `/v1/messages/count_tokens`.
pub(super) fn count(asked: &Asked<'_>) -> Result<u64, Failure> {
    let body = Node::root(asked.body);
    body.only(&[COUNTED, beta(asked)].concat())
        .map_err(Failure::anthropic)?;
    let facts = model(asked, &body)?;
    said(asked, &body, &facts)?;
    Ok(usage::count(asked.body))
}

fn is_new(asked: &Asked<'_>) -> bool {
    asked
        .headers
        .get("anthropic-version")
        .is_some_and(|version| version == "2026-10-21")
}

fn beta(asked: &Asked<'_>) -> &'static [&'static str] {
    if asked.headers.contains_key("anthropic-beta") {
        BETA
    } else {
        &[]
    }
}

fn model(asked: &Asked<'_>, body: &Node<'_>) -> Result<Facts, Failure> {
    body.need("model")
        .and_then(|model| model.text())
        .map_err(Failure::anthropic)?;
    models::facts(asked.model)
}

fn said(
    asked: &Asked<'_>,
    body: &Node<'_>,
    facts: &Facts,
) -> Result<(Conversation, Thinking, Tools), Failure> {
    system(body).map_err(Failure::anthropic)?;
    blocks::cache_control(body).map_err(Failure::anthropic)?;
    let tools = tools::read(body)?;
    let thinking = thinking::read(body, asked.model, facts)?;
    if tools.is_forced {
        if !facts.has_forced_tool {
            return Err(Failure::bad(
                "tool_choice: forcing tool use is not supported on this model.",
            ));
        }
        if thinking.mode.is_on() && !matches!(facts.thinks, Thinks::Always | Thinks::ByDefault) {
            return Err(Failure::bad(
                "Thinking may not be enabled when tool_choice forces tool use.",
            ));
        }
    }
    let marks = usage::count_marks(asked.body);
    if marks > 4 {
        let message =
            format!("A maximum of 4 blocks with cache_control may be provided. Found {marks}.");
        return Err(Failure::bad(message));
    }
    let rules = Rules {
        facts: *facts,
        model: asked.model,
        mode: thinking.mode,
        is_new_version: is_new(asked),
        is_strict_thinking: asked.has(&Fault::StrictThinking),
    };
    let list = body.need("messages").map_err(Failure::anthropic)?;
    Ok((messages::read(&list, &rules)?, thinking, tools))
}

fn system(body: &Node<'_>) -> Result<(), Problem> {
    let Some(system) = body
        .get("system")
        .filter(|system| !system.value.is_string())
    else {
        return Ok(());
    };
    for block in system.items()? {
        block.need("type")?.one_of(&["text"])?;
        blocks::text(&block)?;
        blocks::cache_control(&block)?;
    }
    Ok(())
}

fn scalars(body: &Node<'_>) -> Result<Vec<String>, Problem> {
    if let Some(metadata) = body.get("metadata") {
        metadata.only(&["user_id"])?;
        if let Some(user) = metadata.get("user_id") {
            user.text_within(256)?;
        }
    }
    for (name, allowed) in [
        ("service_tier", &["auto", "standard_only"][..]),
        ("speed", &["standard", "fast"]),
    ] {
        if let Some(node) = body.get(name) {
            node.one_of(allowed)?;
        }
    }
    let Some(stops) = body.get("stop_sequences") else {
        return Ok(Vec::new());
    };
    let items = stops.items()?;
    let is_blank = |item: &&Node<'_>| {
        item.value
            .as_str()
            .is_some_and(|text| text.trim().is_empty())
    };
    if items.iter().any(|item| is_blank(&item)) {
        return Err(stops.problem(What::Other(
            "each stop sequence must contain non-whitespace".to_owned(),
        )));
    }
    items
        .iter()
        .map(|item| item.text().map(str::to_owned))
        .collect()
}
