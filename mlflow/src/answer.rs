//! Answers: JSON for a result, MLflow's error objects, and plain pages where its server has no JSON either.

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde_json::{Map, Value, json};
use tollgate_store::StoreError;

/// MLflow's error codes, as far as they are given here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    InvalidParameterValue,
    ResourceAlreadyExists,
    ResourceDoesNotExist,
    InternalError,
    TemporarilyUnavailable,
    DeadlineExceeded,
}

impl Code {
    fn name(self) -> &'static str {
        match self {
            Self::InvalidParameterValue => "INVALID_PARAMETER_VALUE",
            Self::ResourceAlreadyExists => "RESOURCE_ALREADY_EXISTS",
            Self::ResourceDoesNotExist => "RESOURCE_DOES_NOT_EXIST",
            Self::InternalError => "INTERNAL_ERROR",
            Self::TemporarilyUnavailable => "TEMPORARILY_UNAVAILABLE",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
        }
    }

    /// The `error_class` that MLflow's server sends along.
    fn class(self) -> &'static str {
        match self {
            Self::ResourceDoesNotExist => "RESOURCE_NOT_FOUND",
            other => other.name(),
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::InvalidParameterValue | Self::ResourceAlreadyExists => StatusCode::BAD_REQUEST,
            Self::ResourceDoesNotExist => StatusCode::NOT_FOUND,
            Self::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        }
    }
}

/// An error as MLflow's client reads it.
#[derive(Debug)]
pub(crate) struct ApiError {
    pub(crate) code: Code,
    pub(crate) message: String,
}

impl ApiError {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidParameterValue, message)
    }

    pub(crate) fn missing(message: impl Into<String>) -> Self {
        Self::new(Code::ResourceDoesNotExist, message)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::Invalid(_) => Code::InvalidParameterValue,
            StoreError::NotFound(_) => Code::ResourceDoesNotExist,
            StoreError::AlreadyExists(_) => Code::ResourceAlreadyExists,
            StoreError::TooSlow(_) => Code::DeadlineExceeded,
            error if error.is_transient() => Code::TemporarilyUnavailable,
            _ => Code::InternalError,
        };
        Self::new(code, error.to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = error_text(self.code.name(), self.code.class(), &self.message);
        (
            self.code.status(),
            [(header::CONTENT_TYPE, "application/json")],
            body,
        )
            .into_response()
    }
}

fn error_text(code: &str, class: &str, message: &str) -> String {
    json!({
        "error_code": code,
        "message": message,
        "sqlstate": "KAM00",
        "error_class": class,
    })
    .to_string()
}

/// The body of a refusal that whoever mounts the API makes before it: a key that is missing or lacks a scope, a foreign
/// host.
pub fn refusal_body(status: u16, message: &str) -> String {
    let code = match status {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "ENDPOINT_NOT_FOUND",
        408 => "DEADLINE_EXCEEDED",
        500.. => "INTERNAL_ERROR",
        _ => "BAD_REQUEST",
    };
    error_text(code, code, message)
}

pub(crate) type Answer = Result<Value, ApiError>;

/// JSON for a result.
pub(crate) fn respond(answer: Answer) -> Response {
    match answer {
        Ok(value) => (
            [(header::CONTENT_TYPE, "application/json")],
            value.to_string(),
        )
            .into_response(),
        Err(error) => error.into_response(),
    }
}

/// A list, and the token for its next page; what is empty is left out.
pub(crate) fn page_of(name: &str, values: Vec<Value>, next: Option<String>) -> Answer {
    let mut page = Map::new();
    if !values.is_empty() {
        page.insert(name.into(), Value::Array(values));
    }
    if let Some(token) = next {
        page.insert("next_page_token".into(), Value::String(token));
    }
    Ok(Value::Object(page))
}

pub(crate) async fn not_found() -> Response {
    page(
        StatusCode::NOT_FOUND,
        "The requested URL was not found on the server.",
    )
}

pub(crate) async fn method_not_allowed() -> Response {
    page(
        StatusCode::METHOD_NOT_ALLOWED,
        "The method is not allowed for the requested URL.",
    )
}

fn page(status: StatusCode, text: &str) -> Response {
    let title = format!(
        "{} {}",
        status.as_u16(),
        status.canonical_reason().unwrap_or_default()
    );
    let html = format!(
        "<!doctype html>\n<html lang=en>\n<title>{title}</title>\n<h1>{}</h1>\n<p>{text}</p>\n",
        status.canonical_reason().unwrap_or_default()
    );
    (status, Html(html)).into_response()
}
