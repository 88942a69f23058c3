//! Records of requests, and a store and a journal to bring them together.

use crate::clock;
use crate::drain::assemble::Assembler;
use crate::drain::otlp::Exporting;
use crate::drain::sink::Sink;
use crate::drain::{Counting, DrainHandle, DrainStats, Pricing, start};
use crate::telemetry::OwnSpans;
use crate::telemetry::metrics::Metrics;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tollgate_domain::{
    Cost, Dialect, Endpoint, NanoUsd, ProviderKind, RequestId, SpanId, TraceId, Usage,
};
use tollgate_journal::{
    Attempt, AttemptEnd, Capture, Closed, Open, Options, Outcome, Pairs, Position, Progress,
    RealDisk, Record, Writer,
};
use tollgate_store::Store;
use tollgate_store::ledger::LedgerRow;

pub(in crate::drain) const START: u64 = 1_790_000_000_000_000_000;
pub(in crate::drain) const SECOND: u64 = 1_000_000_000;

pub(in crate::drain) const INPUT: &[u8] = br#"{"model":"chat","stream":true,"max_tokens":5,"stop":"X","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"text","text":"Say hi"}]}],"tools":[{"type":"function","function":{"name":"f"}}]}"#;
pub(in crate::drain) const FIRST: &[u8] = b"data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"gpt-5-2026\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Hi \"}}]}\n\n";
pub(in crate::drain) const REST: &[u8] = b"data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"gpt-5-2026\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"there\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

pub(in crate::drain) fn id(number: u8) -> RequestId {
    RequestId::from_bytes([number; 16])
}

pub(in crate::drain) fn open(number: u8) -> Record<'static> {
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

pub(in crate::drain) fn attempt(number: u8, count: u32, provider: &'static str) -> Record<'static> {
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

pub(in crate::drain) fn progress(number: u8, usage: Option<Usage>) -> Record<'static> {
    Record::Progress(Progress {
        request: id(number),
        attempt: 1,
        at_unix_nanos: START + 5 * SECOND,
        usage,
        is_usage_final: usage.is_some(),
        output: FIRST,
        output_bytes: FIRST.len() as u64,
    })
}

pub(in crate::drain) fn usage() -> Usage {
    Usage {
        input: 10,
        cache_read: 2,
        output: 3,
        ..Usage::default()
    }
}

pub(in crate::drain) fn cost() -> Cost {
    Cost {
        input: NanoUsd(12_000),
        output: NanoUsd(6_000),
    }
}

pub(in crate::drain) fn succeeded(number: u8, count: u32) -> Record<'static> {
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

pub(in crate::drain) fn failed(number: u8, count: u32) -> Record<'static> {
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

pub(in crate::drain) fn closed(
    number: u8,
    outcome: Outcome,
    output: &'static [u8],
) -> Record<'static> {
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

pub(in crate::drain) fn streamed(number: u8) -> Vec<Record<'static>> {
    vec![
        open(number),
        attempt(number, 1, "openai"),
        progress(number, None),
        succeeded(number, 1),
        closed(number, Outcome::Ok, REST),
    ]
}

/// At one provider, which fails, and then at another.
pub(in crate::drain) fn fallen_back(number: u8) -> Vec<Record<'static>> {
    vec![
        open(number),
        attempt(number, 1, "first"),
        failed(number, 1),
        attempt(number, 2, "second"),
        succeeded(number, 2),
        closed(number, Outcome::Ok, REST),
    ]
}

/// A dollar a million tokens, on either side; nothing for the provider `free`.
pub(in crate::drain) fn pricing() -> Pricing {
    Arc::new(|provider, _, _, usage, _| {
        (provider != "free").then(|| Cost {
            input: NanoUsd(usage.input_total() as i64 * 1_000),
            output: NanoUsd(usage.output_total() as i64 * 1_000),
        })
    })
}

pub(in crate::drain) fn store() -> (Store, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("tollgate.db")).unwrap();
    (store, folder)
}

/// Drains records that an earlier process wrote, at the positions 1, 2, 3 …, and answers the cursor.
pub(in crate::drain) fn drain(
    store: &Store,
    records: &[Record<'_>],
    stats: &Arc<DrainStats>,
) -> Position {
    let mut assembler = Assembler::default();
    let mut sink = Sink::new(store.clone(), stats.clone());
    let mut read = Position::START;
    for record in records {
        read = Position::from_u64(read.as_u64() + 1);
        if let Some(finished) = assembler.take(read, record) {
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

pub(in crate::drain) fn shown(store: &Store, number: u8) -> Value {
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

pub(in crate::drain) fn line(store: &Store, number: u8) -> LedgerRow {
    store.ledger_line(id(number)).unwrap().unwrap()
}

pub(in crate::drain) fn journal(folder: &Path, floor: Position, nonce: u32) -> Writer {
    journal_of(1 << 20, folder, floor, nonce)
}

/// Of eight segments of this size.
pub(in crate::drain) fn journal_of(
    segment_bytes: u64,
    folder: &Path,
    floor: Position,
    nonce: u32,
) -> Writer {
    let options = Options {
        floor,
        segment_bytes,
        max_bytes: 8 * segment_bytes,
        ..Options::new(folder, nonce)
    };
    tollgate_journal::open(options, Arc::new(RealDisk::new()))
        .unwrap()
        .0
}

/// Waits for what another thread does; a minute is a hang.
#[track_caller]
pub(in crate::drain) fn until(mut holds: impl FnMut() -> bool) {
    let begin = clock::now();
    while !holds() {
        assert!(clock::elapsed(begin) < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The drain, without collectors.
pub(in crate::drain) fn started(
    store: &Store,
    writer: &Writer,
    stats: &Arc<DrainStats>,
) -> DrainHandle {
    let exporting = Exporting {
        metrics: Metrics::new().unwrap().otlp,
        own: OwnSpans::default(),
        collectors: &[],
    };
    let (store, writer, counting) = (store.clone(), writer.clone(), Counting::none());
    start(store, writer, stats.clone(), pricing(), counting, exporting).unwrap()
}
