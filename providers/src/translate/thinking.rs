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
    blocks: Vec<Value>,
    calls: Vec<String>,
    text: Text<'static>,
    signature: Text<'static>,
}

impl Keeper {
    pub(super) fn new(maker: Maker) -> Self {
        Self {
            maker,
            blocks: Vec::new(),
            calls: Vec::new(),
            text: Text::default(),
            signature: Text::default(),
        }
    }

    /// Notes what an event tells.
    pub(super) fn hear(&mut self, event: &Event<'_>) {
        match event {
            Event::Thinking(text) => self.text.push(text),
            Event::Signature(signature) => self.signature = signature.clone().into_owned(),
            Event::Redacted(data) => self.redacted(data),
            Event::BlockEnd => {
                let text = std::mem::take(&mut self.text);
                let signature = std::mem::take(&mut self.signature);
                self.thinking(&text, &signature);
            }
            Event::Call { id, .. } => self.calls.push(id.decode().into_owned()),
            _ => {}
        }
    }

    /// Notes a part of a whole answer.
    pub(super) fn read(&mut self, part: &Part<'_>) {
        match part {
            Part::Thinking { text, signature } => self.thinking(text, signature),
            Part::Redacted(data) => self.redacted(data),
            Part::Call { id, .. } => self.calls.push(id.decode().into_owned()),
            Part::Text(_) => {}
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

    /// What to remember: the blocks under each call's id, even where there are none (so that a turn without thinking is
    /// not taken for a forgotten one), and under each signature, to tell whose it is.
    pub(super) fn finish(self) -> Vec<(String, Arc<StoredThinking>)> {
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
