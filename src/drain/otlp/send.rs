//! One export over HTTP, and what its answer means (OTLP specification 1.x, "OTLP/HTTP": responses, failures,
//! throttling, partial success).

use super::endpoint::Endpoint;
use crate::upstream::{self, Kept, Outgoing};
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use std::time::Duration;
use tollgate_governance::strategy::parse_retry_after;

const CONNECT: Duration = Duration::from_secs(5);
const TOTAL: Duration = Duration::from_secs(30);
/// Of an answer's body.
const MAX_ANSWER: usize = 64 << 10;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Taken, but for so many spans.
    Accepted { rejected: u64, message: String },
    /// To be tried again; after that time, where the collector says one.
    Later {
        why: String,
        after: Option<Duration>,
    },
    /// As `Later`, but the collector may fail at what it was sent, so not for ever.
    Failed { status: u16 },
    /// Never to be sent again as it is.
    Refused { status: u16 },
}

pub(super) async fn send(endpoint: &Endpoint, body: Bytes, now_unix: u64) -> Answer {
    match tokio::time::timeout(TOTAL, exchange(endpoint, body, now_unix)).await {
        Ok(answer) => answer,
        Err(_) => later(format!("no answer within {TOTAL:?}")),
    }
}

async fn exchange(endpoint: &Endpoint, body: Bytes, now_unix: u64) -> Answer {
    let request = Outgoing {
        template: &endpoint.template,
        path: endpoint.path.as_str().into(),
        headers: &[],
        body,
    };
    let mut response = match upstream::send(&endpoint.origin, &request, CONNECT).await {
        Ok(response) => response,
        Err(error) => return later(error.to_string()),
    };
    // The status says it; what comes after may only say more.
    let body = response.body.collect(MAX_ANSWER).await;
    judge(
        response.status.as_u16(),
        &response.head,
        &body.unwrap_or_default(),
        now_unix,
    )
}

fn judge(status: u16, head: &Kept, body: &[u8], now_unix: u64) -> Answer {
    match status {
        200..300 => accepted(body),
        429 | 502 | 503 | 504 => Answer::Later {
            why: format!("status {status}"),
            after: head
                .text("retry-after")
                .and_then(|value| parse_retry_after(value, now_unix)),
        },
        408 | 500..600 => Answer::Failed { status },
        _ => Answer::Refused { status },
    }
}

fn accepted(body: &[u8]) -> Answer {
    // Some answer with nothing, or in JSON: that is no reason to send it all again.
    let partial = ExportTraceServiceResponse::decode(body)
        .ok()
        .and_then(|response| response.partial_success)
        .unwrap_or_default();
    Answer::Accepted {
        rejected: u64::try_from(partial.rejected_spans).unwrap_or(0),
        message: partial.error_message,
    }
}

fn later(why: String) -> Answer {
    Answer::Later { why, after: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTracePartialSuccess;

    fn check(status: u16, retry: Option<&'static str>, body: &[u8], expected: Answer) {
        let sent = retry.map(|retry| ("retry-after", retry));
        let head = Kept::sent(sent.as_slice());
        assert_eq!(judge(status, &head, body, 0), expected, "{status}");
    }

    fn taken(rejected: u64, message: &str) -> Answer {
        Answer::Accepted {
            rejected,
            message: message.to_owned(),
        }
    }

    #[test]
    fn an_answer_says_whether_to_come_again() {
        check(200, None, b"", taken(0, ""));
        check(202, None, b"{\"partialSuccess\":{}}", taken(0, ""));
        for status in [429, 502, 503, 504] {
            let later = |seconds: Option<u64>| Answer::Later {
                why: format!("status {status}"),
                after: seconds.map(Duration::from_secs),
            };
            check(status, None, b"", later(None));
            check(status, Some("7"), b"", later(Some(7)));
            check(status, Some("soon"), b"", later(None));
        }
        for status in [408, 500, 501] {
            check(status, None, b"", Answer::Failed { status });
        }
        for status in [301, 400, 401, 413, 422] {
            check(status, None, b"", Answer::Refused { status });
        }
    }

    #[test]
    fn a_partial_success_is_read() {
        let response = ExportTraceServiceResponse {
            partial_success: Some(ExportTracePartialSuccess {
                rejected_spans: 3,
                error_message: "too old".to_owned(),
            }),
        };
        check(200, None, &response.encode_to_vec(), taken(3, "too old"));
    }
}
