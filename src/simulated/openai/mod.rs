//! The simulated OpenAI: chat completions, completions, embeddings, responses, models.

mod chat;
mod completions;
mod embeddings;
mod errors;
mod models;
mod responses;
mod usage;

use http::request::Parts;
use http::{HeaderMap, Method};
use tollgate_domain::Endpoint;

use super::answer::{Answer, Asked};
use super::failure::Failure;
use super::json::Json;

/// The second of every `created` field: a simulation has no clock.
const CREATED: u64 = 1_795_000_000;

pub(crate) fn authorize(headers: &HeaderMap) -> Result<(), Failure> {
    let credential = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    let Some(key) = credential
        .and_then(|value| value.strip_prefix("Bearer "))
        .filter(|key| !key.trim().is_empty())
    else {
        return Err(Failure::new(
            401,
            "invalid_request_error",
            "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer \
             auth (i.e. Authorization: Bearer YOUR_KEY).",
        ));
    };
    if key.contains("invalid") {
        let message = "Incorrect API key provided. You can find your API key at \
            https://platform.openai.com/account/api-keys.";
        return Err(Failure::new(401, "invalid_request_error", message).code("invalid_api_key"));
    }
    let kind = headers
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if !kind.starts_with("application/json") {
        return Err(Failure::new(
            415,
            "invalid_request_error",
            format!("Unsupported content type: '{kind}'."),
        ));
    }
    Ok(())
}

pub(crate) fn answer(endpoint: Endpoint, asked: &mut Asked<'_>) -> Result<Answer, Failure> {
    match endpoint {
        Endpoint::ChatCompletions => chat::answer(asked),
        Endpoint::Completions => completions::answer(asked),
        Endpoint::Embeddings => embeddings::answer(asked),
        Endpoint::Responses => responses::answer(asked),
        Endpoint::Messages | Endpoint::CountTokens => {
            Err(errors::no_such_path("POST", endpoint.path()))
        }
    }
}

/// What is not a model endpoint: the list of models, and everything that does not exist.
pub(crate) fn other(parts: &Parts) -> Result<Json, Failure> {
    let path = parts.uri.path();
    match path.strip_prefix("/v1/models") {
        Some(rest) if parts.method == Method::GET => match rest.strip_prefix('/') {
            None if rest.is_empty() => Ok(models::list()),
            Some(id) => models::entry(id),
            None => Err(errors::no_such_path("GET", path)),
        },
        _ if Endpoint::at(path).is_some() || path == "/v1/models" => Err(Failure::new(
            405,
            "invalid_request_error",
            format!("Not allowed to {} on {path}.", parts.method),
        )),
        _ => Err(errors::no_such_path(parts.method.as_str(), path)),
    }
}
