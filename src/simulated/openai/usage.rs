//! What a request costs in tokens: 4 for each message and 3 for the reply's begin, as the vendor's cookbook counts,
//! 85 for an image, and the [pieces](crate::simulated::tokens) of every text.

use serde_json::Value;

use crate::simulated::Simulator;
use crate::simulated::ids::hash;
use crate::simulated::json::{Json, object};
use crate::simulated::tokens;

/// Below this the real prompt cache does nothing.
const LEAST_CACHED: u64 = 1024;
const CACHE_STEP: u64 = 128;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) prompt: u64,
    pub(super) cached: u64,
    pub(super) completion: u64,
    pub(super) reasoning: u64,
}

impl Usage {
    /// After so many of all pieces, for servers that report as they go.
    pub(super) fn so_far(self, pieces: usize, of: usize) -> Self {
        let share = |whole: u64| whole * pieces as u64 / of.max(1) as u64;
        Self {
            completion: share(self.completion),
            reasoning: share(self.reasoning),
            ..self
        }
    }

    pub(super) fn chat(self) -> Json {
        object! {
            "prompt_tokens": self.prompt,
            "completion_tokens": self.completion,
            "total_tokens": self.prompt + self.completion,
            "prompt_tokens_details": object! { "cached_tokens": self.cached, "audio_tokens": 0 },
            "completion_tokens_details": object! {
                "reasoning_tokens": self.reasoning, "audio_tokens": 0,
                "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
            },
        }
    }

    pub(super) fn responses(self) -> Json {
        object! {
            "input_tokens": self.prompt,
            "input_tokens_details": object! { "cached_tokens": self.cached, "cache_write_tokens": 0 },
            "output_tokens": self.completion,
            "output_tokens_details": object! { "reasoning_tokens": self.reasoning },
            "total_tokens": self.prompt + self.completion,
        }
    }
}

/// Tokens of everything in a value: texts are counted, images have a fixed price, names of fields are free.
pub(super) fn weigh(value: &Value) -> u64 {
    match value {
        Value::String(text) => tokens::count(text),
        Value::Array(items) => items.iter().map(weigh).sum(),
        Value::Object(fields) => match fields.get("type").and_then(Value::as_str) {
            Some("image_url" | "input_image") => 85,
            Some("file" | "input_file" | "input_audio") => 256,
            _ => fields
                .iter()
                .filter(|(name, _)| *name != "role" && *name != "type")
                .map(|(_, item)| weigh(item))
                .sum(),
        },
        Value::Number(_) => 1,
        Value::Bool(_) | Value::Null => 0,
    }
}

/// Messages and tools, and how much of them the automatic prompt cache has: everything but the last message, in steps
/// of 128, once the same beginning was seen.
pub(super) fn prompt(
    simulator: &Simulator,
    model: &str,
    messages: &[Value],
    tools: Option<&Value>,
) -> (u64, u64) {
    let cost = |message: &Value| 4 + weigh(message);
    let tools_cost = tools.map_or(0, weigh);
    let total = messages.iter().map(cost).sum::<u64>() + tools_cost + 3;
    let before = messages.split_last().map_or(&[][..], |(_, before)| before);
    let prefix_cost = before.iter().map(cost).sum::<u64>() + tools_cost;
    let seen = |part: &[Value]| {
        let texts: Vec<String> = part.iter().chain(tools).map(Value::to_string).collect();
        let parts = texts.iter().map(String::as_bytes);
        simulator.touch_prefix(hash(
            [b"openai".as_slice(), model.as_bytes()]
                .into_iter()
                .chain(parts),
        ))
    };
    let mut cached = 0;
    if prefix_cost >= LEAST_CACHED && seen(before) {
        cached = prefix_cost - prefix_cost % CACHE_STEP;
    }
    if total >= LEAST_CACHED {
        // The next turn begins with all of this.
        seen(messages);
    }
    (total, cached)
}
