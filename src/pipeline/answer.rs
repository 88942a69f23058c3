//! Answers: their heads, and refusals in the caller's words.

use super::exchange::Exchange;
use super::lines::Lines;
use super::stream::Held;
use crate::clock::{self, Moment};
use crate::gateway::Gateway;
use crate::telemetry::others::Asked;
use crate::upstream::Kept;
use bytes::Bytes;
use http::StatusCode;
use hyper::body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};
use tollgate_domain::{Dialect, Refusal};
use tollgate_governance::limit::{Standing, retry_after_seconds};
use tollgate_providers::{error_body, error_status};

pub const VERSION: &str = env!("CARGO_PKG_VERSION");
const JSON: &str = "application/json";

/// An answer of ours.
pub struct Answer {
    pub status: StatusCode,
    pub lines: Lines,
    pub body: ReplyBody,
}

impl Answer {
    pub fn of(status: u16, body: ReplyBody) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            lines: Lines::with_room(),
            body,
        }
    }
}

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
) -> Answer {
    let id = crate::random::request_id(clock::unix_nanos()).to_string();
    let status = error_status(dialect, refusal);
    gateway.metrics.others.refused(asked, refusal, status, &id);
    let body = error_body(dialect, refusal, &id);
    let mut answer = strangers(&id, refusal, status, body);
    answer.lines.put(id_name(dialect), &id);
    answer
}

/// As [`stranger`], in the words of MLflow's API.
pub fn mlflow_stranger(gateway: &Gateway, asked: &Asked<'_>, refusal: &Refusal) -> Answer {
    let id = crate::random::request_id(clock::unix_nanos()).to_string();
    let status = refusal.status();
    gateway.metrics.others.refused(asked, refusal, status, &id);
    let body = tollgate_mlflow::refusal_body(status, &refusal.to_string());
    strangers(&id, refusal, status, Bytes::from(body))
}

fn strangers(id: &str, refusal: &Refusal, status: u16, body: Bytes) -> Answer {
    let mut answer = Answer::of(status, ReplyBody::whole(body));
    answer.lines.put("content-type", JSON);
    answer.lines.put("x-tollgate-version", VERSION);
    answer.lines.put("x-tollgate-request-id", id);
    put_refusal(&mut answer.lines, refusal);
    answer
}

fn put_refusal(lines: &mut Lines, refusal: &Refusal) {
    if let Some(wait) = refusal.retry_after() {
        lines.put("retry-after", retry_after_seconds(wait).to_string());
    }
    match refusal {
        Refusal::MissingKey | Refusal::InvalidKey | Refusal::ExpiredKey => {
            lines.put("www-authenticate", "Basic realm=\"mlflow\"");
        }
        _ => {}
    }
}

pub(super) fn refusal_body(exchange: &Exchange, refusal: &Refusal) -> Bytes {
    error_body(exchange.dialect, refusal, &exchange.id.to_string())
}

/// A refusal, and what a provider's head told with it.
pub(super) fn refused(
    exchange: &Exchange,
    refusal: &Refusal,
    status: u16,
    body: Bytes,
    told: &Lines,
) -> Answer {
    let mut answer = Answer::of(status, ReplyBody::whole(body));
    answer.lines.put("content-type", JSON);
    answer.lines.append(told);
    put_own(
        &mut answer.lines,
        exchange,
        told.has(id_name(exchange.dialect)),
    );
    put_refusal(&mut answer.lines, refusal);
    answer
}

/// Where the dialect's SDKs look for a request's id (`_request_id`, `request_id`, `requestID`). A provider's own goes on
/// to the caller; an answer without one has ours there.
fn id_name(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Anthropic => "request-id",
        Dialect::OpenAi => "x-request-id",
    }
}

/// Headers of a provider that go on to the caller; all others are the operator's business or the connection's.
const FORWARDED: [&str; 6] = [
    "request-id",
    "x-request-id",
    "openai-processing-ms",
    "openai-version",
    "x-should-retry",
    "retry-after-ms",
];

/// The head of an answer that a provider gave.
pub(super) fn answered(
    exchange: &Exchange,
    upstream: &Kept,
    content_type: &str,
    body: ReplyBody,
) -> Answer {
    let mut answer = Answer::of(200, body);
    answer.lines.put("content-type", content_type);
    pass_on(upstream, &mut answer.lines);
    let has_id = upstream.get(id_name(exchange.dialect)).is_some();
    put_own(&mut answer.lines, exchange, has_id);
    answer
}

/// Copies what of a provider's head is for the caller.
pub(super) fn pass_on(upstream: &Kept, lines: &mut Lines) {
    if upstream.is_empty() {
        return;
    }
    for name in FORWARDED {
        if let Some(value) = upstream.get(name) {
            lines.take_over(name, value);
        }
    }
}

/// `has_id`: the dialect's own header of the id came from the provider.
fn put_own(lines: &mut Lines, exchange: &Exchange, has_id: bool) {
    lines.put("x-tollgate-version", VERSION);
    let id = exchange.id.to_string();
    lines.put("x-tollgate-request-id", &id);
    if !has_id {
        lines.put(id_name(exchange.dialect), &id);
    }
    if exchange.route.is_some() {
        lines.put("x-tollgate-route", exchange.route_name());
    }
    lines.put("x-tollgate-attempts", exchange.attempts.to_string());
    if let Some((target, model)) = &exchange.tried {
        lines.put("x-tollgate-provider", target.provider.config.name.as_str());
        lines.put("x-tollgate-model", model);
    }
    if !exchange.losses.is_empty() {
        lines.put("x-tollgate-dropped-params", &exchange.losses);
    }
    put_standing(lines, exchange.standing(), exchange.dialect);
}

/// What a key has left, in the words of the dialect.
pub fn put_standing(lines: &mut Lines, standing: Standing, dialect: Dialect) {
    standing.headers(dialect, clock::unix_seconds(), |name, value| {
        lines.put(name, value);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forwarded_is_kept() {
        let sent = FORWARDED.map(|name| (name, "1"));
        let mut lines = Lines::default();
        pass_on(&Kept::sent(&sent), &mut lines);
        let told = lines.as_bytes().split(|byte| *byte == b'\n').count() - 1;
        assert_eq!(told, FORWARDED.len());
    }
}
