//! Errors in the shapes of the two real servers.
//!
//! OpenAI: `{error{message, type, param, code}}`. Anthropic: `{type error, error{type, message}, request_id}`.

use bytes::Bytes;
use tollgate_domain::Dialect;

use super::fault::Fault;
use super::json::{Json, object};

/// A refused request.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) status: u16,
    pub(crate) kind: &'static str,
    pub(crate) message: String,
    /// OpenAI's: the parameter and the machine-readable code.
    pub(crate) param: Option<String>,
    pub(crate) code: Option<&'static str>,
    pub(crate) retry_after: Option<u64>,
}

impl Failure {
    pub(crate) fn new(status: u16, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            message: message.into(),
            param: None,
            code: None,
            retry_after: None,
        }
    }

    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", message)
    }

    pub(crate) fn code(self, code: &'static str) -> Self {
        Self {
            code: Some(code),
            ..self
        }
    }

    pub(crate) fn param(self, param: impl Into<String>) -> Self {
        Self {
            param: Some(param.into()),
            ..self
        }
    }

    pub(crate) fn body(&self, dialect: Dialect, request_id: &str) -> Json {
        match dialect {
            Dialect::OpenAi => object! {
                "error": object! {
                    "message": self.message, "type": self.kind, "param": self.param, "code": self.code,
                },
            },
            Dialect::Anthropic => object! {
                "type": "error",
                "error": object! { "type": self.kind, "message": self.message },
                "request_id": request_id,
            },
        }
    }

    /// What a fault that stands for an answer says, if it is one.
    pub(crate) fn of_fault(fault: &Fault, dialect: Dialect) -> Option<Self> {
        match fault {
            Fault::Status {
                status,
                retry_after,
                message,
            } => {
                let mut failure = match dialect {
                    Dialect::OpenAi => openai(*status),
                    Dialect::Anthropic => anthropic(*status),
                };
                failure.retry_after = *retry_after;
                if let Some(message) = message {
                    failure.message.clone_from(message);
                }
                Some(failure)
            }
            Fault::Quota => Some(match dialect {
                Dialect::OpenAi => Self::new(
                    429,
                    "insufficient_quota",
                    "You exceeded your current quota, please check \
                    your plan and billing details.",
                )
                .code("insufficient_quota"),
                Dialect::Anthropic => Self::new(
                    429,
                    "billing_error",
                    "Your organization has reached its spend limit.",
                ),
            }),
            _ => None,
        }
    }

    /// The error event inside a stream that began with 200.
    pub(crate) fn event(dialect: Dialect, is_responses: bool, request_id: &str) -> Bytes {
        Bytes::from(match dialect {
            Dialect::OpenAi if is_responses => {
                let event = object! {
                    "type": "error", "sequence_number": 3, "code": "server_error",
                    "message": "The server had an error while processing your request. Sorry about that!",
                    "param": (),
                };
                format!("event: error\ndata: {}\n\n", event.as_str())
            }
            Dialect::OpenAi => format!(
                "data: {}\n\n",
                openai(500).body(dialect, request_id).as_str()
            ),
            Dialect::Anthropic => {
                format!(
                    "event: error\ndata: {}\n\n",
                    anthropic(529).body(dialect, request_id).as_str()
                )
            }
        })
    }
}

fn openai(status: u16) -> Failure {
    let bad = "invalid_request_error";
    match status {
        401 => Failure::new(
            401,
            bad,
            "Incorrect API key provided: sk-sim***. You can find your API key at \
            https://platform.openai.com/account/api-keys.",
        )
        .code("invalid_api_key"),
        403 => Failure::new(403, bad, "Project does not have access to this model.")
            .code("unsupported_country"),
        408 => Failure::new(408, "server_error", "Request timed out."),
        409 => Failure::new(409, bad, "Another request is being processed."),
        413 => Failure::new(413, bad, "Maximum request body size exceeded."),
        429 => Failure::new(
            429,
            "requests",
            "Rate limit reached for requests. Please try again in 1s.",
        )
        .code("rate_limit_exceeded"),
        500 => Failure::new(
            500,
            "server_error",
            "The server had an error while processing your request. Sorry about \
            that!",
        ),
        503 => Failure::new(
            503,
            "server_error",
            "The engine is currently overloaded, please try again later.",
        ),
        400..=499 => Failure::new(status, bad, "This request was refused."),
        _ => Failure::new(status, "server_error", "The server had an error."),
    }
}

fn anthropic(status: u16) -> Failure {
    let (kind, message) = match status {
        401 => ("authentication_error", "invalid x-api-key"),
        402 => (
            "billing_error",
            "Your credit balance is too low to access the Anthropic API.",
        ),
        403 => (
            "permission_error",
            "Your API key does not have permission to use the specified resource.",
        ),
        404 => ("not_found_error", "Not Found"),
        408 | 504 => ("timeout_error", "Request timed out"),
        409 => ("conflict_error", "Conflict"),
        413 => ("request_too_large", "Request exceeds the maximum size"),
        429 => (
            "rate_limit_error",
            "This request would exceed your organization's rate limit.",
        ),
        529 => ("overloaded_error", "Overloaded"),
        400..=499 => ("invalid_request_error", "This request was refused."),
        _ => ("api_error", "Internal server error"),
    };
    Failure::new(status, kind, message)
}
