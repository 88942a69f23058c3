//! A request that is over as the rows that the store keeps.

use super::content::Content;
use super::request::Finished;
use super::spans::spans;
use std::collections::BTreeMap;
use tollgate_journal::Outcome;
use tollgate_store::ledger::LedgerRow;
use tollgate_store::traces::{RequestRow, TraceRow};

/// The rows, but for the experiment's id: `0`, to be set by whoever knows the store.
pub(super) fn rows(finished: &Finished) -> RequestRow {
    let content = Content::read(&finished.request);
    let request = &finished.request;
    let mut row = account(finished);
    row.trace.request_preview = content.request_preview(request);
    row.trace.response_preview = content.response_preview(request);
    row.trace.metadata = metadata(finished);
    row.trace.tags = tags(finished);
    row.spans = spans(finished, &content);
    row
}

/// The line of the ledger alone.
pub(super) fn account(finished: &Finished) -> RequestRow {
    let request = &finished.request;
    RequestRow {
        trace: TraceRow {
            trace: request.trace,
            experiment: 0,
            team: request.team.clone(),
            key: request.key.clone(),
            client_request_id: Some(request.id.to_string()),
            request_preview: String::new(),
            response_preview: String::new(),
            metadata: BTreeMap::new(),
            tags: BTreeMap::new(),
        },
        spans: Vec::new(),
        ledger: Some(ledger(finished)),
    }
}

fn metadata(finished: &Finished) -> BTreeMap<String, String> {
    let request = &finished.request;
    named([
        ("mlflow.trace.session", request.session.as_str()),
        ("mlflow.trace.user", &request.user),
        ("mlflow.gateway.requestType", request.endpoint.operation()),
        ("tollgate.key", &request.key),
        ("tollgate.team", &request.team),
        ("tollgate.route", &request.route),
    ])
}

/// The tags of the key, and ours.
fn tags(finished: &Finished) -> BTreeMap<String, String> {
    let request = &finished.request;
    let last = request.attempts.last();
    let own = named([
        ("tollgate.route", request.route.as_str()),
        ("tollgate.provider", last.map_or("", |last| &last.provider)),
        ("tollgate.model", last.map_or("", |last| &last.model)),
        ("tollgate.outcome", outcome(finished.ending.outcome)),
    ]);
    // Names of ours begin with `tollgate.`, which no key's tag does.
    request.tags.iter().cloned().chain(own).collect()
}

fn named<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn ledger(finished: &Finished) -> LedgerRow {
    let (request, ending) = (&finished.request, &finished.ending);
    let last = request.attempts.last();
    LedgerRow {
        request: request.id,
        trace: request.trace,
        time_ms: i64::try_from(ending.ended / 1_000_000).unwrap_or(i64::MAX),
        key: request.key.clone(),
        team: request.team.clone(),
        route: request.route.clone(),
        provider: last.map_or_else(String::new, |last| last.provider.clone()),
        model: last.map_or(&request.model, |last| &last.model).clone(),
        outcome: outcome(ending.outcome).to_owned(),
        status: ending.status,
        attempts: u32::try_from(request.attempts.len()).unwrap_or(u32::MAX),
        usage: ending.usage,
        cost: ending.cost,
        unpriced: ending.unpriced,
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "ok",
        Outcome::Error => "error",
        Outcome::ClientGone => "client_gone",
        Outcome::Refused => "refused",
        Outcome::Interrupted => "interrupted",
    }
}
