//! Keeps an answer's thinking for the next turn, by the ids of its tool calls.

use crate::StoredThinking;
use crate::canonical::{Event, Part, Text};
use crate::provider::anthropic::signature_key;
use serde_json::{Value, json};
use std::sync::Arc;

/// Whose thinking it is.
#[derive(Clone, Debug)]
pub(super) struct Maker {
    pub(super) provider: String,
    pub(super) model: String,
}

/// The thinking of one answer.
#[derive(Debug)]
pub(super) struct Keeper {
    maker: Maker,
    /// The answer's blocks in order, with no more of each than has to be kept.
    blocks: Vec<Value>,
    calls: Vec<String>,
    thinking: Text<'static>,
    signature: Text<'static>,
    text: Text<'static>,
}

impl Keeper {
    pub(super) fn new(maker: Maker) -> Self {
        Self {
            maker,
            blocks: Vec::new(),
            calls: Vec::new(),
            thinking: Text::default(),
            signature: Text::default(),
            text: Text::default(),
        }
    }

    /// Notes what an event tells.
    pub(super) fn hear(&mut self, event: &Event<'_>) {
        match event {
            Event::Thinking(text) => self.thinking.push(text),
            Event::Signature(signature) => self.signature = signature.clone().into_owned(),
            Event::Text(text) => self.text.push(text),
            Event::Redacted(data) => self.redacted(data),
            Event::BlockEnd => {
                let thinking = std::mem::take(&mut self.thinking);
                let signature = std::mem::take(&mut self.signature);
                self.thinking(&thinking, &signature);
                let text = std::mem::take(&mut self.text);
                self.text(&text);
            }
            Event::Call { id, .. } => self.call(id),
            _ => {}
        }
    }

    /// Notes a part of a whole answer.
    pub(super) fn read(&mut self, part: &Part<'_>) {
        match part {
            Part::Thinking { text, signature } => self.thinking(text, signature),
            Part::Redacted(data) => self.redacted(data),
            Part::Call { id, .. } => self.call(id),
            Part::Text(text) => self.text(text),
        }
    }

    fn thinking(&mut self, text: &Text<'_>, signature: &Text<'_>) {
        if !signature.is_empty() {
            self.blocks.push(json!({
                "type": "thinking", "thinking": text.decode(), "signature": signature.decode(),
            }));
        }
    }

    fn redacted(&mut self, data: &Text<'_>) {
        self.blocks
            .push(json!({"type": "redacted_thinking", "data": data.decode()}));
    }

    fn text(&mut self, text: &Text<'_>) {
        if !text.is_empty() {
            self.blocks
                .push(json!({"type": "text", "text": text.decode()}));
        }
    }

    fn call(&mut self, id: &Text<'_>) {
        let id = id.decode();
        self.blocks.push(json!({"type": "tool_use", "id": id}));
        self.calls.push(id.into_owned());
    }

    /// What to remember: the blocks under each call's id, even where there is no thinking (so that such a turn is not
    /// taken for a forgotten one), and under each signature, to tell whose it is.
    pub(super) fn finish(mut self) -> Vec<(String, Arc<StoredThinking>)> {
        let thinks = |block: &Value| is(block, "thinking") || is(block, "redacted_thinking");
        let texts = self.blocks.iter().filter(|block| is(block, "text")).count();
        let has_thinking = self.blocks.iter().any(thinks);
        let comes_first = self.blocks.is_sorted_by_key(|block| !thinks(block));
        if !has_thinking || (comes_first && texts < 2) {
            self.blocks.retain(thinks);
        }
        let signature = |block: &Value| {
            let text = block.get("signature").or_else(|| block.get("data"))?;
            text.as_str().map(signature_key)
        };
        let signatures: Vec<String> = self.blocks.iter().filter_map(signature).collect();
        let thinking = Arc::new(StoredThinking {
            provider: self.maker.provider,
            model: self.maker.model,
            blocks: self.blocks,
        });
        let keys = self.calls.into_iter().chain(signatures);
        keys.map(|key| (key, Arc::clone(&thinking))).collect()
    }
}

fn is(block: &Value, kind: &str) -> bool {
    block.get("type").and_then(Value::as_str) == Some(kind)
}
