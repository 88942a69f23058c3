//! JSON schemas for structured outputs and strict tools: the part of JSON Schema that is taken there.
//!
//! The rewrite of Anthropic's Python SDK 2.12.0 (`lib/_parse/_transform.py`): objects are closed, `oneOf` becomes
//! `anyOf`, and what is not taken goes to the description, where the model at least reads it.

use crate::wire::json::{Cursor, SyntaxError, Writer};
use serde_json::Value;
use std::borrow::Cow;

const FORMATS: [&str; 10] = [
    "date-time",
    "time",
    "date",
    "duration",
    "email",
    "hostname",
    "uri",
    "ipv4",
    "ipv6",
    "uuid",
];

/// The schema rewritten, with a description of the whole where it has none.
pub(super) fn rewrite(schema: &str, description: Option<&str>) -> String {
    let mut writer = Writer::with_capacity(schema.len() + 64);
    Schema::read(schema).write(&mut writer, description);
    String::from_utf8(writer.finish()).unwrap_or_default()
}

/// Whether a schema has objects whose keys are not named: closed, they can only be empty.
pub(super) fn has_maps(schema: &str) -> bool {
    fn look(schema: &Value) -> bool {
        let is_map = match schema.get("additionalProperties") {
            Some(Value::Object(_)) => true,
            Some(Value::Bool(true)) => schema.get("properties").is_none(),
            _ => false,
        };
        is_map
            || match schema {
                Value::Object(fields) => fields.values().any(look),
                Value::Array(items) => items.iter().any(look),
                _ => false,
            }
    }
    serde_json::from_str(schema).is_ok_and(|schema| look(&schema))
}

/// The schema of a tool's arguments; Anthropic wants `type: object` said.
pub(super) fn of_arguments(schema: Option<&str>) -> Cow<'_, str> {
    let Some(schema) = schema else {
        return Cow::Borrowed(r#"{"type":"object","properties":{}}"#);
    };
    let fields = Schema::read(schema).fields;
    if fields.iter().any(|(key, _)| key == "type") {
        return Cow::Borrowed(schema);
    }
    let inside = schema.trim_start().get(1..).unwrap_or("}");
    let comma = if fields.is_empty() { "" } else { "," };
    Cow::Owned([r#"{"type":"object""#, comma, inside].concat())
}

/// A schema's fields, in order.
struct Schema<'a> {
    fields: Vec<(Cow<'a, str>, &'a str)>,
    /// What stands there, where it is no object (`true`).
    other: Option<&'a str>,
}

impl<'a> Schema<'a> {
    fn read(schema: &'a str) -> Self {
        match members(schema) {
            Some(fields) => Self {
                fields,
                other: None,
            },
            None => Self {
                fields: Vec::new(),
                other: Some(schema),
            },
        }
    }

    fn take(&mut self, key: &str) -> Option<&'a str> {
        let at = self.fields.iter().position(|(name, _)| name == key)?;
        Some(self.fields.remove(at).1)
    }

    fn write(mut self, w: &mut Writer, whole: Option<&str>) {
        if let Some(other) = self.other {
            return w.raw(other);
        }
        w.object(|w| {
            for key in ["$defs", "definitions"] {
                if let Some(definitions) = self.take(key) {
                    write_named(w, key, definitions);
                }
            }
            if let Some(reference) = self.take("$ref") {
                return w.field_raw("$ref", reference);
            }
            self.name_objects();
            let kind = self.write_kind(w);
            let description = self.take("description").map(Cow::Borrowed);
            let description = description.or(whole.map(|text| Cow::Owned(format!("\"{text}\""))));
            if let Some(title) = self.take("title") {
                w.field_raw("title", title);
            }
            let is = |name: &str| kind.contains(&format!("\"{name}\""));
            if is("object") {
                self.write_object(w);
            }
            if is("string") {
                self.keep_if(w, "format", |format| {
                    FORMATS.contains(&format.trim_matches('"'))
                });
            }
            if is("array") {
                if let Some(items) = self.take("items") {
                    w.key("items");
                    Schema::read(items).write(w, None);
                }
                self.keep_if(w, "minItems", |count| matches!(count, "0" | "1"));
            }
            self.write_description(w, description);
        });
    }

    /// Says that what has properties is an object, where that goes without saying elsewhere.
    fn name_objects(&mut self) {
        const KINDS: [&str; 6] = ["type", "anyOf", "oneOf", "allOf", "enum", "const"];
        let has = |key: &str| self.fields.iter().any(|(name, _)| name == key);
        if has("properties") && !KINDS.into_iter().any(has) {
            self.fields.push((Cow::Borrowed("type"), "\"object\""));
        }
    }

    /// Writes which values there are; gives the `type`, empty where the values are listed.
    fn write_kind(&mut self, w: &mut Writer) -> &'a str {
        let kind = self.take("type");
        let any_of = self.take("anyOf");
        let one_of = self.take("oneOf");
        let all_of = self.take("allOf");
        let is_primitive = |value: &str| !value.starts_with(['{', '[']);
        let is_list = |value: &str| {
            items(value)
                .is_some_and(|items| !items.is_empty() && items.into_iter().all(is_primitive))
        };
        let mut has_values = self.keep_if(w, "enum", is_list);
        has_values |= self.keep_if(w, "const", is_primitive);
        if let Some(variants) = any_of.or(one_of) {
            write_list(w, "anyOf", variants);
        } else if let Some(variants) = all_of {
            write_list(w, "allOf", variants);
        } else if let Some(kind) = kind.filter(|_| !has_values) {
            w.field_raw("type", kind);
        }
        kind.filter(|_| !has_values).unwrap_or_default()
    }

    fn write_object(&mut self, w: &mut Writer) {
        write_named(w, "properties", self.take("properties").unwrap_or("{}"));
        self.take("additionalProperties");
        w.field_raw("additionalProperties", "false");
        if let Some(required) = self.take("required") {
            w.field_raw("required", required);
        }
    }

    /// Writes a field whose value is taken as it is.
    fn keep_if(&mut self, w: &mut Writer, key: &str, is_taken: impl Fn(&str) -> bool) -> bool {
        let found = self
            .fields
            .iter()
            .position(|(name, value)| name == key && is_taken(value));
        let Some(at) = found else { return false };
        let (_, value) = self.fields.remove(at);
        w.field_raw(key, value);
        true
    }

    /// What is left is told to the model in words.
    fn write_description(&self, w: &mut Writer, description: Option<Cow<'_, str>>) {
        if self.fields.is_empty() {
            if let Some(description) = description {
                w.field_raw("description", &description);
            }
            return;
        }
        let rest: Vec<String> = self
            .fields
            .iter()
            .map(|(key, value)| format!("{key}: {value}"))
            .collect();
        let rest = format!("{{{}}}", rest.join(", "));
        let before = description.and_then(|text| serde_json::from_str::<String>(&text).ok());
        let text = match before {
            Some(before) => format!("{before}\n\n{rest}"),
            None => rest,
        };
        w.field("description", &text);
    }
}

fn write_named(w: &mut Writer, key: &str, schemas: &str) {
    w.key(key);
    let Some(fields) = members(schemas) else {
        return w.raw(schemas);
    };
    w.object(|w| {
        for (name, schema) in fields {
            let quoted = crate::wire::json::quote(&name);
            w.key(quoted.get(1..quoted.len() - 1).unwrap_or_default());
            Schema::read(schema).write(w, None);
        }
    });
}

fn write_list(w: &mut Writer, key: &str, schemas: &str) {
    w.key(key);
    w.array(|w| {
        for schema in items(schemas).unwrap_or_default() {
            Schema::read(schema).write(w, None);
        }
    });
}

/// The members of an object.
fn members(json: &str) -> Option<Vec<(Cow<'_, str>, &str)>> {
    let mut cursor = Cursor::new(json.as_bytes()).ok()?;
    let mut fields = Vec::new();
    cursor
        .object(|cursor, key| {
            let range = cursor.span()?;
            fields.push((Cow::Owned(key.to_owned()), cursor.slice(range)));
            Ok::<(), SyntaxError>(())
        })
        .ok()?;
    Some(fields)
}

/// The items of a list.
fn items(json: &str) -> Option<Vec<&str>> {
    let mut cursor = Cursor::new(json.as_bytes()).ok()?;
    let mut list = Vec::new();
    cursor
        .array(|cursor| {
            let range = cursor.span()?;
            list.push(cursor.slice(range));
            Ok::<(), SyntaxError>(())
        })
        .ok()?;
    Some(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::json::check;

    #[track_caller]
    fn rewritten(schema: &str, expected: &str) {
        let got = rewrite(schema, None);
        assert_eq!(got, expected);
        assert!(check(got.as_bytes()).is_ok());
    }

    #[test]
    fn objects_are_closed_and_properties_keep_their_order() {
        rewritten(
            r#"{"type":"object","properties":{"z":{"type":"string"},"a":{"type":"integer"}},"required":["z"]}"#,
            r#"{"type":"object","properties":{"z":{"type":"string"},"a":{"type":"integer"}},"additionalProperties":false,"required":["z"]}"#,
        );
    }

    #[test]
    fn what_is_not_taken_is_said_in_words() {
        rewritten(
            r#"{"type":"integer","minimum":1,"maximum":10,"description":"A \"number\""}"#,
            r#"{"type":"integer","description":"A \"number\"\n\n{minimum: 1, maximum: 10}"}"#,
        );
        rewritten(
            r#"{"type":"string","format":"regex"}"#,
            r#"{"type":"string","description":"{format: \"regex\"}"}"#,
        );
        rewritten(
            r#"{"type":"array","items":{"type":"object"},"minItems":2}"#,
            r#"{"type":"array","items":{"type":"object","properties":{},"additionalProperties":false},"description":"{minItems: 2}"}"#,
        );
    }

    #[test]
    fn choices_and_references_are_kept() {
        rewritten(
            r##"{"$defs":{"A":{"oneOf":[{"type":"null"},{"enum":["x"]}]}},"$ref":"#/$defs/A"}"##,
            r##"{"$defs":{"A":{"anyOf":[{"type":"null"},{"enum":["x"]}]}},"$ref":"#/$defs/A"}"##,
        );
        rewritten(
            r#"{"type":["object","null"],"properties":{}}"#,
            r#"{"type":["object","null"],"properties":{},"additionalProperties":false}"#,
        );
        rewritten(
            r#"{"properties":{"a":{"type":"string"}},"required":["a"]}"#,
            r#"{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false,"required":["a"]}"#,
        );
        rewritten(r#"{"items":true}"#, r#"{"description":"{items: true}"}"#);
    }

    #[test]
    fn objects_with_any_keys_are_seen_wherever_they_are() {
        for (schema, expected) in [
            (
                r#"{"type":"object","additionalProperties":{"type":"integer"}}"#,
                true,
            ),
            (r#"{"type":"object","additionalProperties":true}"#, true),
            (r#"{"anyOf":[{"items":{"additionalProperties":{}}}]}"#, true),
            (
                r#"{"properties":{"a":{}},"additionalProperties":true}"#,
                false,
            ),
            (
                r#"{"properties":{"a":{}},"additionalProperties":false}"#,
                false,
            ),
            ("true", false),
        ] {
            assert_eq!(has_maps(schema), expected, "{schema}");
        }
    }

    #[test]
    fn arguments_are_always_an_object() {
        assert_eq!(of_arguments(Some("{}")), r#"{"type":"object"}"#);
        assert_eq!(
            of_arguments(Some(r#"{"x":1}"#)),
            r#"{"type":"object","x":1}"#
        );
        assert_eq!(
            of_arguments(Some(r#"{"type":"object"}"#)),
            r#"{"type":"object"}"#
        );
    }
}
