//! Chunks of chat completions and completions (OpenAI Python SDK 3.54.0) into the whole they tell.

use super::index_at;
use super::merge::merge;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

#[derive(Default)]
pub(super) struct Completion {
    /// What stands beside the choices.
    root: Map<String, Value>,
    choices: BTreeMap<u64, Map<String, Value>>,
}

impl Completion {
    pub(super) fn read(&mut self, chunk: Value) {
        let Value::Object(chunk) = chunk else { return };
        for (key, value) in chunk {
            match (key.as_str(), value) {
                ("choices", Value::Array(choices)) => {
                    choices.into_iter().for_each(|choice| self.choice(choice));
                }
                ("obfuscation" | "choices", _) | (_, Value::Null) => {}
                ("object", Value::String(object)) => {
                    let object = object.strip_suffix(".chunk").unwrap_or(&object);
                    self.root.insert(key, object.into());
                }
                (_, value) => {
                    self.root.insert(key, value);
                }
            }
        }
    }

    fn choice(&mut self, choice: Value) {
        let index = index_at(&choice, "index").unwrap_or(0);
        let Value::Object(mut choice) = choice else {
            return;
        };
        choice.remove("index");
        if let Some(delta) = choice.remove("delta") {
            choice.insert("message".to_owned(), delta);
        }
        // The last reason stands; joining two would make a third.
        let reason = choice
            .remove("finish_reason")
            .filter(|reason| !reason.is_null());
        let there = self.choices.entry(index).or_default();
        merge(there, choice);
        if let Some(reason) = reason {
            there.insert("finish_reason".to_owned(), reason);
        }
    }

    pub(super) fn finish(self) -> Value {
        let Self { mut root, choices } = self;
        if root.is_empty() && choices.is_empty() {
            return Value::Null;
        }
        let is_only_error = choices.is_empty() && root.contains_key("error");
        if !is_only_error {
            let choices = choices
                .into_iter()
                .map(|(index, choice)| whole_choice(index, choice));
            root.insert("choices".to_owned(), choices.collect());
        }
        Value::Object(root)
    }
}

fn whole_choice(index: u64, mut choice: Map<String, Value>) -> Value {
    choice.insert("index".to_owned(), json!(index));
    choice.entry("finish_reason").or_insert(Value::Null);
    if let Some(Value::Object(message)) = choice.get_mut("message") {
        message.entry("content").or_insert(Value::Null);
        let calls = message.get_mut("tool_calls").and_then(Value::as_array_mut);
        for call in calls.into_iter().flatten().filter_map(Value::as_object_mut) {
            call.remove("index");
        }
    }
    Value::Object(choice)
}
