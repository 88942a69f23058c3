//! Whether a schema fits `strict`: every object closed, and all of its properties required, at every depth.

use crate::wire::json::{Cursor, SyntaxError};

/// Whether OpenAI takes the schema with `strict: true`.
pub(super) fn is_strict(schema: &str) -> bool {
    let Ok(mut cursor) = Cursor::new(schema.as_bytes()) else {
        return false;
    };
    value(&mut cursor).unwrap_or(false)
}

fn value(cursor: &mut Cursor<'_>) -> Result<bool, SyntaxError> {
    let mut is_strict = true;
    match cursor.peek() {
        Some(b'{') => return object(cursor),
        Some(b'[') => cursor.array(|cursor| {
            is_strict &= value(cursor)?;
            Ok::<(), SyntaxError>(())
        })?,
        _ => cursor.skip()?,
    }
    Ok(is_strict)
}

fn object(cursor: &mut Cursor<'_>) -> Result<bool, SyntaxError> {
    let mut is_strict = true;
    let mut is_closed = false;
    let mut properties: Option<Vec<String>> = None;
    let mut required: Vec<String> = Vec::new();
    let mut is_object = false;
    cursor.object(|cursor, key| {
        match (key, cursor.peek()) {
            ("additionalProperties", Some(b'f')) => {
                is_closed = true;
                cursor.skip()?;
            }
            ("type", Some(b'"')) => is_object = cursor.text()?.as_deref() == Some("object"),
            ("required", Some(b'[')) => cursor.array(|cursor| {
                required.extend(cursor.text()?.map(|name| name.into_owned()));
                Ok::<(), SyntaxError>(())
            })?,
            ("properties", Some(b'{')) => {
                let mut names = Vec::new();
                cursor.object(|cursor, name| {
                    names.push(name.to_owned());
                    is_strict &= value(cursor)?;
                    Ok::<(), SyntaxError>(())
                })?;
                properties = Some(names);
            }
            // Values, not schemas.
            ("enum" | "const" | "default" | "examples", _) => cursor.skip()?,
            _ => is_strict &= value(cursor)?,
        }
        Ok::<(), SyntaxError>(())
    })?;
    let is_whole = match properties {
        Some(names) => is_closed && names.iter().all(|name| required.contains(name)),
        None => is_closed || !is_object,
    };
    Ok(is_strict && is_whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_wants_closed_objects_with_all_required() {
        for (schema, expected) in [
            (r#"{"type":"string"}"#, true),
            (r#"{"type":"object"}"#, false),
            (
                r#"{"type":"object","properties":{"a":{}},"required":["a"],"additionalProperties":false}"#,
                true,
            ),
            (
                r#"{"type":"object","properties":{"a":{}},"additionalProperties":false}"#,
                false,
            ),
            (
                r#"{"type":"object","properties":{"a":{}},"required":["a"]}"#,
                false,
            ),
            (
                r#"{"anyOf":[{"type":"object","properties":{"a":{}}}]}"#,
                false,
            ),
            (r#"{"enum":[{"properties":{"a":1}}]}"#, true),
        ] {
            assert_eq!(is_strict(schema), expected, "{schema}");
        }
    }
}
