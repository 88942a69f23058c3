//! Traces on a terminal, from a real store.

use super::show::Show;
use super::tail::Tail;
use clap::Parser;
use tollgate_domain::{Cost, NanoUsd, SpanId, TraceId, Usage};
use tollgate_store::Store;
use tollgate_store::traces::{
    Attributes, Batch, RequestRow, SpanKind, SpanRow, SpanStatus, TraceRow,
};

#[derive(Parser)]
struct ShowLine {
    #[command(flatten)]
    show: Show,
}

#[derive(Parser)]
struct TailLine {
    #[command(flatten)]
    tail: Tail,
}

fn span(id: u64, parent: Option<u64>, start_ms: u64, status: SpanStatus) -> SpanRow {
    let mut attributes = Attributes::default();
    attributes.set("mlflow.llm.model", "gpt-5");
    SpanRow {
        span: SpanId::from_bytes(id.to_be_bytes()),
        parent: parent.map(|id| SpanId::from_bytes(id.to_be_bytes())),
        name: format!("span {id}"),
        kind: SpanKind::Server,
        span_type: "CHAT_MODEL".into(),
        start_unix_nanos: (1_700_000_000_000 + start_ms) * 1_000_000,
        end_unix_nanos: (1_700_000_000_500 + start_ms) * 1_000_000,
        status,
        usage: Some(Usage {
            input: 10,
            cache_read: 5,
            output: 3,
            ..Usage::default()
        }),
        cost: Some(Cost {
            input: NanoUsd(1_500),
            output: NanoUsd(2_500),
        }),
        attributes,
        events: Vec::new(),
        links: Vec::new(),
    }
}

/// A store with so many traces; each has a request whose first attempt fails.
fn store(traces: u8) -> (Store, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path().join("tollgate.db")).unwrap();
    for number in 1..=traces {
        let request = RequestRow {
            trace: TraceRow {
                trace: TraceId::from_bytes([number; 16]),
                experiment: 0,
                team: "blue".into(),
                key: "search".into(),
                client_request_id: None,
                request_preview: format!("question {number}\u{1b}[2J"),
                response_preview: "answer".into(),
                metadata: Default::default(),
                tags: Default::default(),
            },
            spans: vec![
                span(0x10, Some(0xffff), 0, SpanStatus::Ok),
                span(
                    0x20,
                    Some(0x10),
                    5,
                    SpanStatus::Error("upstream broke".into()),
                ),
                span(0x30, Some(0x10), 100, SpanStatus::Ok),
            ],
            ledger: None,
        };
        let batch = Batch {
            requests: vec![request],
            ..Batch::default()
        };
        store.insert(&batch).unwrap();
    }
    (store, dir)
}

fn show(store: &Store, arguments: &[&str]) -> Result<String, String> {
    let line = ["show"].iter().chain(arguments);
    let mut out = Vec::new();
    let show = ShowLine::try_parse_from(line).unwrap().show;
    show.run(store, &mut out)
        .map_err(|error| error.to_string())?;
    Ok(String::from_utf8(out).unwrap())
}

#[test]
fn a_trace_is_a_tree_with_times_tokens_and_cost() {
    let (store, _dir) = store(1);
    let text = show(&store, &[&"01".repeat(16)]).unwrap();
    assert_eq!(
        show(&store, &[&format!("tr-{}", "01".repeat(16))]).unwrap(),
        text
    );
    assert!(
        text.contains("tokens 15 in, 3 out (5 of the input from a cache)"),
        "{text}"
    );
    assert!(text.contains("cost $0.000004000 = $0.000001500 input + $0.000002500 output"));
    let (_, tree) = text.split_once("\n\n").unwrap();
    assert_eq!(
        tree,
        "span 16  OK  at +0 µs  took 500.0 ms  15 in, 3 out  $0.000004000\n  \
           span 32  ERROR  at +5.0 ms  took 500.0 ms  15 in, 3 out  $0.000004000\n    \
             error: upstream broke\n  \
           span 48  OK  at +100.0 ms  took 500.0 ms  15 in, 3 out  $0.000004000\n"
    );
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn attributes_are_shown_when_asked_for() {
    let (store, _dir) = store(1);
    let text = show(&store, &[&"01".repeat(16), "--attributes"]).unwrap();
    assert!(text.contains("  mlflow.llm.model = \"gpt-5\""), "{text}");
}

#[test]
fn what_is_no_trace_is_said() {
    let (store, _dir) = store(1);
    assert!(show(&store, &["zz"]).unwrap_err().contains("no trace's id"));
    assert!(
        show(&store, &[&"02".repeat(16)])
            .unwrap_err()
            .contains("has no trace")
    );
}

#[test]
fn the_tail_is_the_latest_in_the_order_in_which_they_came() {
    let (store, _dir) = store(4);
    let tail = |limit: &str| {
        let mut out = Vec::new();
        let tail = TailLine::try_parse_from(["tail", "-n", limit])
            .unwrap()
            .tail;
        tail.run(&store, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let text = tail("2");
    let ids: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split("  ").nth(1))
        .collect();
    assert_eq!(ids, ["03".repeat(16), "04".repeat(16)]);
    assert!(text.contains("question 4 [2J"), "{text}");
    assert!(
        text.contains("  search  15 in, 3 out  $0.000004000  span 16  "),
        "{text}"
    );
    assert_eq!(tail("100").lines().count(), 4);
    assert_eq!(tail("0"), "");
}
