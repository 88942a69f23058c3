//! Answers: their heads, and refusals in the caller's words.

use super::exchange::Exchange;
use super::stream::Held;
use crate::clock::{self, Moment};
use crate::gateway::Gateway;
use crate::telemetry::others::Asked;
use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue};
use hyper::Response;
use hyper::body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};
use tollgate_domain::{Dialect, Refusal};
use tollgate_governance::limit::{Standing, retry_after_seconds};
use tollgate_providers::{error_body, error_status};

pub const VERSION: &str = env!("CARGO_PKG_VERSION");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const X_VERSION: HeaderName = HeaderName::from_static("x-tollgate-version");
const X_REQUEST: HeaderName = HeaderName::from_static("x-tollgate-request-id");
const X_ROUTE: HeaderName = HeaderName::from_static("x-tollgate-route");
const X_PROVIDER: HeaderName = HeaderName::from_static("x-tollgate-provider");
const X_MODEL: HeaderName = HeaderName::from_static("x-tollgate-model");
const X_ATTEMPTS: HeaderName = HeaderName::from_static("x-tollgate-attempts");
const X_DROPPED: HeaderName = HeaderName::from_static("x-tollgate-dropped-params");

/// The body of any answer of ours.
pub enum ReplyBody {
    Whole(Option<Bytes>),
    /// As `Whole`, and when it is to have been read.
    Until(Option<Bytes>, Moment),
    /// A provider's stream, metered as it passes.
    Live(Held),
    /// An answer of the tracking store's API.
    Api(axum::body::Body),
}

impl ReplyBody {
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self::Whole((!bytes.is_empty()).then_some(bytes))
    }

    /// When it is to be over, however slow its reader is.
    pub fn deadline(&self) -> Option<Moment> {
        match self {
            Self::Live(live) => live.deadline(),
            Self::Until(_, end) => Some(*end),
            Self::Whole(_) | Self::Api(_) => None,
        }
    }

    /// Ends a stream whose deadline has passed.
    pub fn expire(&mut self) {
        if let Self::Live(live) = self
            && live.deadline().is_some_and(|end| clock::now() >= end)
        {
            live.expire();
        }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match self.get_mut() {
            Self::Whole(bytes) | Self::Until(bytes, _) => {
                Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes))))
            }
            Self::Live(live) => live
                .poll_next(cx)
                .map(|piece| piece.map(|piece| Ok(Frame::data(piece)))),
            Self::Api(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) | Self::Until(bytes, _) => bytes.is_none(),
            Self::Live(_) => false,
            Self::Api(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) | Self::Until(bytes, _) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64)
            }
            Self::Live(_) => SizeHint::default(),
            Self::Api(body) => body.size_hint(),
        }
    }
}

/// The refusal of somebody whose key is not known: counted, logged at a bounded rate, never stored.
pub fn stranger(
    gateway: &Gateway,
    asked: &Asked<'_>,
    dialect: Dialect,
    refusal: &Refusal,
) -> Response<ReplyBody> {
    let id = crate::random::request_id(clock::unix_nanos()).to_string();
    let status = error_status(dialect, refusal);
    gateway.metrics.others.refused(asked, refusal, status, &id);
    let body = error_body(dialect, refusal, &id);
    strangers(&id, refusal, status, body)
}

/// As [`stranger`], in the words of MLflow's API.
pub fn mlflow_stranger(
    gateway: &Gateway,
    asked: &Asked<'_>,
    refusal: &Refusal,
) -> Response<ReplyBody> {
    let id = crate::random::request_id(clock::unix_nanos()).to_string();
    let status = refusal.status();
    gateway.metrics.others.refused(asked, refusal, status, &id);
    let body = tollgate_mlflow::refusal_body(status, &refusal.to_string());
    strangers(&id, refusal, status, Bytes::from(body))
}

fn strangers(id: &str, refusal: &Refusal, status: u16, body: Bytes) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::whole(body));
    set_status(&mut response, status);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(X_VERSION, HeaderValue::from_static(VERSION));
    put(headers, X_REQUEST, id);
    refusal_headers(headers, refusal);
    response
}

fn refusal_headers(headers: &mut HeaderMap, refusal: &Refusal) {
    if let Some(wait) = refusal.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(retry_after_seconds(wait)));
    }
    match refusal {
        Refusal::MissingKey | Refusal::InvalidKey | Refusal::ExpiredKey => {
            headers.insert(
                WWW_AUTHENTICATE,
                HeaderValue::from_static("Basic realm=\"mlflow\""),
            );
        }
        Refusal::MethodNotAllowed(_) => {
            headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        _ => {}
    }
}

pub(super) fn refusal_body(exchange: &Exchange, refusal: &Refusal) -> Bytes {
    error_body(exchange.dialect, refusal, &exchange.id.to_string())
}

pub(super) fn refused(
    exchange: &Exchange,
    refusal: &Refusal,
    status: u16,
    body: Bytes,
) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::whole(body));
    set_status(&mut response, status);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    own_headers(headers, exchange);
    refusal_headers(headers, refusal);
    response
}

fn set_status(response: &mut Response<ReplyBody>, status: u16) {
    *response.status_mut() =
        http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
}

/// Headers of a provider that go on to the caller; all others are the operator's business or the connection's.
static FORWARDED: [HeaderName; 6] = [
    HeaderName::from_static("request-id"),
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("openai-processing-ms"),
    HeaderName::from_static("openai-version"),
    HeaderName::from_static("x-should-retry"),
    HeaderName::from_static("retry-after-ms"),
];

/// The head of an answer that a provider gave.
pub(super) fn answered(
    exchange: &Exchange,
    upstream: &HeaderMap,
    content_type: HeaderValue,
    body: ReplyBody,
) -> Response<ReplyBody> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.reserve(24);
    headers.insert(CONTENT_TYPE, content_type);
    pass_on(upstream, headers);
    own_headers(headers, exchange);
    response
}

/// Copies what of a provider's head is for the caller.
pub(super) fn pass_on(upstream: &HeaderMap, headers: &mut HeaderMap) {
    if upstream.is_empty() {
        return;
    }
    for name in &FORWARDED {
        if let Some(value) = upstream.get(name) {
            headers.insert(name.clone(), value.clone());
        }
    }
}

fn own_headers(headers: &mut HeaderMap, exchange: &Exchange) {
    headers.insert(X_VERSION, HeaderValue::from_static(VERSION));
    put(headers, X_REQUEST, &exchange.id.to_string());
    if exchange.route.is_some() {
        put(headers, X_ROUTE, exchange.route_name());
    }
    headers.insert(X_ATTEMPTS, HeaderValue::from(exchange.attempts));
    if let Some((target, model)) = &exchange.tried {
        put(headers, X_PROVIDER, target.provider.config.name.as_str());
        put(headers, X_MODEL, model);
    }
    if !exchange.losses.is_empty() {
        put(headers, X_DROPPED, &exchange.losses);
    }
    put_standing(headers, exchange.standing(), exchange.dialect);
}

/// What a key has left, in the words of the dialect.
pub fn put_standing(headers: &mut HeaderMap, standing: Standing, dialect: Dialect) {
    standing.headers(dialect, clock::unix_seconds(), |name, value| {
        put(headers, HeaderName::from_static(name), value);
    });
}

/// Sets a header whose value may hold anything; what a header can't carry is left out.
fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forwarded_is_kept() {
        for name in &FORWARDED {
            assert!(crate::upstream::KEPT.contains(&name.as_str()), "{name}");
        }
    }
}
