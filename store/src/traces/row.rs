//! What is written: a batch of requests, each with its share of a trace, its spans and its line of the ledger.

use crate::carried::CarriedRow;
use crate::ledger::LedgerRow;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use tollgate_domain::{Cost, RequestId, SpanId, TraceId, Usage};

/// What one transaction stores. Writing it again is harmless: spans are known by (trace, span), ledger lines by request.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Batch {
    pub requests: Vec<RequestRow>,
    /// Positions (name, position) that become true with the rest: how far the journal has been read.
    pub cursors: Vec<(String, Vec<u8>)>,
    /// Requests that are still open, as far as those positions; and (reader, request) that were, and are over.
    pub carried: Vec<CarriedRow>,
    pub over: Vec<(String, RequestId)>,
}

/// One request: the first span is its own, the others are its attempts.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub struct RequestRow {
    pub trace: TraceRow,
    pub spans: Vec<SpanRow>,
    pub ledger: Option<LedgerRow>,
}

/// A request's share of its trace. Name, times and state of the trace follow from the request's span.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub struct TraceRow {
    /// As the request has it. Where another team owns a trace of this id, [`crate::traces::foreign_trace`] is stored
    /// in its place, with a link to this one.
    pub trace: TraceId,
    pub experiment: i64,
    pub team: String,
    pub key: String,
    pub client_request_id: Option<String>,
    /// At most 1,000 characters by MLflow's custom; cut by whoever makes it.
    pub request_preview: String,
    pub response_preview: String,
    pub metadata: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
}

/// A span. The request's own carries usage and cost summed over its attempts, and only these are added to the trace's.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub struct SpanRow {
    pub span: SpanId,
    pub parent: Option<SpanId>,
    pub name: String,
    pub kind: SpanKind,
    /// `CHAT_MODEL`, `LLM`, `EMBEDDING`, …: MLflow's `mlflow.spanType`.
    pub span_type: String,
    pub start_unix_nanos: u64,
    pub end_unix_nanos: u64,
    pub status: SpanStatus,
    pub usage: Option<Usage>,
    pub cost: Option<Cost>,
    pub attributes: Attributes,
    pub events: Vec<SpanEvent>,
    pub links: Vec<SpanLink>,
}

/// OpenTelemetry's span kinds, numbered as in OTLP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names say it")]
pub enum SpanKind {
    Internal = 1,
    Server = 2,
    Client = 3,
}

impl SpanKind {
    pub(crate) fn from_code(code: u8) -> Self {
        match code {
            2 => Self::Server,
            3 => Self::Client,
            _ => Self::Internal,
        }
    }

    /// The enum's name in OTLP's JSON.
    pub fn otlp_name(self) -> &'static str {
        match self {
            Self::Internal => "SPAN_KIND_INTERNAL",
            Self::Server => "SPAN_KIND_SERVER",
            Self::Client => "SPAN_KIND_CLIENT",
        }
    }
}

/// How a span ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum SpanStatus {
    Unset,
    Ok,
    /// With a message for people.
    Error(String),
}

impl SpanStatus {
    /// As stored, and as `span.status` compares.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Unset => "UNSET",
            Self::Ok => "OK",
            Self::Error(_) => "ERROR",
        }
    }
}

/// Something that happened at one moment of a span.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct SpanEvent {
    pub name: String,
    pub unix_nanos: u64,
    pub attributes: serde_json::Map<String, serde_json::Value>,
}

/// Another span that a span has to do with.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct SpanLink {
    pub trace: TraceId,
    pub span: SpanId,
    pub attributes: serde_json::Map<String, serde_json::Value>,
}

/// A span's attributes, written as JSON at once: a captured body goes in as it is, without being parsed into a tree.
///
/// ```
/// use tollgate_store::traces::Attributes;
/// let mut attributes = Attributes::default();
/// attributes.set("mlflow.llm.model", "gpt-5");
/// attributes.set("gen_ai.usage.input_tokens", &12);
/// attributes.set_raw("mlflow.spanInputs", serde_json::from_str(r#"{"messages":[]}"#)?);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Attributes {
    members: String,
}

impl Attributes {
    /// A key set twice keeps its last value.
    pub fn set(&mut self, key: &str, value: &(impl Serialize + ?Sized)) {
        match serde_json::to_string(value) {
            Ok(json) => self.push(key, &json),
            Err(_) => self.push(key, "null"),
        }
    }

    /// A value that is JSON already.
    pub fn set_raw(&mut self, key: &str, value: &RawValue) {
        self.push(key, value.get());
    }

    fn push(&mut self, key: &str, json: &str) {
        self.members.reserve(key.len() + json.len() + 4);
        if !self.members.is_empty() {
            self.members.push(',');
        }
        push_json_string(&mut self.members, key);
        self.members.push(':');
        self.members.push_str(json);
    }

    /// All as a JSON object. A key that was set twice is there twice; the last counts.
    pub fn to_json(&self) -> String {
        format!("{{{}}}", self.members)
    }

    /// The members of the object, without its braces.
    pub(crate) fn members(&self) -> &str {
        &self.members
    }
}

pub(crate) fn push_json_string(out: &mut String, text: &str) {
    if text
        .bytes()
        .all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\')
    {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}
