//! The events of a response stream (OpenAI Python SDK 3.54.0) into the response they tell. The last event holds it
//! whole; where that is missing, items are put together from their pieces.

use super::{index_at, text_at};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Parts of an item beyond this are left out.
const PARTS_MAX: usize = 1024;

#[derive(Default)]
pub(super) struct Response {
    response: Map<String, Value>,
    is_whole: bool,
    items: BTreeMap<u64, Map<String, Value>>,
    error: Option<Value>,
}

impl Response {
    pub(super) fn read(&mut self, mut event: Value) {
        let output_index = index_at(&event, "output_index").unwrap_or(0);
        let mut part = |key: &str| event.get_mut(key).map(Value::take);
        let (response, item) = (part("response"), part("item"));
        match text_at(&event, "type") {
            "response.created" | "response.in_progress" | "response.queued" => {
                self.set(response, false);
            }
            "response.completed" | "response.failed" | "response.incomplete" => {
                self.set(response, true);
            }
            "response.output_item.added" | "response.output_item.done" => {
                if let Some(Value::Object(item)) = item {
                    self.items.insert(output_index, item);
                }
            }
            "error" => self.error = Some(error_of(event)),
            kind => {
                if let Some(kind) = kind.strip_suffix(".delta") {
                    let item = self.items.entry(output_index).or_default();
                    add(item, kind, &event);
                }
            }
        }
    }

    fn set(&mut self, response: Option<Value>, is_whole: bool) {
        if let Some(Value::Object(response)) = response {
            self.response = response;
            self.is_whole = is_whole;
        }
    }

    pub(super) fn finish(self) -> Value {
        let Self {
            mut response,
            is_whole,
            items,
            error,
        } = self;
        if response.is_empty() && items.is_empty() {
            return error.map_or(Value::Null, |error| json!({"error": error}));
        }
        let has_output = response
            .get("output")
            .and_then(Value::as_array)
            .is_some_and(|list| !list.is_empty());
        if !(is_whole && has_output) {
            let output: Vec<Value> = items.into_values().map(Value::Object).collect();
            response.insert("output".to_owned(), output.into());
        }
        if let Some(error) = error {
            response.insert("error".to_owned(), error);
        }
        Value::Object(response)
    }
}

fn error_of(mut event: Value) -> Value {
    match event.get_mut("error").map(Value::take) {
        Some(error) if !error.is_null() => error,
        _ => {
            if let Value::Object(fields) = &mut event {
                fields.retain(|key, _| matches!(key.as_str(), "code" | "message" | "param"));
            }
            event
        }
    }
}

/// Adds a delta to where it belongs in its item.
fn add(item: &mut Map<String, Value>, kind: &str, event: &Value) {
    let more = text_at(event, "delta");
    let content = |key: &str| index_at(event, key).unwrap_or(0) as usize;
    match kind {
        "response.output_text" => {
            append(
                part(item, "content", content("content_index"), "output_text"),
                "text",
                more,
            );
        }
        "response.refusal" => {
            append(
                part(item, "content", content("content_index"), "refusal"),
                "refusal",
                more,
            );
        }
        "response.reasoning_text" => {
            append(
                part(item, "content", content("content_index"), "reasoning_text"),
                "text",
                more,
            );
        }
        "response.reasoning_summary_text" => {
            append(
                part(item, "summary", content("summary_index"), "summary_text"),
                "text",
                more,
            );
        }
        "response.function_call_arguments" => append(Some(item), "arguments", more),
        "response.custom_tool_call_input" => append(Some(item), "input", more),
        _ => {}
    }
}

fn part<'a>(
    item: &'a mut Map<String, Value>,
    list: &str,
    index: usize,
    kind: &str,
) -> Option<&'a mut Map<String, Value>> {
    let parts = item.entry(list).or_insert(Value::Null);
    if !parts.is_array() {
        *parts = json!([]);
    }
    let parts = parts.as_array_mut()?;
    if index >= PARTS_MAX {
        return None;
    }
    while parts.len() <= index {
        parts.push(json!({"type": kind}));
    }
    parts.get_mut(index)?.as_object_mut()
}

fn append(fields: Option<&mut Map<String, Value>>, key: &str, more: &str) {
    let Some(fields) = fields else { return };
    match fields.entry(key).or_insert(Value::Null) {
        Value::String(text) => text.push_str(more),
        slot => *slot = more.into(),
    }
}
