//! The events of a message stream (Anthropic Python SDK 2.12.0) into the message they tell.

use super::{index_at, repair, text_at};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

#[derive(Default)]
pub(super) struct Message {
    message: Map<String, Value>,
    blocks: BTreeMap<u64, Block>,
    error: Option<Value>,
}

#[derive(Default)]
struct Block {
    fields: Map<String, Value>,
    /// A tool's input, in pieces of JSON.
    input: String,
}

impl Message {
    pub(super) fn read(&mut self, mut event: Value) {
        let index = index_at(&event, "index").unwrap_or(0);
        let mut part = |key: &str| event.get_mut(key).map(Value::take);
        let (delta, usage) = (part("delta"), part("usage"));
        let (block, message, error) = (part("content_block"), part("message"), part("error"));
        match (text_at(&event, "type"), delta) {
            ("message_start", _) => {
                if let Some(Value::Object(message)) = message {
                    self.message = message;
                }
            }
            ("content_block_start", _) => {
                if let Some(Value::Object(fields)) = block {
                    self.blocks.entry(index).or_default().fields = fields;
                }
            }
            ("content_block_delta", Some(delta)) => {
                self.blocks.entry(index).or_default().add(&delta);
            }
            ("message_delta", Some(Value::Object(delta))) => {
                self.message.extend(delta);
                self.usage(usage);
            }
            _ => self.error = error.or(self.error.take()),
        }
    }

    /// Totals replace what was told before; a split that was told only once stays.
    fn usage(&mut self, usage: Option<Value>) {
        let Some(Value::Object(usage)) = usage else {
            return;
        };
        let there = self.message.entry("usage").or_insert_with(|| json!({}));
        if let Value::Object(there) = there {
            there.extend(usage.into_iter().filter(|(_, value)| !value.is_null()));
        }
    }

    pub(super) fn finish(self) -> Value {
        let Self {
            mut message,
            blocks,
            error,
        } = self;
        if message.is_empty() && blocks.is_empty() {
            return error.map_or(
                Value::Null,
                |error| json!({"type": "error", "error": error}),
            );
        }
        let content: Vec<Value> = blocks.into_values().map(Block::finish).collect();
        message.entry("type").or_insert_with(|| "message".into());
        message.entry("role").or_insert_with(|| "assistant".into());
        message.insert("content".to_owned(), content.into());
        if let Some(error) = error {
            message.insert("error".to_owned(), error);
        }
        Value::Object(message)
    }
}

impl Block {
    fn add(&mut self, delta: &Value) {
        match text_at(delta, "type") {
            "text_delta" => self.append("text", "text", text_at(delta, "text")),
            "thinking_delta" => self.append("thinking", "thinking", text_at(delta, "thinking")),
            "signature_delta" => {
                self.fields
                    .insert("signature".to_owned(), text_at(delta, "signature").into());
            }
            "input_json_delta" => self.input.push_str(text_at(delta, "partial_json")),
            "citations_delta" => {
                let list = self.fields.entry("citations").or_insert(Value::Null);
                if list.is_null() {
                    *list = json!([]);
                }
                if let (Value::Array(list), Some(citation)) = (list, delta.get("citation")) {
                    list.push(citation.clone());
                }
            }
            "compaction_delta" => self.append("compaction", "content", text_at(delta, "content")),
            _ => {}
        }
    }

    fn append(&mut self, kind: &str, key: &str, more: &str) {
        self.fields.entry("type").or_insert_with(|| kind.into());
        match self.fields.entry(key).or_insert(Value::Null) {
            Value::String(text) => text.push_str(more),
            slot => *slot = more.into(),
        }
    }

    fn finish(mut self) -> Value {
        if !self.input.is_empty() {
            let input = serde_json::from_str(&self.input)
                .ok()
                .or_else(|| repair::close(self.input.as_bytes()))
                .unwrap_or_else(|| self.input.into());
            self.fields.insert("input".to_owned(), input);
        }
        Value::Object(self.fields)
    }
}
