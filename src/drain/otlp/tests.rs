//! Records in, exports out, compared with what the store shows of the same records.

mod world;

use super::batch::Batch;
use super::exporters::cursors;
use super::{Endpoint, Exporters, Exporting, stored};
use crate::drain::DrainStats;
use crate::drain::assemble::Assembler;
use crate::drain::request::Finished;
use crate::drain::tests::support::{
    REST, attempt, closed, drain, fallen_back, journal, open, pricing, store, streamed, succeeded,
    until,
};
use crate::telemetry::OwnSpans;
use crate::telemetry::metrics::Metrics;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use serde_json::Value;
use std::sync::Arc;
use tollgate_domain::{SpanId, TraceId, Usage};
use tollgate_journal::{Outcome, Position, Record};
use tollgate_store::Store;
use tollgate_store::traces::{Json, SpanStatus, foreign_trace};
use world::{World, at, collector, received};

fn batch(records: &[Record<'_>]) -> Batch {
    let mut assembler = Assembler::default();
    let mut batch = Batch::default();
    for (place, record) in records.iter().enumerate() {
        let position = Position::from_u64(place as u64 + 1);
        let finished = assembler.take(position, record);
        finished.into_iter().for_each(|request| batch.push(request));
    }
    batch
}

fn value<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a Any> {
    let mut found = attributes.iter().filter(|attribute| attribute.key == key);
    let value = found.next()?.value.as_ref()?.value.as_ref();
    assert!(found.next().is_none(), "{key} is there twice");
    value
}

fn text<'a>(attributes: &'a [KeyValue], key: &str) -> &'a str {
    match value(attributes, key) {
        Some(Any::StringValue(text)) => text,
        other => panic!("{key}: {other:?}"),
    }
}

/// An attribute as the store has it: nested values came as text.
fn back(value: &Any, stored: &Json) -> Value {
    match (value, stored) {
        (Any::StringValue(text), Json::Object(_) | Json::List(_)) => {
            serde_json::from_str(text).unwrap()
        }
        (Any::StringValue(text), _) => text.as_str().into(),
        (Any::IntValue(number), _) => (*number).into(),
        (Any::DoubleValue(number), _) => (*number).into(),
        (Any::BoolValue(is), _) => (*is).into(),
        (Any::ArrayValue(list), _) => list
            .values
            .iter()
            .map(|AnyValue { value }| back(value.as_ref().unwrap(), &Json::Null))
            .collect(),
        (other, _) => panic!("{other:?}"),
    }
}

#[test]
fn what_is_exported_is_what_the_store_shows() {
    let (store, _folder) = store();
    let records = fallen_back(1);
    drain(&store, &records, &Arc::default());
    let [export] = batch(&records).exports(|_| None).try_into().unwrap();
    assert_eq!(export.spans(), 3);
    let spans = received(&export.encode());
    let shown = store.trace(TraceId::from_bytes([1; 16])).unwrap().unwrap();
    assert_eq!(spans.len(), shown.spans.len());
    for stored in &shown.spans {
        let header = &stored.header;
        let id = header.span.as_bytes();
        let span = spans.iter().find(|span| span.span_id == id).unwrap();
        assert_eq!(span.trace_id, shown.info.trace.as_bytes());
        let parent = header.parent.map(|parent| parent.as_bytes().to_vec());
        assert_eq!(span.parent_span_id, parent.unwrap_or_default());
        assert_eq!(span.name, header.name);
        assert_eq!(span.kind, i32::from(header.kind as u8));
        let times = (header.start_unix_nanos, header.end_unix_nanos);
        assert_eq!((span.start_time_unix_nano, span.end_time_unix_nano), times);
        let status = span.status.clone().unwrap();
        let expected = match &stored.status {
            SpanStatus::Unset => (0, ""),
            SpanStatus::Ok => (1, ""),
            SpanStatus::Error(message) => (2, message.as_str()),
        };
        assert_eq!((status.code, status.message.as_str()), expected);
        for (key, expected) in &stored.attributes {
            let found = back(value(&span.attributes, key).unwrap(), expected);
            assert_eq!(found, serde_json::to_value(expected).unwrap(), "{key}");
        }
        let events: Vec<_> = span
            .events
            .iter()
            .map(|e| (&e.name, e.time_unix_nano))
            .collect();
        let expected: Vec<_> = stored
            .events
            .iter()
            .map(|e| (&e.name, e.unix_nanos))
            .collect();
        assert_eq!(events, expected);
    }
    let root = &spans[0];
    assert_eq!(text(&root.attributes, "user.id"), "ann");
    let cost: Value = serde_json::from_str(text(&root.attributes, "mlflow.llm.cost")).unwrap();
    assert_eq!(cost["total_cost"], 1.8e-5);
    let tokens = text(&root.attributes, "mlflow.chat.tokenUsage");
    let tokens: Value = serde_json::from_str(tokens).unwrap();
    assert_eq!(
        (&tokens["input_tokens"], &tokens["output_tokens"]),
        (&12.into(), &3.into())
    );
}

#[test]
fn a_trace_id_of_another_team_becomes_the_trace_that_the_store_made_of_it() {
    let Record::Open(mut asking) = open(1) else {
        panic!()
    };
    let parent = SpanId::from_bytes([7; 8]);
    asking.parent = Some(parent);
    let records = [Record::Open(asking), closed(1, Outcome::Ok, REST)];
    let asked = TraceId::from_bytes([1; 16]);
    let exported = |store: &Store| {
        let settle = |request: &mut Finished| stored::settle(store, request).unwrap();
        received(&batch(&records).exports(settle)[0].encode()).remove(0)
    };
    let (store, _folder) = store();
    let alone = exported(&store);
    assert_eq!(alone.trace_id, asked.as_bytes(), "it is not in the store");
    assert_eq!(alone.parent_span_id, parent.as_bytes());
    assert!(alone.links.is_empty());
    let Record::Open(mut other) = open(2) else {
        panic!()
    };
    (other.trace, other.team) = (asked, "ads");
    let first = [Record::Open(other), closed(2, Outcome::Ok, REST)];
    drain(&store, &first, &Arc::default());
    drain(&store, &records, &Arc::default());
    let foreign = exported(&store);
    assert_eq!(foreign.trace_id, foreign_trace(asked, "search").as_bytes());
    assert_eq!(foreign.links[0].trace_id, asked.as_bytes());
    assert_eq!(foreign.links[0].span_id, parent.as_bytes());
    assert_eq!(foreign.parent_span_id, b"");
}

#[test]
fn usage_that_was_counted_is_exported_as_it_was_counted() {
    let estimate = |tokens| Usage {
        output: tokens,
        estimated: true,
        ..Usage::default()
    };
    let records = |tokens| {
        let (Record::AttemptEnd(mut end), Record::Closed(mut closed)) =
            (succeeded(1, 1), closed(1, Outcome::Ok, REST))
        else {
            panic!()
        };
        (end.usage, closed.usage) = (Some(estimate(tokens)), estimate(tokens));
        [
            open(1),
            attempt(1, 1, "openai"),
            Record::AttemptEnd(end),
            Record::Closed(closed),
        ]
    };
    let (store, _folder) = store();
    drain(&store, &records(77), &Arc::default());
    let settle = |request: &mut Finished| stored::settle(&store, request).unwrap();
    let exports = batch(&records(50)).exports(settle);
    let spans = received(&exports[0].encode());
    assert_eq!(spans.len(), 2);
    for span in spans {
        let found = value(&span.attributes, "gen_ai.usage.output_tokens");
        assert_eq!(found, Some(&Any::IntValue(77)));
    }
}

#[test]
fn an_export_is_bounded_and_can_be_halved_down_to_a_request() {
    const LARGE: &[u8] = &[b'x'; 1 << 20];
    let mut records = Vec::new();
    for number in 1..=8 {
        let Record::Open(mut open) = open(number) else {
            panic!()
        };
        open.input = LARGE;
        records.extend([Record::Open(open), closed(number, Outcome::Ok, b"")]);
    }
    let exports = batch(&records).exports(|_| None);
    assert_eq!(exports.len(), 3, "three of a MiB each fit into four");
    assert!(
        exports
            .iter()
            .all(|export| export.encode().len() <= 4 << 20)
    );
    let [first, second] = exports[0].halves().unwrap();
    assert_eq!((first.spans(), second.spans()), (1, 2));
    assert!(first.halves().is_none());
    let both = [received(&first.encode()), received(&second.encode())].concat();
    assert_eq!(both, received(&exports[0].encode()));
}

#[test]
fn a_collector_that_is_away_does_not_fill_the_journal() {
    let world = World::new(&[at(1), at(1)]);
    let known = cursors(&world.store).unwrap();
    let names: Vec<&str> = known.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["otlp:http://127.0.0.1:1", "otlp:http://127.0.0.1:1#2"]
    );
    // Three times what the journal may take: it finds room again and again.
    world.requests(120, |_| world.writer.depth().bytes <= 6 << 20);
    let endpoint = world.metrics.otlp.of("http://127.0.0.1:1");
    assert!(endpoint.lagged.get() > 0);
    assert_eq!(endpoint.exported.get(), 0);
    world.handle.flush_and_stop();
    let kept = cursors(&world.store).unwrap();
    assert!(kept.iter().all(|(_, position)| *position > Position::START));
}

#[test]
fn a_long_stream_keeps_no_journal_and_is_exported_whole() {
    let (port, spans) = collector();
    let world = World::new(&[at(port)]);
    let begun = [open(150), attempt(150, 1, "openai")];
    world.writer.append_all(&begun).unwrap();
    let endpoint = world.metrics.otlp.of(&format!("http://127.0.0.1:{port}"));
    world.requests(120, |count| endpoint.exported.get() >= count);
    let ended = [succeeded(150, 1), closed(150, Outcome::Ok, REST)];
    world.writer.append_all(&ended).unwrap();
    until(|| endpoint.exported.get() >= 122);
    assert_eq!(endpoint.lagged.get(), 0);
    world.handle.flush_and_stop();
    let spans = spans.lock().unwrap();
    let whole = spans.iter().filter(|span| span.trace_id == [150; 16]);
    assert_eq!(whole.count(), 2);
    let name = format!("otlp:http://127.0.0.1:{port}");
    assert_eq!(world.store.carried(&name).unwrap(), []);
}

#[test]
fn a_collector_that_is_gone_is_forgotten_and_a_new_one_starts_from_now() {
    let (store, folder) = store();
    let writer = journal(&folder.path().join("journal"), Position::START, 1);
    let with = Exporting {
        metrics: Metrics::new().unwrap().otlp,
        own: OwnSpans::default(),
        collectors: &[],
    };
    let stats: Arc<DrainStats> = Arc::default();
    let exporters = Exporters::new(store.clone(), writer.clone(), stats, pricing(), &with);
    exporters.start(&[]).unwrap();
    let last = writer.append_all(&streamed(1)).unwrap();
    writer.sync_now();
    exporters.change(&Endpoint::resolve(&[at(1)]).unwrap());
    let known = cursors(&store).unwrap();
    assert_eq!(known, [("otlp:http://127.0.0.1:1".to_owned(), last)]);
    exporters.change(&[]);
    assert_eq!(cursors(&store).unwrap(), []);
    exporters.stop();
}
