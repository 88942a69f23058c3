//! Requests that a killed process left open.

use super::support::*;
use std::sync::Arc;
use tollgate_domain::{Endpoint, NanoUsd, Usage};
use tollgate_journal::{Capture, Progress, Record};
use tollgate_store::ledger::LedgerRow;

/// The ledger's line of a request of which these records are all there is.
fn accounted(records: &[Record<'_>]) -> LedgerRow {
    let (store, _folder) = store();
    drain(&store, records, &Arc::default());
    line(&store, 1)
}

/// What the provider reported before the end.
fn early(output: u64) -> Record<'static> {
    let Record::Progress(progress) = progress(1, Some(Usage { output, ..usage() })) else {
        panic!()
    };
    Record::Progress(Progress {
        is_usage_final: false,
        ..progress
    })
}

#[test]
fn an_open_request_of_a_killed_process_has_the_usage_reported_so_far() {
    let (store, _folder) = store();
    let records = [open(1), attempt(1, 1, "openai"), progress(1, Some(usage()))];
    drain(&store, &records, &Arc::default());
    insta::assert_json_snapshot!(shown(&store, 1));
    let line = line(&store, 1);
    assert_eq!(line.outcome, "interrupted");
    assert_eq!(line.usage, usage());
    assert_eq!(line.cost.total(), NanoUsd(15_000));
}

#[test]
fn it_lasted_until_the_last_moment_that_is_known() {
    let (store, _folder) = store();
    let records = [open(1), attempt(1, 1, "openai"), progress(1, None)];
    drain(&store, &records, &Arc::default());
    let shown = shown(&store, 1);
    assert_eq!(shown["spans"][0]["took_ms"], 5_000, "from the start");
    assert_eq!(shown["spans"][1]["took_ms"], 4_000, "from the attempt's");
    assert_eq!(line(&store, 1).time_ms as u64, START / 1_000_000 + 5_000);
}

#[test]
fn without_a_report_it_is_estimated() {
    let line = accounted(&[open(1), attempt(1, 1, "free"), progress(1, None)]);
    assert!(line.usage.estimated && line.usage.input > 0);
    assert_eq!(line.usage.output, 1, "`Hi ` is a token");
    assert!(line.unpriced);
}

#[test]
fn an_estimate_is_priced() {
    let line = accounted(&[open(1), attempt(1, 1, "openai"), progress(1, None)]);
    let tokens = |count| NanoUsd(count as i64 * 1_000);
    assert_eq!(line.cost.input, tokens(line.usage.input));
    assert_eq!(line.cost.output, tokens(1));
    assert!(!line.unpriced);
}

#[test]
fn a_report_from_before_the_end_is_raised_to_what_the_client_was_sent() {
    let line = accounted(&[open(1), attempt(1, 1, "openai"), early(0)]);
    assert_eq!((line.usage.input, line.usage.cache_read), (10, 2));
    assert_eq!((line.usage.output, line.usage.estimated), (1, true));
    assert_eq!(line.cost.output, NanoUsd(1_000));
    let line = accounted(&[open(1), attempt(1, 1, "openai"), early(3)]);
    assert_eq!((line.usage.output, line.usage.estimated), (3, false));
}

#[test]
fn an_answer_that_was_not_kept_is_estimated_by_its_size() {
    let Record::Open(mut open) = open(1) else {
        panic!()
    };
    (open.capture, open.input, open.input_bytes) = (Capture::Metadata, b"", 400);
    let Record::Progress(mut progress) = progress(1, None) else {
        panic!()
    };
    (progress.output, progress.output_bytes) = (b"", 4_000);
    let records = [
        Record::Open(open),
        attempt(1, 1, "openai"),
        Record::Progress(progress),
    ];
    let line = accounted(&records);
    assert_eq!((line.usage.input, line.usage.output), (100, 100));
}

#[test]
fn attempts_that_ended_keep_what_they_reported_and_only_the_last_is_estimated() {
    let line = accounted(&[
        open(1),
        attempt(1, 1, "first"),
        succeeded(1, 1),
        attempt(1, 2, "second"),
    ]);
    assert_eq!(line.attempts, 2);
    assert!(line.usage.estimated);
    assert_eq!((line.usage.output, line.usage.cache_read), (3, 2));
    assert!(line.usage.input > usage().input);
}

#[test]
fn before_its_first_attempt_it_cost_nothing() {
    let line = accounted(&[open(1)]);
    assert_eq!(line.usage, Usage::default());
    assert_eq!(line.cost.total(), NanoUsd(0));
    assert!(!line.unpriced);
}

#[test]
fn embeddings_have_no_output_tokens() {
    let Record::Open(mut open) = open(1) else {
        panic!()
    };
    (open.endpoint, open.streamed) = (Endpoint::Embeddings, false);
    open.input = br#"{"model":"e","input":"12345678"}"#;
    open.input_bytes = open.input.len() as u64;
    let line = accounted(&[
        Record::Open(open),
        attempt(1, 1, "openai"),
        progress(1, None),
    ]);
    assert_eq!(line.usage.output, 0);
    assert!((2..=3).contains(&line.usage.input));
}
