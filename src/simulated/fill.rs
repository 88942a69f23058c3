//! A value that satisfies a JSON Schema: the arguments of a tool call, or a structured answer.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

const DEEPEST: usize = 16;

/// What the prompt offers to fill values with: `name=value` words, and the text itself.
#[derive(Debug, Default)]
pub(crate) struct Material {
    named: BTreeMap<String, String>,
    text: String,
}

impl Material {
    pub(crate) fn from_prompt(prompt: &str) -> Self {
        let named = prompt
            .split_whitespace()
            .filter_map(|word| word.split_once('='))
            .map(|(name, value)| {
                (
                    name.to_owned(),
                    value.trim_matches(['.', ',', ';', '"']).to_owned(),
                )
            })
            .collect();
        Self {
            named,
            text: prompt
                .split_whitespace()
                .take(8)
                .collect::<Vec<_>>()
                .join(" "),
        }
    }

    /// A value for the property `name` with this schema.
    pub(crate) fn fill(&self, schema: &Value) -> Value {
        self.value("", schema, schema, 0)
    }

    fn value(&self, name: &str, schema: &Value, root: &Value, depth: usize) -> Value {
        if depth > DEEPEST {
            return Value::Null;
        }
        if let Some(fixed) = schema.get("const").or_else(|| schema.get("default")) {
            return fixed.clone();
        }
        if let Some(options) = schema.get("enum").and_then(Value::as_array) {
            let named = self.named.get(name);
            let wanted = options
                .iter()
                .find(|option| option.as_str() == named.map(String::as_str));
            return wanted
                .or_else(|| options.first())
                .cloned()
                .unwrap_or(Value::Null);
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let found = target
                .strip_prefix('#')
                .and_then(|pointer| root.pointer(pointer));
            return found.map_or(Value::Null, |found| {
                self.value(name, found, root, depth + 1)
            });
        }
        for choice in ["anyOf", "oneOf", "allOf"] {
            if let Some(first) = schema.get(choice).and_then(|options| options.get(0)) {
                return self.value(name, first, root, depth + 1);
            }
        }
        match kind(schema) {
            "object" => self.object(schema, root, depth),
            "array" => self.array(name, schema, root, depth),
            "integer" => self.number(name, schema, 3),
            "number" => self.number(name, schema, 2),
            "boolean" => json!(self.named.get(name).is_none_or(|text| text != "false")),
            "null" => Value::Null,
            _ => self.string(name, schema),
        }
    }

    fn object(&self, schema: &Value, root: &Value, depth: usize) -> Value {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            return json!({});
        };
        let filled: Map<_, _> = properties
            .iter()
            .map(|(name, schema)| (name.clone(), self.value(name, schema, root, depth + 1)))
            .collect();
        Value::Object(filled)
    }

    fn array(&self, name: &str, schema: &Value, root: &Value, depth: usize) -> Value {
        let least = schema
            .get("minItems")
            .and_then(Value::as_u64)
            .unwrap_or(1)
            .clamp(1, 64);
        let item = schema
            .get("items")
            .cloned()
            .unwrap_or_else(|| json!({"type": "string"}));
        (0..least)
            .map(|_| self.value(name, &item, root, depth + 1))
            .collect()
    }

    fn number(&self, name: &str, schema: &Value, plain: u64) -> Value {
        if let Some(value) = self
            .named
            .get(name)
            .and_then(|text| serde_json::from_str::<Value>(text).ok())
            && value.is_number()
        {
            return value;
        }
        schema
            .get("minimum")
            .cloned()
            .unwrap_or_else(|| json!(plain))
    }

    fn string(&self, name: &str, schema: &Value) -> Value {
        if let Some(value) = self.named.get(name) {
            return json!(value);
        }
        json!(match schema.get("format").and_then(Value::as_str) {
            Some("date") => "2026-11-24",
            Some("date-time") => "2026-11-24T12:00:00Z",
            Some("time") => "12:00:00Z",
            Some("email") => "someone@example.com",
            Some("uri") => "https://example.com/",
            Some("uuid") => "018f2a6e-0000-7000-8000-000000000000",
            _ => &self.text,
        })
    }
}

/// The first type that is not `null`; an object where only properties are named.
fn kind(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => {
            let mut names = kinds.iter().filter_map(Value::as_str);
            names.find(|kind| *kind != "null").unwrap_or("null")
        }
        _ if schema.get("properties").is_some() => "object",
        _ => "string",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(prompt: &str, schema: Value, expected: Value) {
        assert_eq!(
            Material::from_prompt(prompt).fill(&schema),
            expected,
            "{schema}"
        );
    }

    #[test]
    fn arguments_come_from_the_prompt_or_from_the_type() {
        let weather = json!({"type": "object", "properties": {
            "city": {"type": "string"}, "days": {"type": "integer"}, "unit": {"enum": ["c", "f"]},
            "tags": {"type": ["array", "null"], "items": {"type": "string"}}, "deep": {"$ref": "#/$defs/deep"}},
            "$defs": {"deep": {"type": "object", "properties": {"on": {"type": "boolean"}}}}});
        check(
            "call weather city=Paris, days=5 unit=f",
            weather.clone(),
            json!({"city": "Paris", "days": 5, "unit": "f", "deep": {"on": true},
                   "tags": ["call weather city=Paris, days=5 unit=f"]}),
        );
        check(
            "now",
            weather,
            json!({"city": "now", "days": 3, "unit": "c", "deep": {"on": true}, "tags": ["now"]}),
        );
        check("x", json!({"type": "object"}), json!({}));
        check("x", json!({"anyOf": [{"type": "null"}]}), Value::Null);
        check("x", json!({"$ref": "#"}), Value::Null);
    }
}
