//! Tokens of a prompt and what the prompt cache does with them. Order of the cache: tools, system, messages.

use serde_json::Value;

use crate::simulated::Simulator;
use crate::simulated::ids::hash;
use crate::simulated::json::{Json, Writer, object};
use crate::simulated::tokens;

/// Shorter prefixes are not cached.
const LEAST_CACHED: u64 = 1024;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// Neither read from the cache nor written to it.
    pub(super) fresh: u64,
    pub(super) read: u64,
    pub(super) written_5m: u64,
    pub(super) written_1h: u64,
    pub(super) output: u64,
    pub(super) thinking: u64,
}

impl Usage {
    pub(super) fn total_input(&self) -> u64 {
        self.fresh + self.read + self.written_5m + self.written_1h
    }

    fn input(&self, writer: &mut Writer) {
        writer.field("input_tokens", &self.fresh);
        writer.field(
            "cache_creation_input_tokens",
            &(self.written_5m + self.written_1h),
        );
        writer.field("cache_read_input_tokens", &self.read);
    }

    /// Of a whole answer, or of `message_start` with the output so far.
    pub(super) fn full(&self, output: u64) -> Json {
        let mut writer = Writer::new();
        self.input(&mut writer);
        let split = object! {
            "ephemeral_5m_input_tokens": self.written_5m, "ephemeral_1h_input_tokens": self.written_1h,
        };
        writer.field("cache_creation", &split);
        writer.field("output_tokens", &output);
        if self.thinking > 0 && output == self.output {
            writer.field(
                "output_tokens_details",
                &object! { "thinking_tokens": self.thinking },
            );
        }
        writer.field("service_tier", &"standard");
        writer.finish()
    }

    /// Of `message_delta`: cumulative, without the split by lifetime.
    pub(super) fn delta(&self) -> Json {
        let mut writer = Writer::new();
        self.input(&mut writer);
        writer.field("output_tokens", &self.output);
        if self.thinking > 0 {
            writer.field(
                "output_tokens_details",
                &object! { "thinking_tokens": self.thinking },
            );
        }
        writer.finish()
    }
}

/// Tokens of everything in a value; images and documents have a fixed price, signatures are free.
pub(super) fn weigh(value: &Value) -> u64 {
    match value {
        Value::String(text) => tokens::count(text),
        Value::Array(items) => items.iter().map(weigh).sum(),
        Value::Object(fields) => match fields.get("type").and_then(Value::as_str) {
            Some("image") => 1_500,
            Some("document") => 3_000,
            Some("redacted_thinking") => 0,
            _ => {
                let free = [
                    "type",
                    "role",
                    "cache_control",
                    "signature",
                    "id",
                    "tool_use_id",
                ];
                fields
                    .iter()
                    .filter(|(name, _)| !free.contains(&name.as_str()))
                    .map(|(_, item)| weigh(item))
                    .sum()
            }
        },
        Value::Number(_) => 1,
        Value::Bool(_) | Value::Null => 0,
    }
}

/// One step of the prompt in the cache's order.
struct Part {
    text: String,
    tokens: u64,
    /// `Some(is_1h)` where a cache mark ends a prefix.
    mark: Option<bool>,
}

fn part(value: &Value, extra: u64) -> Part {
    let mut bare = value.clone();
    if let Some(fields) = bare.as_object_mut() {
        fields.remove("cache_control");
    }
    let mark = value
        .get("cache_control")
        .map(|control| control.get("ttl").and_then(Value::as_str) == Some("1h"));
    Part {
        text: bare.to_string(),
        tokens: weigh(&bare) + extra,
        mark,
    }
}

fn parts(body: &Value) -> Vec<Part> {
    let list = |name: &str| {
        body.get(name)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    let mut parts: Vec<Part> = list("tools").map(|tool| part(tool, 8)).collect();
    match body.get("system") {
        Some(Value::Array(blocks)) => parts.extend(blocks.iter().map(|block| part(block, 0))),
        Some(system) => parts.push(part(system, 0)),
        None => {}
    }
    for message in list("messages") {
        match message.get("content") {
            Some(Value::Array(blocks)) => {
                parts.extend(
                    blocks
                        .iter()
                        .enumerate()
                        .map(|(index, block)| part(block, if index == 0 { 4 } else { 0 })),
                );
            }
            Some(content) => parts.push(part(content, 4)),
            None => {}
        }
    }
    if let (Some(control), Some(last)) = (body.get("cache_control"), parts.last_mut()) {
        last.mark = last.mark.or(Some(
            control.get("ttl").and_then(Value::as_str) == Some("1h"),
        ));
    }
    parts
}

/// How many cache marks a body has.
pub(super) fn count_marks(body: &Value) -> usize {
    parts(body)
        .iter()
        .filter(|part| part.mark.is_some())
        .count()
}

/// The tokens of a prompt, nothing cached.
pub(super) fn count(body: &Value) -> u64 {
    parts(body).iter().map(|part| part.tokens).sum::<u64>() + 3
}

/// The prompt's usage: the longest marked prefix seen before is read, what lies beyond it up to the last mark is written.
pub(super) fn prompt(simulator: &Simulator, model: &str, body: &Value) -> Usage {
    let parts = parts(body);
    let total = parts.iter().map(|part| part.tokens).sum::<u64>() + 3;
    let mut usage = Usage {
        fresh: total,
        ..Usage::default()
    };
    let mut chain = hash([b"anthropic".as_slice(), model.as_bytes()]);
    let mut tokens = 0;
    let mut cached = 0;
    for part in &parts {
        chain = hash([&chain.to_be_bytes()[..], part.text.as_bytes()]);
        tokens += part.tokens;
        let Some(is_1h) = part.mark.filter(|_| tokens >= LEAST_CACHED) else {
            continue;
        };
        let step = tokens - cached;
        match (simulator.touch_prefix(chain), is_1h) {
            // A longer prefix that was seen makes the shorter ones a read, too.
            (true, _) => (usage.read, usage.written_5m, usage.written_1h) = (tokens, 0, 0),
            (false, true) => usage.written_1h += step,
            (false, false) => usage.written_5m += step,
        }
        cached = tokens;
    }
    usage.fresh = total - usage.read - usage.written_5m - usage.written_1h;
    usage
}
