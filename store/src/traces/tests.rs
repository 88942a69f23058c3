use super::*;
use crate::Store;
use crate::ledger::LedgerRow;
use crate::tests::temporary;
use serde_json::json;
use tollgate_domain::{Cost, NanoUsd, RequestId, SpanId, TraceId, Usage};

pub(crate) fn trace_id(number: u128) -> TraceId {
    TraceId::from_bytes(number.to_be_bytes())
}

pub(crate) fn span_id(number: u64) -> SpanId {
    SpanId::from_bytes(number.to_be_bytes())
}

fn span(number: u64, parent: Option<u64>, start_ms: u64, end_ms: u64) -> SpanRow {
    let mut attributes = Attributes::default();
    attributes.set(
        "mlflow.spanInputs",
        &json!({"messages": [{"role": "user", "content": format!("question {number}")}]}),
    );
    attributes.set("mlflow.llm.model", "gpt-5");
    SpanRow {
        span: span_id(number),
        parent: parent.map(span_id),
        name: format!("chat {number}"),
        kind: if parent.is_some() {
            SpanKind::Client
        } else {
            SpanKind::Server
        },
        span_type: "CHAT_MODEL".into(),
        start_unix_nanos: start_ms * 1_000_000,
        end_unix_nanos: end_ms * 1_000_000,
        status: SpanStatus::Ok,
        usage: Some(Usage {
            input: 10,
            cache_read: 5,
            output: 2,
            reasoning: 1,
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

/// A request with one attempt: spans `number` and `number + 1`.
pub(crate) fn request(trace: u128, number: u64, start_ms: u64, team: &str) -> RequestRow {
    let end_ms = start_ms + 100;
    let root = span(number, None, start_ms, end_ms);
    RequestRow {
        ledger: Some(LedgerRow {
            request: RequestId::from_bytes(u128::from(number).to_be_bytes()),
            trace: trace_id(trace),
            time_ms: end_ms as i64,
            key: "search".into(),
            team: team.into(),
            route: "chat".into(),
            provider: "openai".into(),
            model: "gpt-5".into(),
            outcome: "ok".into(),
            status: 200,
            attempts: 1,
            usage: root.usage.unwrap(),
            cost: root.cost.unwrap(),
            unpriced: false,
        }),
        trace: TraceRow {
            trace: trace_id(trace),
            experiment: 0,
            team: team.into(),
            key: "search".into(),
            client_request_id: None,
            request_preview: format!("request {number}"),
            response_preview: format!("response {number}"),
            metadata: [(format!("meta {number}"), "x".to_string())].into(),
            tags: [("route".to_string(), "chat".to_string())].into(),
        },
        spans: vec![
            root,
            span(number + 1, Some(number), start_ms + 1, end_ms - 1),
        ],
    }
}

pub(crate) fn insert(store: &Store, requests: &[RequestRow]) -> Inserted {
    let batch = Batch {
        requests: requests.to_vec(),
        cursors: vec![("drain".into(), b"here".to_vec())],
        ..Batch::default()
    };
    store.insert(&batch).unwrap()
}

fn shown(span: &Span, attribute: &str) -> serde_json::Value {
    serde_json::from_str(&span.attribute(attribute).unwrap().to_string()).unwrap()
}

#[test]
fn a_trace_comes_back_with_what_its_spans_say() {
    let (store, _dir) = temporary();
    let mut sent = request(1, 10, 1_000, "search");
    sent.spans[1].status = SpanStatus::Error("upstream \"broke\"".into());
    sent.spans[1].events = vec![SpanEvent {
        name: "first token".into(),
        unix_nanos: 1_050_000_000,
        attributes: json!({"n": 1}).as_object().unwrap().clone(),
    }];
    let inserted = insert(&store, &[sent.clone()]);
    assert_eq!(
        inserted,
        Inserted {
            traces: 1,
            spans: 2,
            ledger: 1
        }
    );
    assert_eq!(store.cursor("drain").unwrap().unwrap(), b"here");

    let Trace { info, spans } = store.trace(trace_id(1)).unwrap().unwrap();
    assert_eq!(
        (info.start_ms, info.duration_ms, info.state),
        (1_000, 100, TraceState::Ok)
    );
    assert_eq!(
        info.metadata["mlflow.trace.tokenUsage"],
        r#"{"input_tokens":15,"output_tokens":3,"total_tokens":18,"cache_read_input_tokens":5}"#
    );
    assert_eq!(
        info.metadata["mlflow.trace.cost"],
        r#"{"input_cost":1.5e-6,"output_cost":2.5e-6,"total_cost":4e-6}"#
    );
    assert_eq!(info.tags["mlflow.traceName"], "chat 10");
    assert_eq!(info.tags["route"], "chat");
    let [root, attempt] = &spans[..] else {
        panic!("{spans:?}")
    };
    assert_eq!(
        shown(root, "mlflow.spanInputs")["messages"][0]["content"],
        "question 10"
    );
    assert_eq!(shown(root, "mlflow.llm.cost")["total_cost"], 0.000004);
    assert_eq!(shown(root, "mlflow.chat.tokenUsage")["total_tokens"], 18);
    assert_eq!(shown(root, "mlflow.spanType"), "CHAT_MODEL");
    assert_eq!(
        (attempt.header.parent, attempt.header.kind),
        (Some(span_id(10)), SpanKind::Client)
    );
    assert_eq!(attempt.status, sent.spans[1].status);
    assert_eq!(attempt.events, sent.spans[1].events);
    assert_eq!(store.span_headers(trace_id(1)).unwrap().len(), 2);
    assert_eq!(store.trace(trace_id(2)).unwrap(), None);
}

#[test]
fn a_batch_sent_twice_counts_once() {
    let (store, _dir) = temporary();
    let sent = [
        request(1, 10, 1_000, "search"),
        request(1, 20, 2_000, "search"),
    ];
    insert(&store, &sent);
    let once = store.trace(trace_id(1)).unwrap().unwrap();
    assert_eq!(insert(&store, &sent), Inserted::default());
    assert_eq!(store.trace(trace_id(1)).unwrap().unwrap(), once);
    let hours = store.usage_by_hour(0, 3_600_000).unwrap();
    assert_eq!(hours.len(), 1);
    assert_eq!(
        (hours[0].totals.requests, hours[0].totals.cost.total()),
        (2, NanoUsd(8_000))
    );
    assert_eq!(store.ledger(None, 10).unwrap().len(), 2);
}

#[test]
fn the_largest_numbers_keep_nothing_out_that_comes_after_them() {
    let (store, _dir) = temporary();
    let mut absurd = request(1, 10, 1_000, "search");
    let line = absurd.ledger.as_mut().unwrap();
    line.usage.input = u64::MAX;
    line.cost.output = NanoUsd(i64::MAX);
    insert(&store, &[absurd]);
    let mut later = request(2, 20, 2_000, "search");
    later.ledger.as_mut().unwrap().usage.output = u64::MAX;
    insert(&store, &[later]);
    assert_eq!(insert(&store, &[request(3, 30, 3_000, "search")]).ledger, 1);
    let totals = &store.usage_by_hour(0, 3_600_000).unwrap()[0].totals;
    let most = i64::MAX.cast_unsigned();
    assert_eq!(totals.requests, 3);
    assert_eq!((totals.input_tokens, totals.output_tokens), (most, most));
    assert_eq!(totals.cost.output, NanoUsd(i64::MAX));
}

#[test]
fn requests_of_a_team_join_their_trace_in_any_order() {
    let earlier = request(1, 10, 1_000, "search");
    let mut later = request(1, 20, 2_000, "search");
    later.spans[0].status = SpanStatus::Error("x".into());
    let [one, other] = [[earlier.clone(), later.clone()], [later, earlier]].map(|order| {
        let (store, _dir) = temporary();
        order.iter().for_each(|request| {
            insert(&store, std::slice::from_ref(request));
        });
        store.trace(trace_id(1)).unwrap().unwrap()
    });
    assert_eq!(one.info, other.info);
    assert_eq!(one.spans, other.spans);
    assert_eq!(one.info.request_preview, "request 10");
    assert_eq!(one.info.response_preview, "response 20");
    assert_eq!((one.info.start_ms, one.info.duration_ms), (1_000, 1_100));
    assert_eq!(one.info.state, TraceState::Error);
    assert_eq!(one.info.cost.unwrap().total(), NanoUsd(8_000));
    assert_eq!(one.info.tokens.unwrap().input, 30);
    assert!(one.info.metadata.contains_key("meta 10") && one.info.metadata.contains_key("meta 20"));
}

#[test]
fn another_teams_request_gets_a_trace_of_its_own_with_a_link() {
    let (store, _dir) = temporary();
    insert(&store, &[request(1, 10, 1_000, "search")]);
    let caller = SpanId::from_bytes([7; 8]);
    let mut stranger = [request(1, 20, 2_000, "ads"), request(1, 30, 3_000, "ads")];
    stranger[0].spans[0].parent = Some(caller);
    insert(&store, &stranger);
    assert_eq!(insert(&store, &stranger), Inserted::default());
    assert_eq!(
        store.trace_owner(trace_id(1)).unwrap().as_deref(),
        Some("search")
    );
    assert_eq!(store.span_headers(trace_id(1)).unwrap().len(), 2);
    let own = foreign_trace(trace_id(1), "ads");
    let moved = store.trace(own).unwrap().unwrap();
    assert_eq!((moved.info.team.as_str(), moved.spans.len()), ("ads", 4));
    assert_eq!(moved.spans[0].links[0].trace, trace_id(1));
    assert_eq!(moved.spans[0].links[0].span, caller);
    // The caller's span is in the other trace: here the root has no parent.
    assert_eq!(moved.spans[0].header.parent, None);
    let line = store.ledger(None, 10).unwrap().pop().unwrap();
    assert_eq!(line.trace, own);
}

#[test]
fn traces_are_followed_in_the_order_in_which_they_came() {
    let (store, _dir) = temporary();
    assert_eq!(store.last_trace_place().unwrap(), 0);
    insert(
        &store,
        &[
            request(5, 10, 9_000, "search"),
            request(3, 20, 1_000, "search"),
        ],
    );
    let found = store.traces_after(0, 10).unwrap();
    let ids: Vec<TraceId> = found.iter().map(|(_, info)| info.trace).collect();
    assert_eq!(ids, [trace_id(5), trace_id(3)]);
    assert_eq!(found[1].0, store.last_trace_place().unwrap());
    assert_eq!(store.traces_after(found[1].0, 10).unwrap(), []);
}

#[test]
fn a_body_that_no_json_tree_holds_is_shown_as_text() {
    let (store, _dir) = temporary();
    let mut sent = request(1, 10, 1_000, "search");
    let deep = "[".repeat(200) + &"]".repeat(200);
    for (key, json) in [
        ("deep", deep.as_str()),
        ("huge", "1e999"),
        ("half", r#""\ud800""#),
    ] {
        sent.spans[0].attributes.set_raw(
            key,
            &serde_json::value::RawValue::from_string(json.into()).unwrap(),
        );
    }
    insert(&store, &[sent]);
    let span = &store.trace(trace_id(1)).unwrap().unwrap().spans[0];
    assert_eq!(shown(span, "deep"), deep);
    assert_eq!(shown(span, "huge"), "1e999");
    assert_eq!(shown(span, "half"), r#""\ud800""#);
}

#[test]
fn a_damaged_payload_costs_no_more_than_itself() {
    let (store, _dir) = temporary();
    insert(
        &store,
        &[
            request(1, 10, 1_000, "search"),
            request(1, 20, 2_000, "search"),
        ],
    );
    store
        .write(|tx| {
            Ok(tx.execute(
                "UPDATE payloads SET body = x'28b52ffd2000' WHERE id = 1",
                [],
            )?)
        })
        .unwrap();
    let spans = store.trace(trace_id(1)).unwrap().unwrap().spans;
    assert_eq!(spans.len(), 4);
    assert!(
        shown(&spans[0], "tollgate.payload")
            .as_str()
            .unwrap()
            .contains("damaged")
    );
    assert_eq!(shown(&spans[2], "mlflow.llm.model"), "gpt-5");
}

#[test]
fn a_dictionary_is_trained_and_payloads_of_both_kinds_are_read() {
    let (store, dir) = temporary();
    let requests: Vec<_> = (0..2_100)
        .map(|n| request(n + 1, n as u64 * 2 + 1, 1_000, "search"))
        .collect();
    let (first, second) = requests.split_at(2_050);
    insert(&store, first);
    insert(&store, second);
    let used: Vec<i64> = store
        .read()
        .unwrap()
        .prepare("SELECT DISTINCT dictionary FROM payloads ORDER BY 1")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(used, [0, 1]);
    let reopened = Store::open(dir.path().join("tollgate.db")).unwrap();
    for number in [1, 2_100] {
        let trace = reopened.trace(trace_id(number)).unwrap().unwrap();
        assert!(shown(&trace.spans[0], "mlflow.spanInputs").is_object());
    }
}
