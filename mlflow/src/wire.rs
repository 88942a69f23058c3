//! The store's rows as MLflow's JSON (protobuf's JSON mapping: snake case, enums by name, unset fields left out, bytes
//! in base64). Spans are OTLP's `Span`; an attribute's JSON object is an OTLP `kvlist_value`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use tollgate_domain::TraceId;
use tollgate_store::experiments::Experiment;
use tollgate_store::traces::{Json, Members, Span, SpanStatus, Trace, TraceInfo};

/// A trace's id in MLflow's form.
pub(crate) fn trace_id(trace: TraceId) -> String {
    format!("tr-{trace}")
}

/// The other way; `None` for what can be no trace's id.
pub(crate) fn parse_trace_id(text: &str) -> Option<TraceId> {
    text.strip_prefix("tr-")?.parse().ok()
}

pub(crate) fn experiment(experiment: &Experiment) -> Value {
    let mut json = json!({
        "experiment_id": experiment.id.to_string(),
        "name": experiment.name,
        "artifact_location": experiment.artifact_location,
        "lifecycle_stage": if experiment.is_deleted { "deleted" } else { "active" },
        "last_update_time": experiment.updated_ms,
        "creation_time": experiment.created_ms,
    });
    if !experiment.tags.is_empty() {
        json.as_object_mut()
            .map(|json| json.insert("tags".into(), key_values(&experiment.tags)));
    }
    json
}

fn key_values(tags: &BTreeMap<String, String>) -> Value {
    tags.iter()
        .map(|(key, value)| json!({ "key": key, "value": value }))
        .collect()
}

pub(crate) fn trace_info(info: &TraceInfo) -> Value {
    let mut json = json!({
        "trace_id": trace_id(info.trace),
        "trace_location": {
            "type": "MLFLOW_EXPERIMENT",
            "mlflow_experiment": { "experiment_id": info.experiment.to_string() },
        },
        "request_preview": info.request_preview,
        "response_preview": info.response_preview,
        "request_time": timestamp(info.start_ms),
        "execution_duration": duration(info.duration_ms),
        "state": info.state.as_str(),
        "trace_metadata": info.metadata,
        "tags": info.tags,
    });
    if let (Some(id), Some(json)) = (&info.client_request_id, json.as_object_mut()) {
        json.insert("client_request_id".into(), Value::from(id.as_str()));
    }
    json
}

pub(crate) fn trace(trace: &Trace) -> Value {
    let spans: Vec<Value> = trace
        .spans
        .iter()
        .map(|span| self::span(trace.info.trace, span))
        .collect();
    json!({ "trace_info": trace_info(&trace.info), "spans": spans })
}

/// RFC 3339, in milliseconds where there are any.
fn timestamp(ms: i64) -> String {
    Timestamp::from_millisecond(ms)
        .unwrap_or_default()
        .to_string()
}

/// Seconds, with milliseconds where there are any.
fn duration(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    let ms = ms.unsigned_abs();
    match ms % 1000 {
        0 => format!("{sign}{}s", ms / 1000),
        rest => format!("{sign}{}.{rest:03}s", ms / 1000),
    }
}

fn span(trace: TraceId, span: &Span) -> Value {
    let header = &span.header;
    let (code, message) = match &span.status {
        SpanStatus::Unset => ("STATUS_CODE_UNSET", ""),
        SpanStatus::Ok => ("STATUS_CODE_OK", ""),
        SpanStatus::Error(message) => ("STATUS_CODE_ERROR", message.as_str()),
    };
    let mut json = json!({
        "trace_id": STANDARD.encode(trace.as_bytes()),
        "span_id": STANDARD.encode(header.span.as_bytes()),
        "name": header.name,
        "kind": header.kind.otlp_name(),
        "start_time_unix_nano": header.start_unix_nanos,
        "end_time_unix_nano": header.end_unix_nanos,
        "attributes": members(&span.attributes),
        "status": { "code": code, "message": message },
    });
    let Some(fields) = json.as_object_mut() else {
        return json;
    };
    if let Some(parent) = header.parent {
        fields.insert(
            "parent_span_id".into(),
            STANDARD.encode(parent.as_bytes()).into(),
        );
    }
    if !span.events.is_empty() {
        let events = span.events.iter().map(|event| {
            json!({
                "time_unix_nano": event.unix_nanos,
                "name": event.name,
                "attributes": attributes(&event.attributes),
            })
        });
        fields.insert("events".into(), events.collect());
    }
    if !span.links.is_empty() {
        let links = span.links.iter().map(|link| {
            json!({
                "trace_id": STANDARD.encode(link.trace.as_bytes()),
                "span_id": STANDARD.encode(link.span.as_bytes()),
                "attributes": attributes(&link.attributes),
            })
        });
        fields.insert("links".into(), links.collect());
    }
    json
}

fn attributes(attributes: &Map<String, Value>) -> Value {
    members(
        &attributes
            .iter()
            .map(|(key, value)| (key.clone(), value.clone().into()))
            .collect(),
    )
}

/// OTLP's `KeyValue`s, in their order.
fn members(members: &Members) -> Value {
    members
        .iter()
        .map(|(key, value)| json!({ "key": key, "value": any_value(value) }))
        .collect()
}

/// OTLP's `AnyValue`.
fn any_value(value: &Json) -> Value {
    match value {
        Json::Null => json!({}),
        Json::Bool(value) => json!({ "bool_value": value }),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => json!({ "int_value": whole }),
            None => json!({ "double_value": number.as_f64() }),
        },
        Json::Text(text) => json!({ "string_value": text }),
        Json::List(values) => {
            let values: Vec<Value> = values.iter().map(any_value).collect();
            json!({ "array_value": { "values": values } })
        }
        Json::Object(object) => json!({ "kvlist_value": { "values": members(object) } }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_protobufs_form() {
        assert_eq!(timestamp(1_700_000_000_000), "2023-11-14T22:13:20Z");
        assert_eq!(timestamp(1_700_000_000_120), "2023-11-14T22:13:20.12Z");
        assert_eq!(duration(1_500), "1.500s");
        assert_eq!(duration(2_000), "2s");
        assert_eq!(duration(7), "0.007s");
    }

    #[test]
    fn json_becomes_otlp_values() {
        assert_eq!(
            any_value(&json!({"a": [1, 2.5, "x", true, null]}).into()),
            json!({"kvlist_value": {"values": [{"key": "a", "value": {"array_value": {"values": [
                {"int_value": 1}, {"double_value": 2.5}, {"string_value": "x"}, {"bool_value": true}, {}
            ]}}}]}})
        );
    }

    #[test]
    fn only_mlflows_form_is_a_trace_id() {
        let text = "tr-0af7651916cd43dd8448eb211c80319c";
        assert_eq!(parse_trace_id(text).map(trace_id).as_deref(), Some(text));
        assert_eq!(parse_trace_id("get"), None);
        assert_eq!(parse_trace_id("0af7651916cd43dd8448eb211c80319c"), None);
    }
}
