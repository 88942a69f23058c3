//! The end of a request that a killed process left open: what its provider saw is accounted.

use super::Pricing;
use super::request::{Ending, Finished, Request, Try, TryEnd};
use tollgate_domain::{Cost, Usage};
use tollgate_journal::Outcome;
use tollgate_providers::{input_text, output_text, summarize};

/// Bytes of text that are taken for a token.
const TOKEN: usize = 4;

/// Ends a request with the usage that was reported, or an estimate where a provider was asked and had not said.
pub(super) fn finish(mut request: Request, price: &Pricing) -> Finished {
    let ended = request.last_seen();
    let estimate = request
        .attempts
        .iter()
        .any(|attempt| attempt.end.is_none() && attempt.progress.is_none())
        .then(|| estimate(&request));
    let (mut usage, mut cost, mut unpriced) = (Usage::default(), Cost::default(), false);
    for attempt in &mut request.attempts {
        let end = end(attempt, estimate, ended, price);
        usage = usage + end.usage.unwrap_or_default();
        cost = cost + end.cost.unwrap_or_default();
        unpriced |= end.unpriced;
        attempt.end = Some(end);
    }
    let output_bytes = request.output.len() as u64;
    Finished {
        request,
        ending: Ending {
            ended,
            outcome: Outcome::Interrupted,
            status: 0,
            error_type: "interrupted".to_owned(),
            error_message: "the gateway ended before the request did".to_owned(),
            usage,
            cost,
            unpriced,
            first_token: None,
            output_bytes,
            losses: String::new(),
            attributes: Vec::new(),
        },
    }
}

fn end(attempt: &Try, estimate: Option<Usage>, ended: u64, price: &Pricing) -> TryEnd {
    if let Some(end) = &attempt.end {
        return end.clone();
    }
    let usage = attempt.progress.or(estimate);
    let cost =
        usage.and_then(|usage| price(&attempt.provider, attempt.kind, &attempt.model, &usage));
    TryEnd {
        ended,
        error: "interrupted".to_owned(),
        usage,
        cost,
        unpriced: cost.is_none() && usage.is_some_and(|usage| usage.total() > 0),
        ..TryEnd::default()
    }
}

fn estimate(request: &Request) -> Usage {
    let input = if request.input.is_empty() {
        usize::try_from(request.input_bytes).unwrap_or(usize::MAX)
    } else {
        input_text(request.endpoint, &request.input).len()
    };
    let output = summarize(request.endpoint, request.streamed, &request.output);
    Usage {
        input: input.div_ceil(TOKEN) as u64,
        output: output_text(&output).len().div_ceil(TOKEN) as u64,
        estimated: true,
        ..Usage::default()
    }
}
