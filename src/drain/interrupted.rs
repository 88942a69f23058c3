//! The end of a request that a killed process left open: what its provider saw is accounted.

use super::Pricing;
use super::request::{Ending, Finished, Request, Try, TryEnd};
use crate::estimate::Traffic;
use tollgate_domain::{Cost, Usage};
use tollgate_journal::Outcome;

/// Ends a request with the usage that was reported, or an estimate where a provider was asked and had not said.
pub(super) fn finish(mut request: Request, price: &Pricing) -> Finished {
    let attempts = std::mem::take(&mut request.attempts);
    let count = attempts.len();
    let (mut usage, mut cost, mut unpriced) = (Usage::default(), Cost::default(), false);
    for (place, mut attempt) in attempts.into_iter().enumerate() {
        let end = match attempt.end.take() {
            Some(end) => end,
            None => cut(&request, &attempt, place + 1 == count, price),
        };
        usage = usage + end.usage.unwrap_or_default();
        cost = cost + end.cost.unwrap_or_default();
        unpriced |= end.unpriced;
        attempt.end = Some(end);
        request.attempts.push(attempt);
    }
    let ending = Ending {
        ended: request.last_seen,
        outcome: Outcome::Interrupted,
        status: 0,
        error_type: "interrupted".to_owned(),
        error_message: "the gateway ended before the request did".to_owned(),
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
    let cost = price(&attempt.provider, attempt.kind, &attempt.model, &usage);
    TryEnd {
        ended: request.last_seen,
        error: "interrupted".to_owned(),
        usage: Some(usage),
        cost,
        unpriced: cost.is_none() && usage.total() > 0,
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
