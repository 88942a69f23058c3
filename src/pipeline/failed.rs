//! Why a try gave no answer, and what the caller is told of it.

use super::answer::pass_on;
use super::attempt::Way;
use super::gunzip::Decoder;
use super::lines::Lines;
use crate::clock;
use crate::live::LiveTarget;
use crate::upstream::{Kept, SendError};
use bytes::Bytes;
use std::time::Duration;
use tollgate_domain::Refusal;
use tollgate_governance::strategy::{Failure, parse_retry_after, parse_retry_after_ms};
use tollgate_providers::{ErrorClass, ReplyFault, Seen, upstream_error};

/// Bytes of a provider's error that are read.
const MAX_ERROR: usize = 256 << 10;

/// A try that gave no answer.
pub(super) struct Failed {
    pub failure: Failure,
    pub refusal: Refusal,
    pub retry_after: Option<Duration>,
    pub seen: Seen,
    /// Whether the provider said that the same again would fail again.
    pub is_final: bool,
    /// What the provider's head says that is for the caller.
    pub told: Lines,
}

impl Failed {
    pub(super) fn new(failure: Failure, refusal: Refusal) -> Self {
        Self {
            failure,
            refusal,
            retry_after: None,
            seen: Seen::default(),
            is_final: false,
            told: Lines::default(),
        }
    }

    /// What an answer with status 200 that is none means.
    pub(super) fn of_fault(fault: ReplyFault, seen: Seen) -> Self {
        match fault {
            ReplyFault::Upstream(error) => {
                let failure = failure_of(error.class, error.status);
                Self {
                    seen,
                    ..Self::new(failure, error.into_refusal(None))
                }
            }
            fault => {
                let refusal = Refusal::UpstreamMalformed(fault.to_string());
                Self {
                    seen,
                    ..Self::new(Failure::Broken, refusal)
                }
            }
        }
    }
}

pub fn reason(failure: Failure) -> &'static str {
    match failure {
        Failure::Connect => "connect",
        Failure::FirstTokenTimeout => "first_token_timeout",
        Failure::TotalTimeout => "total_timeout",
        Failure::Broken => "broken",
        Failure::Quota => "upstream_quota",
        Failure::Auth => "upstream_auth",
        Failure::Status(429) => "rate_limited",
        Failure::Status(500..) => "server_error",
        Failure::Status(_) => "client_error",
    }
}

fn failure_of(class: ErrorClass, status: u16) -> Failure {
    match class {
        ErrorClass::Auth => Failure::Auth,
        ErrorClass::Quota => Failure::Quota,
        _ => Failure::Status(status),
    }
}

pub(super) fn of_send(error: &SendError) -> Failed {
    // The address is the operator's business, the reason the caller's.
    let refusal = match error {
        SendError::Connect { source, .. } => Refusal::Unreachable(source.kind().to_string()),
        SendError::ConnectTimeout { .. } => Refusal::UpstreamTimeout,
        SendError::Broken(_) => {
            Refusal::Unreachable("the connection broke before an answer".to_owned())
        }
    };
    tracing::warn!(%error, "a provider could not be reached");
    Failed::new(Failure::Connect, refusal)
}

/// When to come back, by the header that says it more exactly.
fn retry_after(head: &Kept) -> Option<Duration> {
    let exact = head.text("retry-after-ms").and_then(parse_retry_after_ms);
    exact.or_else(|| parse_retry_after(head.text("retry-after")?, clock::unix_seconds()))
}

pub(super) async fn read_error(target: &LiveTarget, way: &mut Way) -> Failed {
    let (status, head, body) = (way.status.as_u16(), &way.head, &mut way.body);
    let mut bytes = Vec::new();
    let reading = async {
        while let Some(Ok(chunk)) = body.chunk().await {
            let room = MAX_ERROR.saturating_sub(bytes.len());
            bytes.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
            if bytes.len() >= MAX_ERROR {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(10), reading).await;
    let bytes = Bytes::from(bytes);
    let decoder = Decoder::of(head).map(|decoder| decoder.within(MAX_ERROR));
    let decoded = decoder.and_then(|mut decoder| decoder.decode(bytes.clone()).ok());
    let bytes = decoded.unwrap_or(bytes);
    let kind = target.provider.config.kind;
    let mut error = upstream_error(kind, status, &bytes);
    if let Some(key) = &target.provider.config.api_key
        && !key.is_empty()
        && error.message.contains(key.expose())
    {
        error.message = error.message.replace(key.expose(), "[credential]");
    }
    let retry_after = retry_after(head);
    let mut told = Lines::default();
    pass_on(head, &mut told);
    Failed {
        retry_after,
        is_final: head.get("x-should-retry") == Some(b"false"),
        told,
        ..Failed::new(
            failure_of(error.class, error.status),
            error.into_refusal(retry_after),
        )
    }
}
