//! Content blocks: which may stand where, and what they must hold.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::simulated::fields::{Node, Problem};

const USER: &[&str] = &[
    "text",
    "image",
    "document",
    "search_result",
    "tool_result",
    "container_upload",
];
const ASSISTANT: &[&str] = &["text", "thinking", "redacted_thinking", "tool_use"];
/// Of server tools; carried through unseen.
const SERVER_SUFFIX: &str = "_tool_result";

/// One block of a turn of `role`.
pub(super) fn check(block: &Node<'_>, role: &str, is_new_version: bool) -> Result<(), Problem> {
    let kind_node = block.need("type")?;
    let kind = kind_node.text()?;
    let is_server =
        kind == "server_tool_use" || (kind.ends_with(SERVER_SUFFIX) && kind != "tool_result");
    let allowed = match role {
        "user" => USER,
        "assistant" => ASSISTANT,
        _ => &["text"],
    };
    let is_old_document = role == "assistant" && kind == "document" && !is_new_version;
    if role == "assistant" && is_server {
        return Ok(());
    }
    if !allowed.contains(&kind) && !is_old_document {
        return Err(match USER.contains(&kind) || ASSISTANT.contains(&kind) {
            true => block.other(format!(
                "`{kind}` blocks can only be in messages of another role than `{role}`"
            )),
            false => kind_node.not_one_of(kind, allowed),
        });
    }
    cache_control(block)?;
    match kind {
        "text" => text(block),
        "image" => image(block),
        "document" => document(block),
        "thinking" => {
            block.only(&["type", "thinking", "signature"])?;
            block.need("thinking")?.text()?;
            block.need("signature")?.text().map(drop)
        }
        "redacted_thinking" => {
            block.only(&["type", "data"])?;
            block.need("data")?.text().map(drop)
        }
        "tool_use" => {
            block.only(&["type", "id", "name", "input", "cache_control", "caller"])?;
            tool_id(&block.need("id")?)?;
            block.need("name")?.text_within(200)?;
            block.need("input")?.object().map(drop)
        }
        "tool_result" => tool_result(block),
        _ => Ok(()),
    }
}

pub(super) fn text(block: &Node<'_>) -> Result<(), Problem> {
    block.only(&["type", "text", "citations", "cache_control"])?;
    match block.need("text")?.text()? {
        "" => Err(block.other("text content blocks must be non-empty")),
        text if text.trim().is_empty() => {
            Err(block.other("text content blocks must contain non-whitespace text"))
        }
        _ => Ok(()),
    }
}

fn image(block: &Node<'_>) -> Result<(), Problem> {
    block.only(&["type", "source", "cache_control"])?;
    let source = block.need("source")?;
    match source.need("type")?.one_of(&["base64", "url", "file"])? {
        "base64" => {
            source.only(&["type", "media_type", "data"])?;
            source.need("media_type")?.one_of(&[
                "image/jpeg",
                "image/png",
                "image/gif",
                "image/webp",
            ])?;
            base64(&source.need("data")?)
        }
        "url" => {
            source.only(&["type", "url"])?;
            let url = source.need("url")?;
            match url.text()?.starts_with("https://") {
                true => Ok(()),
                false => Err(url.other("Only HTTPS URLs are supported.")),
            }
        }
        _ => source.need("file_id")?.text().map(drop),
    }
}

fn document(block: &Node<'_>) -> Result<(), Problem> {
    block.only(&[
        "type",
        "source",
        "title",
        "context",
        "citations",
        "cache_control",
    ])?;
    let source = block.need("source")?;
    match source
        .need("type")?
        .one_of(&["base64", "text", "content", "url", "file"])?
    {
        "base64" => {
            source.only(&["type", "media_type", "data"])?;
            source.need("media_type")?.one_of(&["application/pdf"])?;
            base64(&source.need("data")?)
        }
        "text" => {
            source.only(&["type", "media_type", "data"])?;
            source.need("media_type")?.one_of(&["text/plain"])?;
            source.need("data")?.text().map(drop)
        }
        _ => Ok(()),
    }
}

fn base64(data: &Node<'_>) -> Result<(), Problem> {
    match STANDARD.decode(data.text()?) {
        Ok(bytes) if !bytes.is_empty() => Ok(()),
        _ => Err(data.other("Invalid base64 data")),
    }
}

fn tool_id(id: &Node<'_>) -> Result<(), Problem> {
    let text = id.text()?;
    let is_good = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    match !text.is_empty() && text.chars().all(is_good) {
        true => Ok(()),
        false => Err(id.other("String should match pattern '^[a-zA-Z0-9_-]+$'")),
    }
}

fn tool_result(block: &Node<'_>) -> Result<(), Problem> {
    block.only(&[
        "type",
        "tool_use_id",
        "content",
        "is_error",
        "cache_control",
    ])?;
    tool_id(&block.need("tool_use_id")?)?;
    if let Some(flag) = block.get("is_error") {
        flag.flag()?;
    }
    let Some(content) = block.get("content") else {
        return Ok(());
    };
    if content.value.is_string() {
        return Ok(());
    }
    for item in content.items()? {
        let allowed = &[
            "text",
            "image",
            "document",
            "search_result",
            "tool_reference",
        ];
        match item.need("type")?.one_of(allowed)? {
            "text" => text(&item)?,
            "image" => image(&item)?,
            "document" => document(&item)?,
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn cache_control(block: &Node<'_>) -> Result<(), Problem> {
    let Some(control) = block.get("cache_control") else {
        return Ok(());
    };
    control.only(&["type", "ttl"])?;
    control.need("type")?.one_of(&["ephemeral"])?;
    control
        .get("ttl")
        .map_or(Ok(()), |ttl| ttl.one_of(&["5m", "1h"]).map(drop))
}

/// The text of a block, or of what a tool returned.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text_of).collect(),
        Value::Object(fields) => fields
            .get("text")
            .or_else(|| fields.get("content"))
            .map(text_of)
            .unwrap_or_default(),
        _ => String::new(),
    }
}
