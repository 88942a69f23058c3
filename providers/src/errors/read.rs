//! Reads what providers answer with an error status, or in the middle of a stream.
//!
//! OpenAI (Python SDK 3.54.0) `{error{message, type, param, code}}`; compatible servers `error` as a string, `code` as
//! a number, all of it flat (Mistral), FastAPI's `detail`; Anthropic (Python SDK 2.12.0) `{type error, error{type,
//! message, details{error_code}}, request_id}`; proxies in between: text or HTML.

use super::{ErrorClass, UpstreamError};
use serde_json::{Map, Value};
use tollgate_domain::{Dialect, ProviderKind};

/// The longest message that is kept, in bytes.
const MESSAGE_MAX: usize = 16 * 1024;

/// The longest piece of a text that is no JSON, in characters.
const TEXT_MAX: usize = 300;

/// Reads a provider's answer with an error status.
pub fn upstream_error(kind: ProviderKind, status: u16, body: &[u8]) -> UpstreamError {
    let parts = Parts::read(body);
    let mut error = parts.with_status(status);
    if kind == ProviderKind::Anthropic {
        name_long_prompt(&mut error);
    }
    error
}

/// Reads an error that came inside an answer with status 200.
pub(crate) fn upstream_failure(dialect: Dialect, data: &[u8]) -> UpstreamError {
    let parts = Parts::read(data);
    let status = parts.status(dialect);
    let mut error = parts.with_status(status);
    if dialect == Dialect::Anthropic {
        name_long_prompt(&mut error);
    }
    error
}

/// Anthropic has no code for a prompt that is too long, only words; callers of OpenAI's dialect look for the code.
fn name_long_prompt(error: &mut UpstreamError) {
    let is_long = error.message.starts_with("prompt is too long")
        || error
            .message
            .starts_with("input length and `max_tokens` exceed context limit");
    if error.status == 400 && error.code.is_none() && is_long {
        error.code = Some("context_length_exceeded".to_owned());
    }
}

#[derive(Default)]
struct Parts {
    message: Option<String>,
    kind: Option<String>,
    code: Option<String>,
    param: Option<String>,
}

impl Parts {
    fn read(body: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(body) {
            Ok(Value::Object(root)) => Self::from_root(&root),
            Ok(Value::Array(items)) => match items.first() {
                Some(Value::Object(root)) => Self::from_root(root),
                _ => Self::default(),
            },
            Ok(Value::String(text)) => Self {
                message: Some(text),
                ..Self::default()
            },
            _ => Self {
                message: clean_text(&String::from_utf8_lossy(body)),
                ..Self::default()
            },
        }
    }

    fn from_root(root: &Map<String, Value>) -> Self {
        match root.get("error") {
            Some(Value::Object(error)) => Self::from_fields(error).or(Self::from_fields(root)),
            Some(Value::String(error)) if root.get("message").is_some_and(Value::is_string) => {
                // `{"error": "Bad Request", "message": "…"}`: the name, and what it is about.
                let mut parts = Self::from_fields(root);
                parts.kind = parts.kind.or(Some(error.clone()));
                parts
            }
            Some(Value::String(error)) => Self {
                message: Some(error.clone()),
                ..Self::from_fields(root)
            },
            _ => Self::from_fields(root),
        }
    }

    fn from_fields(fields: &Map<String, Value>) -> Self {
        let text = |key: &str| fields.get(key).and_then(scalar_text);
        let details = fields
            .get("details")
            .and_then(|details| details.get("error_code"));
        Self {
            message: fields
                .get("message")
                .and_then(message_text)
                .or_else(|| fields.get("detail").and_then(message_text)),
            kind: text("type").filter(|kind| kind != "error"),
            code: text("code").or_else(|| details.and_then(scalar_text)),
            param: text("param"),
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            message: self.message.or(other.message),
            kind: self.kind.or(other.kind),
            code: self.code.or(other.code),
            param: self.param.or(other.param),
        }
    }

    fn with_status(self, status: u16) -> UpstreamError {
        let Self {
            message,
            kind,
            code,
            param,
        } = self;
        // Some servers repeat the status as the code: that tells a program nothing.
        let code = code.filter(|code| *code != status.to_string());
        let message = message
            .filter(|message| !message.is_empty())
            .unwrap_or_else(|| format!("the provider answered with status {status}"));
        let class = ErrorClass::of(status, kind.as_deref(), code.as_deref(), &message);
        UpstreamError {
            status,
            message: cut(message),
            kind,
            code,
            param,
            class,
        }
    }

    /// The status that an error inside a stream stands for.
    fn status(&self, dialect: Dialect) -> u16 {
        let overload = match dialect {
            Dialect::Anthropic => 529,
            Dialect::OpenAi => 503,
        };
        let names = [self.code.as_deref(), self.kind.as_deref()];
        names
            .into_iter()
            .flatten()
            .find_map(|name| {
                Some(match name {
                    "invalid_request_error"
                    | "invalid_prompt"
                    | "context_length_exceeded"
                    | "unsupported_parameter"
                    | "unsupported_value" => 400,
                    "authentication_error" | "invalid_api_key" => 401,
                    "billing_error" => 402,
                    "permission_error" => 403,
                    "not_found_error" | "model_not_found" => 404,
                    "request_too_large" => 413,
                    "rate_limit_error"
                    | "rate_limit_exceeded"
                    | "insufficient_quota"
                    | "too_many_requests" => 429,
                    "api_error" | "server_error" => 500,
                    "overloaded_error" | "overloaded" | "server_is_overloaded" => overload,
                    "timeout_error" | "timeout" => 504,
                    number => number
                        .parse()
                        .ok()
                        .filter(|status| (400..600).contains(status))?,
                })
            })
            .unwrap_or(500)
    }
}

fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A message may be a text, FastAPI's list of `{loc, msg}`, or an object around either.
fn message_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => {
            let lines: Vec<String> = items.iter().filter_map(validation_text).collect();
            (!lines.is_empty()).then(|| lines.join("; "))
        }
        Value::Object(fields) => ["message", "msg", "detail"]
            .into_iter()
            .find_map(|key| fields.get(key).filter(|inner| !inner.is_object()))
            .and_then(message_text),
        _ => None,
    }
}

fn validation_text(item: &Value) -> Option<String> {
    if let Value::String(text) = item {
        return Some(text.clone());
    }
    let message = item.get("msg").or_else(|| item.get("message"))?.as_str()?;
    let path: Vec<String> = item
        .get("loc")
        .and_then(Value::as_array)
        .map(|loc| loc.iter().filter_map(scalar_text).collect())
        .unwrap_or_default();
    Some(if path.is_empty() {
        message.to_owned()
    } else {
        format!("{}: {message}", path.join("."))
    })
}

/// A page or a text in one line, without tags, scripts and control characters, cut.
fn clean_text(text: &str) -> Option<String> {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        let (before, tag) = rest.split_at(open);
        plain.push_str(before);
        plain.push(' ');
        let hidden = ["<script", "<style"].into_iter().find(|name| {
            tag.get(..name.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(name))
        });
        let end = match hidden {
            Some(_) => tag
                .find("</")
                .and_then(|at| tag.get(at..)?.find('>').map(|end| at + end)),
            None => tag.find('>'),
        };
        rest = end.and_then(|end| tag.get(end + 1..)).unwrap_or_default();
    }
    plain.push_str(rest);
    let words: Vec<&str> = plain
        .split(|letter: char| letter.is_whitespace() || letter.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    let line: String = words.join(" ").chars().take(TEXT_MAX).collect();
    (!line.is_empty()).then_some(line)
}

fn cut(mut message: String) -> String {
    if message.len() > MESSAGE_MAX {
        let end = (0..=MESSAGE_MAX)
            .rev()
            .find(|end| message.is_char_boundary(*end));
        message.truncate(end.unwrap_or(0));
    }
    message
}
