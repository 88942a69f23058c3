//! The part of JSON Schema that structured outputs and strict tools take.

use serde_json::Value;

use crate::simulated::fields::{Node, Problem};

const REFUSED: &[&str] = &[
    "oneOf",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "patternProperties",
];

pub(super) fn check(schema: &Node<'_>) -> Result<(), Problem> {
    schema.object()?;
    let mut open = vec![schema.value];
    while let Some(value) = open.pop() {
        let Some(fields) = value.as_object() else {
            continue;
        };
        let kind = fields.get("type").and_then(Value::as_str).unwrap_or("any");
        if kind == "object" && fields.get("additionalProperties") != Some(&Value::Bool(false)) {
            return Err(schema.other(
                "For 'object' type, 'additionalProperties' must be explicitly set to false",
            ));
        }
        if let Some(name) = REFUSED.iter().find(|name| fields.contains_key(**name)) {
            return Err(schema.other(format!(
                "For '{kind}' type, property '{name}' is not supported"
            )));
        }
        if fields
            .get("minItems")
            .and_then(Value::as_u64)
            .is_some_and(|least| least > 1)
        {
            return Err(schema
                .other("For 'array' type, 'minItems' values other than 0 or 1 are not supported"));
        }
        for named in ["properties", "$defs", "definitions"] {
            open.extend(
                fields
                    .get(named)
                    .and_then(Value::as_object)
                    .into_iter()
                    .flat_map(|inner| inner.values()),
            );
        }
        open.extend(fields.get("items"));
        for list in ["anyOf", "allOf"] {
            open.extend(
                fields
                    .get(list)
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten(),
            );
        }
    }
    Ok(())
}
