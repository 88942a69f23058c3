//! A request's rows as OTLP spans (opentelemetry-proto 1.x, `trace/v1/trace.proto`): the ids, the times and the
//! attributes that the store has.

use super::values::{Members, key_value, of_json, of_map};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, SpanFlags, Status};
use tollgate_domain::TraceId;
use tollgate_store::traces::{RequestRow, SpanRow, SpanStatus, Tokens, TraceRow, cost_json};

/// W3C's flag `sampled`.
const SAMPLED: u32 = 1;

/// A request's spans, the root first, as the store has them under this trace id.
pub(super) fn spans(row: &RequestRow, trace: TraceId) -> Vec<Span> {
    row.spans
        .iter()
        .enumerate()
        .map(|(place, span)| one(trace, &row.trace, span, place == 0))
        .collect()
}

fn one(trace: TraceId, of: &TraceRow, row: &SpanRow, is_root: bool) -> Span {
    let mut attributes = attributes(row);
    if is_root && let Some(user) = of.metadata.get("mlflow.trace.user") {
        attributes.push(key_value("user.id", Any::StringValue(user.clone())));
    }
    let mut flags = SAMPLED | SpanFlags::ContextHasIsRemoteMask as u32;
    // The parent of a root that was moved is in the other trace: the link leads there.
    let is_moved = is_root && trace != of.trace;
    let parent = row.parent.filter(|_| !is_moved);
    if is_root && parent.is_some() {
        flags |= SpanFlags::ContextIsRemoteMask as u32;
    }
    let mut links: Vec<Link> = row
        .links
        .iter()
        .map(|link| self::link(link.trace, link.span, of_map(&link.attributes)))
        .collect();
    if is_moved {
        links.push(link(of.trace, row.parent.unwrap_or(row.span), Vec::new()));
    }
    Span {
        trace_id: trace.as_bytes().to_vec(),
        span_id: row.span.as_bytes().to_vec(),
        parent_span_id: parent.map_or_else(Vec::new, |parent| parent.as_bytes().to_vec()),
        flags,
        name: row.name.clone(),
        // The store numbers kinds as OTLP does.
        kind: i32::from(row.kind as u8),
        start_time_unix_nano: row.start_unix_nanos,
        end_time_unix_nano: row.end_unix_nanos,
        attributes,
        events: row
            .events
            .iter()
            .map(|event| Event {
                time_unix_nano: event.unix_nanos,
                name: event.name.clone(),
                attributes: of_map(&event.attributes),
                dropped_attributes_count: 0,
            })
            .collect(),
        links,
        status: Some(status(&row.status)),
        ..Span::default()
    }
}

/// Those of the row, and what the store adds when it is read: MLflow reads type, tokens and cost by these names.
fn attributes(row: &SpanRow) -> Vec<KeyValue> {
    let json = row.attributes.to_json();
    let members =
        serde_json::from_str(&json).map_or_else(|_| Vec::new(), |Members(members)| members);
    let mut attributes: Vec<KeyValue> = members
        .iter()
        .map(|(key, value)| key_value(key, of_json(key, value)))
        .collect();
    let mut add = |key: &str, text: String| {
        if !attributes.iter().any(|attribute| attribute.key == key) {
            attributes.push(key_value(key, Any::StringValue(text)));
        }
    };
    if !row.span_type.is_empty() {
        add("mlflow.spanType", row.span_type.clone());
    }
    if let Some(usage) = &row.usage {
        add(
            "mlflow.chat.tokenUsage",
            Tokens::from(usage).to_json().to_string(),
        );
    }
    if let Some(cost) = row.cost {
        add("mlflow.llm.cost", cost_json(cost).to_string());
    }
    attributes
}

fn link(trace: TraceId, span: tollgate_domain::SpanId, attributes: Vec<KeyValue>) -> Link {
    Link {
        trace_id: trace.as_bytes().to_vec(),
        span_id: span.as_bytes().to_vec(),
        attributes,
        ..Link::default()
    }
}

fn status(status: &SpanStatus) -> Status {
    let (code, message) = match status {
        SpanStatus::Unset => (StatusCode::Unset, ""),
        SpanStatus::Ok => (StatusCode::Ok, ""),
        SpanStatus::Error(message) => (StatusCode::Error, message.as_str()),
    };
    Status {
        code: code as i32,
        message: message.to_owned(),
    }
}

/// One export of these spans.
pub(super) fn request(spans: Vec<Span>) -> ExportTraceServiceRequest {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let text = |key: &str, text: &str| key_value(key, Any::StringValue(text.to_owned()));
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource {
                attributes: vec![
                    text("service.name", "tollgate"),
                    text("service.version", &version),
                ],
                ..Resource::default()
            }),
            scope_spans: vec![ScopeSpans {
                scope: Some(InstrumentationScope {
                    name: "tollgate".to_owned(),
                    version,
                    ..InstrumentationScope::default()
                }),
                spans,
                schema_url: String::new(),
            }],
            schema_url: String::new(),
        }],
    }
}
