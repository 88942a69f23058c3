//! Pieces of a message laid on one another: texts are joined, lists go on, names are set.

use super::index_at;
use serde_json::{Map, Value};

/// Lays a delta on what is there.
pub(super) fn merge(into: &mut Map<String, Value>, delta: Map<String, Value>) {
    for (key, value) in delta {
        match into.get_mut(&key) {
            None | Some(Value::Null) => {
                let value = match value {
                    Value::Array(items) => {
                        let mut list = Vec::new();
                        extend(&mut list, items);
                        Value::Array(list)
                    }
                    value => value,
                };
                into.insert(key, value);
            }
            Some(there) => lay(&key, there, value),
        }
    }
}

fn lay(key: &str, there: &mut Value, value: Value) {
    match (there, value) {
        (_, Value::Null) => {}
        (Value::String(there), Value::String(more)) => {
            if !matches!(key, "role" | "id" | "type" | "name" | "signature") {
                there.push_str(&more);
            } else if !more.is_empty() {
                *there = more;
            }
        }
        (Value::Object(there), Value::Object(more)) => merge(there, more),
        (Value::Array(there), Value::Array(more)) => extend(there, more),
        (there, value) => *there = value,
    }
}

/// Items with an index go on where that index began (tool calls); so does a thinking block until it is signed; others
/// are added.
fn extend(list: &mut Vec<Value>, items: Vec<Value>) {
    for item in items {
        match (continued(list, &item), item) {
            (Some(Value::Object(there)), Value::Object(more)) => merge(there, more),
            (_, item) => list.push(item),
        }
    }
}

fn continued<'a>(list: &'a mut [Value], item: &Value) -> Option<&'a mut Value> {
    if let Some(index) = index_at(item, "index") {
        return list
            .iter_mut()
            .rev()
            .find(|there| index_at(there, "index") == Some(index));
    }
    let last = list.last_mut()?;
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let is_thinking = |value: &Value| text(value, "type").as_deref() == Some("thinking");
    let is_open = text(last, "signature").is_none_or(|signature| signature.is_empty());
    (is_thinking(last) && is_thinking(item) && is_open).then_some(last)
}
