//! The texts of requests and answers, for previews and for counting tokens where a provider reported none.

use super::{repair, text_at};
use serde_json::Value;
use tollgate_domain::Endpoint;

/// A request as a model reads it, for counting its tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    /// Its texts: messages, system, tools with their schemas, prompts.
    pub texts: Vec<String>,
    /// Messages of a conversation, the system's among them.
    pub messages: u64,
    /// Images, sounds and documents, whose content is no text.
    pub media: u64,
    /// Tokens that were sent as such (completions and embeddings take numbers).
    pub tokens: u64,
}

/// Reads a request's texts. Signatures are left out. The body may have been cut.
pub fn prompt(endpoint: Endpoint, body: &[u8]) -> Prompt {
    let mut prompt = Prompt::default();
    let Some(Value::Object(mut root)) = serde_json::from_slice(body)
        .ok()
        .or_else(|| repair::close(body))
    else {
        return prompt;
    };
    let keys: &[&str] = match endpoint {
        Endpoint::ChatCompletions => &["messages", "tools", "functions", "response_format"],
        Endpoint::Completions => &["prompt", "suffix"],
        Endpoint::Embeddings => &["input"],
        Endpoint::Responses => &["instructions", "input", "tools", "text"],
        Endpoint::Messages | Endpoint::CountTokens => {
            &["system", "messages", "tools", "output_config"]
        }
    };
    for (key, value) in keys.iter().filter_map(|key| root.remove_entry(*key)) {
        prompt.messages += match (key.as_str(), &value) {
            ("system" | "instructions", _) => 1,
            ("messages", Value::Array(list)) => list.len() as u64,
            ("input", Value::Array(list)) if endpoint == Endpoint::Responses => list.len() as u64,
            ("input", Value::String(_)) if endpoint == Endpoint::Responses => 1,
            _ => 0,
        };
        prompt.collect(value);
    }
    prompt
}

/// Everything in a request that a model reads as text, a line each.
pub fn input_text(endpoint: Endpoint, body: &[u8]) -> String {
    prompt(endpoint, body).texts.join("\n")
}

impl Prompt {
    /// Every text of a value; JSON that a model reads as such (schemas, a tool's input) as it is.
    fn collect(&mut self, value: Value) {
        match value {
            Value::String(text) if !text.is_empty() => self.texts.push(text),
            Value::Number(_) => self.tokens += 1,
            Value::Array(items) => items.into_iter().for_each(|item| self.collect(item)),
            Value::Object(fields) => {
                let kind = fields.get("type").and_then(Value::as_str);
                self.media += u64::from(kind.is_some_and(is_media));
                for (key, value) in fields {
                    self.field(&key, value);
                }
            }
            _ => {}
        }
    }

    fn field(&mut self, key: &str, value: Value) {
        match (key, &value) {
            ("parameters" | "input_schema" | "schema" | "input", Value::Object(_)) => {
                self.texts.push(value.to_string());
            }
            (
                "type" | "role" | "id" | "tool_use_id" | "tool_call_id" | "call_id" | "signature"
                | "data" | "source" | "image_url" | "input_audio" | "file" | "file_data"
                | "file_id" | "encrypted_content" | "cache_control" | "audio" | "detail",
                _,
            ) => {}
            (_, Value::Number(_) | Value::Bool(_)) => {}
            _ => self.collect(value),
        }
    }
}

/// Whether what is of this type has a content that is no text.
fn is_media(kind: &str) -> bool {
    matches!(
        kind,
        "image" | "image_url" | "input_image" | "document" | "file" | "input_file" | "input_audio"
    )
}

/// Everything that a model wrote in a summarized answer, thinking and tool calls included.
pub fn output_text(summary: &Value) -> String {
    let mut out = String::new();
    answer(summary, true, &mut out);
    out
}

/// The text that a reader sees of a summarized answer: no thinking, no tool calls.
pub fn visible_text(summary: &Value) -> String {
    let mut out = String::new();
    answer(summary, false, &mut out);
    out
}

fn answer(summary: &Value, everything: bool, out: &mut String) {
    let list = |key: &str| {
        summary
            .get(key)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    for choice in list("choices") {
        line(out, text_at(choice, "text"));
        if let Some(message) = choice.get("message") {
            chat_message(message, everything, out);
        }
    }
    for part in list("content") {
        block(part, everything, out);
    }
    for item in list("output") {
        block(item, everything, out);
    }
}

fn chat_message(message: &Value, everything: bool, out: &mut String) {
    if everything {
        let reasoning = ["reasoning_content", "reasoning"];
        if let Some(text) = reasoning.iter().find_map(|key| message.get(*key)?.as_str()) {
            line(out, text);
        }
    }
    match message.get("content") {
        Some(Value::String(text)) => line(out, text),
        Some(Value::Array(parts)) => parts.iter().for_each(|part| block(part, everything, out)),
        _ => {}
    }
    line(out, text_at(message, "refusal"));
    let calls = message
        .get("tool_calls")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    for call in calls.filter(|_| everything) {
        for inner in ["function", "custom"]
            .iter()
            .filter_map(|key| call.get(*key))
        {
            ["name", "arguments", "input"]
                .iter()
                .for_each(|key| line(out, text_at(inner, key)));
        }
    }
}

/// A block of Anthropic's, an item or part of responses, or a part of chat: known by its fields.
fn block(part: &Value, everything: bool, out: &mut String) {
    let kind = text_at(part, "type");
    let is_hidden = matches!(
        kind,
        "thinking" | "redacted_thinking" | "reasoning" | "reasoning_text" | "summary_text"
    ) || kind.ends_with("_use")
        || kind.ends_with("_call");
    if is_hidden && !everything {
        return;
    }
    for key in ["name", "text", "thinking", "refusal", "arguments", "input"] {
        line(out, text_at(part, key));
    }
    if let Some(input @ Value::Object(_)) = part.get("input") {
        line(out, &input.to_string());
    }
    for list in ["summary", "content"]
        .iter()
        .filter_map(|key| part.get(*key)?.as_array())
    {
        list.iter().for_each(|inner| block(inner, everything, out));
    }
}

fn line(out: &mut String, text: &str) {
    if text.is_empty() {
        return;
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(text);
}
