//! The conversation: roles, parts, and that each tool call is answered by a tool message right after it.

use serde_json::Value;

use crate::simulated::failure::Failure;
use crate::simulated::fields::{Node, Problem, What};
use crate::simulated::plan::Heard;

#[derive(Debug, Default)]
pub(crate) struct Conversation {
    pub(crate) heard: Heard,
    pub(crate) all_text: String,
}

const ROLES: &[&str] = &[
    "system",
    "assistant",
    "user",
    "function",
    "tool",
    "developer",
];

pub(super) fn read(list: &Node<'_>) -> Result<Conversation, Failure> {
    let items = list.items().map_err(Failure::openai)?;
    if items.is_empty() {
        return Err(Failure::openai(list.problem(What::TooFew)));
    }
    let mut conversation = Conversation::default();
    let mut open: Vec<String> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let role = item
            .need("role")
            .and_then(|role| role.one_of(ROLES))
            .map_err(Failure::openai)?;
        if role == "tool" {
            let id = item
                .need("tool_call_id")
                .and_then(|id| id.text())
                .map_err(Failure::openai)?;
            let Some(position) = open.iter().position(|waiting| waiting == id) else {
                let message = "Invalid parameter: messages with role 'tool' must be a response to a preceeding message \
                    with 'tool_calls'.";
                return Err(Failure::bad(message).param(format!("messages.[{index}].role")));
            };
            open.remove(position);
        } else {
            all_answered(&open, index)?;
        }
        match role {
            "assistant" => {
                let calls = assistant(item).map_err(Failure::openai)?;
                conversation.heard.assistant(!calls.is_empty());
                open = calls;
            }
            _ => {
                let text = plain(item, role).map_err(Failure::openai)?;
                conversation.all_text.push_str(&text);
                let content = item.value.get("content").unwrap_or(&Value::Null);
                match role {
                    "user" => conversation.heard.user(text, content),
                    "tool" | "function" => conversation.heard.result(text, content),
                    _ => {}
                }
            }
        }
    }
    all_answered(&open, items.len())?;
    Ok(conversation)
}

fn all_answered(open: &[String], index: usize) -> Result<(), Failure> {
    if open.is_empty() {
        return Ok(());
    }
    let message = format!(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The \
         following tool_call_ids did not have response messages: {}",
        open.join(", ")
    );
    Err(Failure::bad(message).param(format!("messages.[{index}].role")))
}

/// The ids of the calls that an assistant message makes.
fn assistant(item: &Node<'_>) -> Result<Vec<String>, Problem> {
    item.only(&[
        "role",
        "content",
        "refusal",
        "name",
        "tool_calls",
        "function_call",
        "audio",
        "annotations",
    ])?;
    let calls = match item.get("tool_calls") {
        Some(list) => {
            let items = list.items()?;
            if items.is_empty() {
                return Err(list.problem(What::TooFew));
            }
            items.iter().map(call).collect::<Result<_, _>>()?
        }
        None => Vec::new(),
    };
    match item.get("content") {
        Some(content) => {
            text_of(&content, &["text", "refusal"])?;
        }
        None if calls.is_empty()
            && ["function_call", "refusal", "audio"]
                .iter()
                .all(|name| item.get(name).is_none()) =>
        {
            let place = item.place.bracketed();
            return Err(item.other(format!(
                "Invalid value for '{place}.content': expected a string, got null."
            )));
        }
        None => {}
    }
    Ok(calls)
}

fn call(item: &Node<'_>) -> Result<String, Problem> {
    let kind = item.need("type")?.one_of(&["function", "custom"])?;
    item.only(&["id", "type", kind])?;
    let id = item.need("id")?.text_within(64)?;
    let inner = item.need(kind)?;
    let argument = if kind == "function" {
        "arguments"
    } else {
        "input"
    };
    inner.only(&["name", argument])?;
    super::tools::check_name(&inner.need("name")?)?;
    inner.need(argument)?.text()?;
    Ok(id.to_owned())
}

fn plain(item: &Node<'_>, role: &str) -> Result<String, Problem> {
    let fields: &[&str] = if role == "tool" {
        &["role", "content", "tool_call_id"]
    } else {
        &["role", "content", "name"]
    };
    item.only(fields)?;
    let parts: &[&str] = match role {
        "user" => &["text", "image_url", "input_audio", "file"],
        _ => &["text"],
    };
    text_of(&item.need("content")?, parts)
}

fn text_of(content: &Node<'_>, parts: &[&str]) -> Result<String, Problem> {
    if let Value::String(text) = content.value {
        return Ok(text.clone());
    }
    let items = content.items()?;
    if items.is_empty() {
        return Err(content.problem(What::TooFew));
    }
    let texts = items
        .iter()
        .map(|item| part(item, parts))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(texts.concat())
}

fn part(item: &Node<'_>, allowed: &[&str]) -> Result<String, Problem> {
    let kind = item.need("type")?.one_of(allowed)?;
    item.only(&["type", kind, "prompt_cache_breakpoint"])?;
    let inner = item.need(kind)?;
    match kind {
        "image_url" => {
            inner.only(&["url", "detail"])?;
            if let Some(detail) = inner.get("detail") {
                detail.one_of(&["auto", "low", "high", "original"])?;
            }
            image(&inner.need("url")?)?;
        }
        "input_audio" => {
            inner.only(&["data", "format"])?;
            inner.need("data")?.text()?;
            inner.need("format")?.one_of(&["wav", "mp3"])?;
        }
        "file" => {
            inner.only(&["file_data", "file_id", "filename"])?;
            if inner.get("file_data").is_none() && inner.get("file_id").is_none() {
                return Err(inner.problem(What::Missing));
            }
        }
        _ => return Ok(inner.text()?.to_owned()),
    }
    Ok(String::new())
}

pub(crate) fn image(url: &Node<'_>) -> Result<(), Problem> {
    let text = url.text()?;
    if text.starts_with("https://") || text.starts_with("http://") {
        return Ok(());
    }
    let Some(data) = text.strip_prefix("data:") else {
        let place = url.place.bracketed();
        return Err(url.other(format!(
            "Invalid '{place}'. Expected a valid URL, but got a value with an invalid format."
        )));
    };
    let is_good = ["png", "jpeg", "gif", "webp"].iter().any(|kind| {
        data.strip_prefix(&format!("image/{kind};base64,"))
            .is_some_and(|content| !content.is_empty())
    });
    if is_good {
        return Ok(());
    }
    Err(url.other(
        "You uploaded an unsupported image. Please make sure your image has of one the following formats: ['png', 'jpeg', \
         'gif', 'webp'].",
    ))
}
