//! Thinking blocks that must go back to the model that made them, for callers whose dialect has no field for them.

use serde_json::Value;
use std::sync::Arc;

/// The thinking blocks of one assistant turn, as the provider sent them (signatures and all).
#[derive(Clone, Debug, PartialEq)]
pub struct StoredThinking {
    /// The configured name of the provider that made them.
    pub provider: String,
    /// The model that made them, as it was asked for.
    pub model: String,
    /// `thinking` and `redacted_thinking` blocks in order, unchanged. Where they did not all come before everything else,
    /// or the text came in several blocks, also what stood between them: `text`, and `tool_use` with its id alone.
    pub blocks: Vec<Value>,
}

/// Where thinking is kept between turns: bounded, in memory, already narrowed to the caller's key.
pub trait ThinkingMemory {
    /// The thinking of the turn that made this tool call, if it is still there.
    fn recall(&self, tool_call_id: &str) -> Option<Arc<StoredThinking>>;
}

/// Remembers nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMemory;

impl ThinkingMemory for NoMemory {
    fn recall(&self, _tool_call_id: &str) -> Option<Arc<StoredThinking>> {
        None
    }
}
