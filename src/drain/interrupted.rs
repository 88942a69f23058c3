//! The end of a request that a killed process left open: what its provider saw is accounted.

use super::Pricing;
use super::request::{Ending, Finished, Request, Try, TryEnd, totals};
use crate::estimate::Traffic;
use tollgate_domain::Usage;
use tollgate_journal::Outcome;

/// What a trace says of a request that the gateway did not live to finish.
pub const INTERRUPTED: &str = "the gateway ended before the request did";

/// Ends a request with the usage that was reported, or an estimate where a provider was asked and had not said.
pub(super) fn finish(mut request: Request, price: &Pricing) -> Finished {
    let attempts = std::mem::take(&mut request.attempts);
    let count = attempts.len();
    for (place, mut attempt) in attempts.into_iter().enumerate() {
        if attempt.end.is_none() {
            attempt.end = Some(cut(&request, &attempt, place + 1 == count, price));
        }
        request.attempts.push(attempt);
    }
    let (usage, cost, unpriced) = totals(&request.attempts);
    let ending = Ending {
        ended: request.last_seen,
        outcome: Outcome::Interrupted,
        status: 0,
        error_type: "interrupted".to_owned(),
        error_message: INTERRUPTED.to_owned(),
        usage,
        cost,
        unpriced,
        first_token: None,
        output_bytes: request.output_bytes.max(request.output.len() as u64),
        losses: String::new(),
        attributes: Vec::new(),
    };
    Finished { request, ending }
}

/// The end of an attempt whose own is not known.
fn cut(request: &Request, attempt: &Try, is_last: bool, price: &Pricing) -> TryEnd {
    let usage = usage(request, attempt, is_last);
    let (cost, unpriced) = attempt.cost_of(&usage, None, price);
    TryEnd {
        ended: request.last_seen,
        error: "interrupted".to_owned(),
        usage: Some(usage),
        cost,
        unpriced,
        ..TryEnd::default()
    }
}

fn usage(request: &Request, attempt: &Try, is_last: bool) -> Usage {
    // The client was sent what the last one answered.
    let (output, output_bytes) = match is_last {
        true => (&*request.output, request.output_bytes),
        false => (&[][..], 0),
    };
    let traffic = Traffic {
        endpoint: request.endpoint,
        is_stream: request.streamed,
        input: &request.input,
        input_bytes: request.input_bytes,
        output,
        output_bytes,
    };
    match attempt.progress {
        None => traffic.usage(),
        Some(reported) if attempt.is_progress_final => reported,
        Some(reported) => traffic.at_least(reported),
    }
}
