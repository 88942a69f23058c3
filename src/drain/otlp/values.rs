//! JSON values as OTLP's `AnyValue` (opentelemetry-proto 1.x, `common/v1/common.proto`).
//!
//! Scalars are native, and so are lists of scalars. Objects and lists of anything else are JSON text: few collectors
//! show nested values, and MLflow's server (3.17, `sanitize_attributes`) takes JSON text of an object, a list or a
//! string for the value itself. A captured body is thus copied, never parsed.

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::fmt;

pub(super) fn key_value(key: &str, value: Any) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

/// A value that was written as JSON.
pub(super) fn of_json(key: &str, json: &RawValue) -> Any {
    let text = json.get();
    // MLflow's own are read as JSON text whatever they are.
    if text.starts_with('{') || (text.starts_with('[') && key.starts_with("mlflow.")) {
        return Any::StringValue(text.to_owned());
    }
    match serde_json::from_str(text) {
        Ok(value) => of_value(value),
        Err(_) => Any::StringValue(text.to_owned()),
    }
}

pub(super) fn of_value(value: Value) -> Any {
    match value {
        Value::Array(values) if values.iter().all(is_scalar) => Any::ArrayValue(ArrayValue {
            values: values
                .into_iter()
                .map(|value| AnyValue {
                    value: Some(of_value(value)),
                })
                .collect(),
        }),
        Value::Bool(value) => Any::BoolValue(value),
        Value::String(text) => Any::StringValue(text),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Any::IntValue(integer),
            (None, Some(float)) => Any::DoubleValue(float),
            (None, None) => Any::StringValue(number.to_string()),
        },
        other => Any::StringValue(other.to_string()),
    }
}

fn is_scalar(value: &Value) -> bool {
    matches!(value, Value::Bool(_) | Value::String(_) | Value::Number(_))
}

pub(super) fn of_map(attributes: &Map<String, Value>) -> Vec<KeyValue> {
    attributes
        .iter()
        .map(|(key, value)| key_value(key, of_value(value.clone())))
        .collect()
}

/// An object's members, their values left as text. Of a name that is there twice the last one counts.
pub(super) struct Members<'a>(pub(super) Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members: Vec<(String, &RawValue)> = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, &RawValue>()? {
                    match members.iter_mut().find(|(other, _)| *other == key) {
                        Some(member) => member.1 = value,
                        None => members.push((key, value)),
                    }
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: &str, json: &str, expected: Any) {
        let raw: &RawValue = serde_json::from_str(json).unwrap();
        assert_eq!(of_json(key, raw), expected, "{key}: {json}");
    }

    fn text(text: &str) -> Any {
        Any::StringValue(text.to_owned())
    }

    #[test]
    fn scalars_are_native_and_everything_nested_is_json_text() {
        check("a", "\"ü\\n\"", text("ü\n"));
        check("a", "12", Any::IntValue(12));
        check("a", "-1.5", Any::DoubleValue(-1.5));
        check(
            "a",
            "18446744073709551615",
            Any::DoubleValue(1.8446744073709552e19),
        );
        check("a", "true", Any::BoolValue(true));
        check("a", "{\"b\": [1]}", text("{\"b\": [1]}"));
        check("a", "[{\"b\":1}]", text("[{\"b\":1}]"));
        check("mlflow.chat.tools", "[ \"x\" ]", text("[ \"x\" ]"));
        check("a", "null", text("null"));
        let list = ["stop", "length"].map(|value| AnyValue {
            value: Some(text(value)),
        });
        let values = list.to_vec();
        check(
            "a",
            "[\"stop\",\"length\"]",
            Any::ArrayValue(ArrayValue { values }),
        );
    }

    #[test]
    fn of_a_name_that_is_there_twice_the_last_counts() {
        let members: Members<'_> = serde_json::from_str(r#"{"a":1,"b":2,"a":[3]}"#).unwrap();
        let found: Vec<_> = members
            .0
            .iter()
            .map(|(k, v)| (k.as_str(), v.get()))
            .collect();
        assert_eq!(found, [("a", "[3]"), ("b", "2")]);
    }
}
