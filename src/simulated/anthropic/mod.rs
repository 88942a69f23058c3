//! The simulated Anthropic: messages, count_tokens, models. Messages API, versions 2023-06-01 and 2026-10-21.

mod blocks;
mod errors;
mod messages;
mod models;
mod reply;
mod request;
mod schema;
mod stream;
mod thinking;
mod tools;
mod usage;

use http::request::Parts;
use http::{HeaderMap, Method};
use tollgate_domain::Endpoint;

use super::answer::{Answer, Asked, Content};
use super::failure::Failure;
use super::json::{Json, object};

const VERSIONS: [&str; 2] = ["2023-06-01", "2026-10-21"];

pub(crate) fn authorize(headers: &HeaderMap) -> Result<(), Failure> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = text("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let unauthorized = |message: &str| Err(Failure::new(401, "authentication_error", message));
    match text("x-api-key")
        .or(bearer)
        .filter(|key| !key.trim().is_empty())
    {
        None => return unauthorized("x-api-key header is required"),
        Some(key) if key.contains("invalid") => return unauthorized("invalid x-api-key"),
        Some(_) => {}
    }
    match text("anthropic-version") {
        None => return Err(Failure::bad("anthropic-version: header is required")),
        Some(version) if !VERSIONS.contains(&version) => {
            return Err(Failure::bad(format!(
                "anthropic-version: \"{version}\" is not a valid version"
            )));
        }
        Some(_) => {}
    }
    if !text("content-type")
        .unwrap_or_default()
        .starts_with("application/json")
    {
        return Err(Failure::bad("content-type: must be application/json"));
    }
    Ok(())
}

pub(crate) fn answer(endpoint: Endpoint, asked: &mut Asked<'_>) -> Result<Answer, Failure> {
    match endpoint {
        Endpoint::Messages => {
            let request = request::read(asked)?;
            Ok(reply::write(asked, &request))
        }
        Endpoint::CountTokens => {
            let body = object! { "input_tokens": request::count(asked)? };
            Ok(Answer {
                content: Content::Whole {
                    body: body.clone(),
                    text: String::new(),
                },
                usage: body,
                thinking_verified: 0,
            })
        }
        _ => Err(Failure::new(404, "not_found_error", "Not Found")),
    }
}

/// What is not a model endpoint: the list of models, and everything that does not exist.
pub(crate) fn other(parts: &Parts) -> Result<Json, Failure> {
    let path = parts.uri.path();
    match path.strip_prefix("/v1/models") {
        Some("") if parts.method == Method::GET => Ok(models::list()),
        Some(rest) if parts.method == Method::GET && rest.starts_with('/') => {
            models::entry(rest.trim_start_matches('/'))
        }
        _ if path.starts_with("/v1/messages") || path == "/v1/models" => Err(Failure::new(
            405,
            "invalid_request_error",
            "Method Not Allowed",
        )),
        _ => Err(Failure::new(404, "not_found_error", "Not Found")),
    }
}
