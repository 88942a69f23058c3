//! A refusal in the caller's dialect.
//!
//! OpenAI (Python SDK 3.54.0): `{error{message, type, param, code}}`; in a stream as `data`, of responses as an `error`
//! event. Anthropic (Python SDK 2.12.0): `{type error, error{type, message, details{error_code}}, request_id}`; in a
//! stream as an `error` event.

use bytes::Bytes;
use serde::Serialize;
use tollgate_domain::{Dialect, Endpoint, Refusal, Unit};

#[derive(Serialize)]
struct OpenAiBody<'a> {
    error: OpenAiError<'a>,
}

#[derive(Clone, Copy, Serialize)]
struct OpenAiError<'a> {
    message: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    param: Option<&'a str>,
    code: Option<&'a str>,
}

/// The `error` event of responses. Official clients look for either form, so it holds both.
#[derive(Serialize)]
struct ResponsesEvent<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    sequence_number: u64,
    code: Option<&'a str>,
    message: &'a str,
    param: Option<&'a str>,
    error: OpenAiError<'a>,
}

#[derive(Serialize)]
struct AnthropicBody<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    error: AnthropicError<'a>,
    request_id: &'a str,
}

#[derive(Serialize)]
struct AnthropicError<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<AnthropicDetails<'a>>,
}

#[derive(Serialize)]
struct AnthropicDetails<'a> {
    error_code: &'a str,
}

/// The HTTP status of the answer: overload is 503 to a caller of OpenAI's dialect and 529 to one of Anthropic's.
pub fn error_status(dialect: Dialect, refusal: &Refusal) -> u16 {
    let status = refusal.status();
    let Refusal::Upstream { kind, .. } = refusal else {
        return status;
    };
    match (dialect, status) {
        (Dialect::OpenAi, 529) => 503,
        (Dialect::Anthropic, 503) if !is_anthropic(kind.as_deref()) => 529,
        _ => status,
    }
}

/// The JSON body of the answer.
pub fn error_body(dialect: Dialect, refusal: &Refusal, request_id: &str) -> Bytes {
    let message = refusal.to_string();
    match dialect {
        Dialect::OpenAi => json(&OpenAiBody {
            error: openai_error(refusal, &message),
        }),
        Dialect::Anthropic => json(&anthropic_body(refusal, &message, request_id)),
    }
}

/// The event that ends a broken stream, in the caller's dialect.
pub fn error_event(
    dialect: Dialect,
    endpoint: Endpoint,
    refusal: &Refusal,
    request_id: &str,
) -> Bytes {
    let message = refusal.to_string();
    let (name, data) = match (dialect, endpoint) {
        (Dialect::Anthropic, _) => (
            "event: error\n",
            json(&anthropic_body(refusal, &message, request_id)),
        ),
        (Dialect::OpenAi, Endpoint::Responses) => {
            let error = openai_error(refusal, &message);
            let event = ResponsesEvent {
                kind: "error",
                sequence_number: 0,
                code: error.code,
                message: &message,
                param: error.param,
                error,
            };
            ("event: error\n", json(&event))
        }
        (Dialect::OpenAi, _) => (
            "",
            json(&OpenAiBody {
                error: openai_error(refusal, &message),
            }),
        ),
    };
    [name.as_bytes(), b"data: ", &data, b"\n\n"].concat().into()
}

fn json(body: &impl Serialize) -> Bytes {
    // Structs of strings always serialize.
    serde_json::to_vec(body).unwrap_or_default().into()
}

fn openai_error<'a>(refusal: &'a Refusal, message: &'a str) -> OpenAiError<'a> {
    let status = refusal.status();
    let by_status = match status {
        429 => "requests",
        400..=499 => "invalid_request_error",
        _ => "server_error",
    };
    let (kind, code, param) = match refusal {
        Refusal::Upstream {
            kind, code, param, ..
        } => {
            let is_foreign = is_anthropic(kind.as_deref());
            let known = kind
                .as_deref()
                .filter(|kind| !is_foreign || *kind == by_status);
            let code = code.as_deref().or(match status {
                429 if is_foreign => Some("rate_limit_exceeded"),
                404 if is_foreign => Some("model_not_found"),
                _ => None,
            });
            (known.unwrap_or(by_status), code, param.as_deref())
        }
        Refusal::BadRequest { param, .. } => (by_status, Some(refusal.code()), param.as_deref()),
        Refusal::LimitReached {
            unit: Unit::Tokens, ..
        } => ("tokens", Some(refusal.code()), None),
        Refusal::UnknownModel(_) => (by_status, Some(refusal.code()), Some("model")),
        _ => (by_status, Some(refusal.code()), None),
    };
    OpenAiError {
        message,
        kind,
        param,
        code,
    }
}

fn anthropic_body<'a>(
    refusal: &'a Refusal,
    message: &'a str,
    request_id: &'a str,
) -> AnthropicBody<'a> {
    let by_status = match error_status(Dialect::Anthropic, refusal) {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        408 | 504 => "timeout_error",
        409 => "conflict_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    };
    let (kind, code) = match refusal {
        Refusal::Upstream { kind, code, .. } => {
            // OpenAI's `invalid_request_error` is also that of a 404.
            let own = kind.as_deref().filter(|kind| {
                is_anthropic(Some(kind))
                    && (*kind != "invalid_request_error" || by_status == "invalid_request_error")
            });
            (own.unwrap_or(by_status), code.as_deref())
        }
        _ => (by_status, Some(refusal.code())),
    };
    let details = code.map(|error_code| AnthropicDetails { error_code });
    AnthropicBody {
        kind: "error",
        error: AnthropicError {
            kind,
            message,
            details,
        },
        request_id,
    }
}

/// Whether a type is of Anthropic's list; `invalid_request_error` is of both.
fn is_anthropic(kind: Option<&str>) -> bool {
    matches!(
        kind,
        Some(
            "invalid_request_error"
                | "authentication_error"
                | "billing_error"
                | "permission_error"
                | "not_found_error"
                | "conflict_error"
                | "request_too_large"
                | "rate_limit_error"
                | "timeout_error"
                | "overloaded_error"
                | "api_error"
        )
    )
}
