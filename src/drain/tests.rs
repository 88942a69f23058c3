//! Records in, rows of a real store out.

use super::assemble::Assembler;
use super::sink::Sink;
use super::{DrainStats, Pricing, start, stored_cursor};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tollgate_domain::{
    Cost, Dialect, Endpoint, NanoUsd, ProviderKind, RequestId, SpanId, TraceId, Usage,
};
use tollgate_journal::{
    Attempt, AttemptEnd, Capture, Closed, Open, Options, Outcome, Pairs, Position, Progress,
    RealDisk, Record, Writer,
};
use tollgate_store::Store;
use tollgate_store::ledger::LedgerRow;

const START: u64 = 1_790_000_000_000_000_000;
const SECOND: u64 = 1_000_000_000;

const INPUT: &[u8] = br#"{"model":"chat","stream":true,"max_tokens":5,"stop":"X","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"text","text":"Say hi"}]}],"tools":[{"type":"function","function":{"name":"f"}}]}"#;
const FIRST: &[u8] = b"data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"gpt-5-2026\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Hi \"}}]}\n\n";
const REST: &[u8] = b"data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"gpt-5-2026\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"there\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

fn id(number: u8) -> RequestId {
    RequestId::from_bytes([number; 16])
}

fn open(number: u8) -> Record<'static> {
    Record::Open(Open {
        request: id(number),
        trace: TraceId::from_bytes([number; 16]),
        span: SpanId::from_bytes([number; 8]),
        parent: None,
        started_unix_nanos: START,
        endpoint: Endpoint::ChatCompletions,
        dialect: Dialect::OpenAi,
        streamed: true,
        capture: Capture::Full,
        key: "app",
        team: "search",
        route: "chat",
        experiment: "answers",
        model: "chat",
        session: "s1",
        user: "ann",
        input: INPUT,
        input_bytes: INPUT.len() as u64,
        attributes: Pairs::EMPTY,
    })
}

fn attempt(number: u8, count: u32, provider: &'static str) -> Record<'static> {
    Record::Attempt(Attempt {
        request: id(number),
        number: count,
        span: SpanId::from_bytes([100 + number + count as u8; 8]),
        started_unix_nanos: START + u64::from(count) * SECOND,
        kind: ProviderKind::OpenAi,
        provider,
        model: "gpt-5",
        server: "api.openai.com:8443",
    })
}

fn progress(number: u8, usage: Option<Usage>) -> Record<'static> {
    Record::Progress(Progress {
        request: id(number),
        attempt: 1,
        usage,
        output: FIRST,
    })
}

fn usage() -> Usage {
    Usage {
        input: 10,
        cache_read: 2,
        output: 3,
        ..Usage::default()
    }
}

fn cost() -> Cost {
    Cost {
        input: NanoUsd(12_000),
        output: NanoUsd(6_000),
    }
}

fn succeeded(number: u8, count: u32) -> Record<'static> {
    Record::AttemptEnd(AttemptEnd {
        request: id(number),
        number: count,
        ended_unix_nanos: START + 9 * SECOND,
        status: 200,
        error: "",
        usage: Some(usage()),
        cost: Some(cost()),
        unpriced: false,
        finish: "stop",
        response_id: "c1",
        response_model: "gpt-5-2026",
        first_token_nanos: Some(SECOND / 2),
        input: None,
        output: b"",
    })
}

fn failed(number: u8, count: u32) -> Record<'static> {
    Record::AttemptEnd(AttemptEnd {
        request: id(number),
        number: count,
        ended_unix_nanos: START + u64::from(count) * SECOND + SECOND / 2,
        status: 529,
        error: "overloaded",
        usage: None,
        cost: None,
        unpriced: false,
        finish: "",
        response_id: "",
        response_model: "",
        first_token_nanos: None,
        input: None,
        output: b"",
    })
}

fn closed(number: u8, outcome: Outcome, output: &'static [u8]) -> Record<'static> {
    Record::Closed(Closed {
        request: id(number),
        ended_unix_nanos: START + 9 * SECOND,
        outcome,
        status: 200,
        error_type: "",
        error_message: "",
        usage: usage(),
        cost: cost(),
        unpriced: false,
        first_token_nanos: Some(SECOND),
        output,
        output_bytes: 500,
        losses: "",
        attributes: Pairs::EMPTY,
    })
}

fn streamed(number: u8) -> Vec<Record<'static>> {
    vec![
        open(number),
        attempt(number, 1, "openai"),
        progress(number, None),
        succeeded(number, 1),
        closed(number, Outcome::Ok, REST),
    ]
}

/// A dollar a million tokens, on either side; nothing for the provider `free`.
fn pricing() -> Pricing {
    Arc::new(|provider, _, _, usage| {
        (provider != "free").then(|| Cost {
            input: NanoUsd(usage.input_total() as i64 * 1_000),
            output: NanoUsd(usage.output_total() as i64 * 1_000),
        })
    })
}

fn store() -> (Store, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("tollgate.db")).unwrap();
    (store, folder)
}

/// Drains records that an earlier process wrote, at the positions 1, 2, 3 …, and answers the cursor.
fn drain(store: &Store, records: &[Record<'_>], stats: &Arc<DrainStats>) -> Position {
    let mut assembler = Assembler::default();
    let mut sink = Sink::new(store.clone(), stats.clone());
    let mut read = Position::START;
    for record in records {
        read = Position::from_u64(read.as_u64() + 1);
        if let Some(finished) = assembler.take(read, record, stats) {
            sink.push(finished);
        }
    }
    for finished in assembler.interrupt(read, &pricing()) {
        sink.push(finished);
    }
    let cursor = assembler.cursor(read);
    sink.store(cursor).unwrap();
    cursor
}

fn shown(store: &Store, number: u8) -> Value {
    let trace = store
        .trace(TraceId::from_bytes([number; 16]))
        .unwrap()
        .unwrap();
    let spans: Vec<Value> = trace
        .spans
        .iter()
        .map(|span| {
            let attributes: serde_json::Map<String, Value> = span
                .attributes
                .iter()
                .map(|(key, value)| (key.clone(), serde_json::to_value(value).unwrap()))
                .collect();
            let events: Vec<Value> = span
                .events
                .iter()
                .map(|event| json!([event.name, event.attributes]))
                .collect();
            json!({
                "name": span.header.name,
                "kind": span.header.kind.otlp_name(),
                "status": format!("{:?}", span.status),
                "took_ms": (span.header.end_unix_nanos - span.header.start_unix_nanos) / 1_000_000,
                "has_parent": span.header.parent.is_some(),
                "attributes": attributes,
                "events": events,
            })
        })
        .collect();
    json!({
        "experiment": trace.info.experiment,
        "state": format!("{:?}", trace.info.state),
        "request_preview": trace.info.request_preview,
        "response_preview": trace.info.response_preview,
        "metadata": trace.info.metadata,
        "tags": trace.info.tags,
        "spans": spans,
    })
}

fn line(store: &Store, number: u8) -> LedgerRow {
    store.ledger_line(id(number)).unwrap().unwrap()
}

#[test]
fn a_streamed_chat_is_a_trace_with_the_whole_message() {
    let (store, _folder) = store();
    let cursor = drain(&store, &streamed(1), &Arc::default());
    assert_eq!(cursor.as_u64(), 5);
    assert_eq!(stored_cursor(&store).unwrap(), cursor);
    insta::assert_json_snapshot!(shown(&store, 1));
    let line = line(&store, 1);
    assert_eq!((line.usage, line.cost), (usage(), cost()));
    assert_eq!((line.outcome.as_str(), line.attempts), ("ok", 1));
}

#[test]
fn a_failed_attempt_is_a_child_of_its_own_before_the_fallbacks() {
    let (store, _folder) = store();
    let records = [
        open(1),
        attempt(1, 1, "first"),
        failed(1, 1),
        attempt(1, 2, "second"),
        succeeded(1, 2),
        closed(1, Outcome::Ok, REST),
    ];
    drain(&store, &records, &Arc::default());
    insta::assert_json_snapshot!(shown(&store, 1));
    let line = line(&store, 1);
    assert_eq!((line.provider.as_str(), line.attempts), ("second", 2));
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
fn without_a_report_an_interrupted_request_is_estimated() {
    let (store, _folder) = store();
    let records = [open(1), attempt(1, 1, "free"), progress(1, None)];
    drain(&store, &records, &Arc::default());
    let line = line(&store, 1);
    assert!(line.usage.estimated && line.usage.input > 0);
    assert_eq!(line.usage.output, 1, "`Hi ` is a token");
    assert!(line.unpriced);
}

#[test]
fn a_replay_stores_nothing_twice() {
    let (store, _folder) = store();
    let stats = Arc::default();
    let records = [streamed(1), vec![open(2), attempt(2, 1, "openai")]].concat();
    drain(&store, &records, &stats);
    let before = (shown(&store, 1), shown(&store, 2));
    drain(&store, &records, &stats);
    assert_eq!((shown(&store, 1), shown(&store, 2)), before);
    assert_eq!(store.ledger(None, 10).unwrap().len(), 2);
    assert_eq!(stats.requests.load(Ordering::Relaxed), 2);
    assert_eq!(stats.rows.load(Ordering::Relaxed), 4);
}

#[test]
fn the_cursor_waits_for_the_oldest_open_request() {
    let mut assembler = Assembler::default();
    let stats = DrainStats::default();
    let records = [vec![open(9)], streamed(1)].concat();
    for (place, record) in records.iter().enumerate() {
        assembler.take(Position::from_u64(place as u64 + 5), record, &stats);
    }
    assert_eq!(assembler.cursor(Position::from_u64(10)).as_u64(), 4);
    let done = assembler.take(Position::from_u64(11), &closed(9, Outcome::Ok, b""), &stats);
    assert!(done.is_some());
    assert_eq!(assembler.cursor(Position::from_u64(11)).as_u64(), 11);
}

#[test]
fn a_client_that_left_is_no_error() {
    let (store, _folder) = store();
    let records = [
        open(1),
        attempt(1, 1, "openai"),
        succeeded(1, 1),
        closed(1, Outcome::ClientGone, FIRST),
    ];
    drain(&store, &records, &Arc::default());
    let shown = shown(&store, 1);
    assert_eq!(shown["state"], "Ok");
    assert_eq!(
        shown["spans"][0]["attributes"]["tollgate.client_gone"],
        true
    );
    assert_eq!(shown["spans"][0]["events"][0][0], "client gone");
}

#[test]
fn a_body_that_was_cut_is_shown_as_text() {
    let (store, _folder) = store();
    let Record::Open(mut open) = open(1) else {
        panic!()
    };
    open.input = &INPUT[..90];
    let records = [Record::Open(open), closed(1, Outcome::Refused, b"")];
    drain(&store, &records, &Arc::default());
    let input = shown(&store, 1)["spans"][0]["attributes"]["mlflow.spanInputs"].clone();
    assert_eq!(input.as_str().unwrap().as_bytes(), &INPUT[..90]);
}

fn journal(folder: &std::path::Path, floor: Position, nonce: u32) -> Writer {
    let options = Options {
        floor,
        segment_bytes: 1 << 20,
        max_bytes: 8 << 20,
        ..Options::new(folder, nonce)
    };
    tollgate_journal::open(options, Arc::new(RealDisk::new()))
        .unwrap()
        .0
}

#[test]
fn what_is_in_the_journal_when_the_drain_stops_is_stored_and_what_was_open_is_interrupted_by_the_next()
 {
    let (store, folder) = store();
    let path = folder.path().join("journal");
    let stats: Arc<DrainStats> = Arc::default();
    {
        let writer = journal(&path, Position::START, 1);
        let drain = start(store.clone(), writer.clone(), stats.clone(), pricing(), &[]).unwrap();
        writer
            .append_all(&[open(2), attempt(2, 1, "openai")])
            .unwrap();
        writer.append_all(&streamed(1)).unwrap();
        drain.flush_and_stop();
    }
    assert_eq!(line(&store, 1).outcome, "ok");
    assert_eq!(store.ledger_line(id(2)).unwrap(), None);
    let floor = stored_cursor(&store).unwrap();
    let writer = journal(&path, floor, 2);
    let drain = start(store.clone(), writer.clone(), stats.clone(), pricing(), &[]).unwrap();
    writer.append_all(&streamed(3)).unwrap();
    drain.flush_and_stop();
    assert_eq!(line(&store, 2).outcome, "interrupted");
    assert_eq!(line(&store, 3).outcome, "ok");
    assert_eq!(stats.interrupted.load(Ordering::Relaxed), 1);
    assert_eq!(stats.requests.load(Ordering::Relaxed), 3);
}
