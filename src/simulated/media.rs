//! Images, documents and sound in a message, in words: an answer names them, so that a test sees whether they arrived.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// Each attachment of a message's content, in any dialect: `image/png of 70 bytes`, `image at https://…`.
pub(crate) fn named(content: &Value) -> Vec<String> {
    match content {
        Value::Array(items) => items.iter().flat_map(named).collect(),
        Value::Object(part) => {
            let text = |name: &str| part.get(name).and_then(Value::as_str);
            match text("type") {
                Some("image_url") => named_url(
                    "image",
                    part.get("image_url").and_then(|image| image.get("url")),
                ),
                Some("input_image") => named_url("image", part.get("image_url")),
                Some("file") => named_url(
                    "file",
                    part.get("file").and_then(|file| file.get("file_data")),
                ),
                Some("input_file") => named_url(
                    "file",
                    part.get("file_data").or_else(|| part.get("file_url")),
                ),
                Some("input_audio") => vec!["sound".to_owned()],
                Some(kind @ ("image" | "document")) => part
                    .get("source")
                    .map_or_else(Vec::new, |source| sourced(kind, source)),
                Some("tool_result") => part.get("content").map_or_else(Vec::new, named),
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

fn named_url(kind: &str, url: Option<&Value>) -> Vec<String> {
    let Some(url) = url.and_then(Value::as_str) else {
        return vec![format!("{kind} by its id")];
    };
    let data = url
        .strip_prefix("data:")
        .and_then(|rest| rest.split_once(";base64,"));
    vec![match data {
        Some((media_type, data)) => sized(media_type, data),
        None => format!("{kind} at {url}"),
    }]
}

fn sourced(kind: &str, source: &Value) -> Vec<String> {
    let text = |name: &str| source.get(name).and_then(Value::as_str).unwrap_or_default();
    vec![match text("type") {
        "base64" => sized(text("media_type"), text("data")),
        "text" => format!("text of {} bytes", text("data").len()),
        "url" => format!("{kind} at {}", text("url")),
        _ => format!("{kind} by its id"),
    }]
}

fn sized(media_type: &str, data: &str) -> String {
    let bytes = STANDARD.decode(data).map_or(0, |bytes| bytes.len());
    format!("{media_type} of {bytes} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn attachments_are_named_alike_in_every_dialect() {
        let check = |part: Value, expected: &str| assert_eq!(named(&json!([part])), [expected]);
        check(
            json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}),
            "image/png of 3 bytes",
        );
        check(
            json!({"type": "input_image", "image_url": "data:image/png;base64,AAAA"}),
            "image/png of 3 bytes",
        );
        let source = json!({"type": "base64", "media_type": "image/png", "data": "AAAA"});
        check(
            json!({"type": "image", "source": source}),
            "image/png of 3 bytes",
        );
        let result =
            json!({"type": "tool_result", "content": [{"type": "image", "source": source}]});
        check(result, "image/png of 3 bytes");
        check(
            json!({"type": "image_url", "image_url": {"url": "https://a/b"}}),
            "image at https://a/b",
        );
        check(
            json!({"type": "image", "source": {"type": "url", "url": "https://a/b"}}),
            "image at https://a/b",
        );
        let pdf = json!({"file_data": "data:application/pdf;base64,AAAA"});
        check(
            json!({"type": "file", "file": pdf}),
            "application/pdf of 3 bytes",
        );
        assert!(named(&json!("text")).is_empty());
        assert!(named(&json!([{"type": "text", "text": "x"}])).is_empty());
    }
}
