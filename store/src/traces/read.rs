//! Reading spans back: headers alone, or with their payloads.

use crate::Store;
use crate::error::Result;
use crate::traces::dictionary::Dictionaries;
use crate::traces::info::{Tokens, TraceInfo, cost_json, info};
use crate::traces::json::{Json, Members, member};
use crate::traces::payload::Payload;
use crate::traces::row::{SpanEvent, SpanKind, SpanLink, SpanStatus};
use rusqlite::{Connection, Row};
use tollgate_domain::{Cost, NanoUsd, SpanId, TraceId, Usage};

/// A span's narrow half.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct SpanHeader {
    pub span: SpanId,
    pub parent: Option<SpanId>,
    pub name: String,
    pub kind: SpanKind,
    pub span_type: String,
    pub status: String,
    pub start_unix_nanos: u64,
    pub end_unix_nanos: u64,
    /// Input and output.
    pub tokens: Option<(i64, i64)>,
    pub cost: Option<Cost>,
}

/// A span, whole. Its attributes have what MLflow reads of type, usage and cost.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Span {
    pub header: SpanHeader,
    pub status: SpanStatus,
    pub usage: Option<Usage>,
    pub attributes: Members,
    pub events: Vec<SpanEvent>,
    pub links: Vec<SpanLink>,
}

impl Span {
    /// An attribute's value.
    pub fn attribute(&self, key: &str) -> Option<&Json> {
        member(&self.attributes, key)
    }
}

/// A trace, whole.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Trace {
    pub info: TraceInfo,
    /// By start.
    pub spans: Vec<Span>,
}

impl Store {
    /// The whole trace.
    pub fn trace(&self, trace: TraceId) -> Result<Option<Trace>> {
        let reader = self.read()?;
        let tx = reader.unchecked_transaction()?;
        self.inner.dictionaries.refresh(&tx)?;
        whole(&tx, &self.inner.dictionaries, trace)
    }

    /// Whole traces in the order asked for, without those that are not there.
    pub fn traces(&self, ids: &[TraceId]) -> Result<Vec<Trace>> {
        let reader = self.read()?;
        let tx = reader.unchecked_transaction()?;
        self.inner.dictionaries.refresh(&tx)?;
        ids.iter()
            .filter_map(|id| whole(&tx, &self.inner.dictionaries, *id).transpose())
            .collect()
    }

    /// A trace's tree without reading a payload.
    pub fn span_headers(&self, trace: TraceId) -> Result<Vec<SpanHeader>> {
        let reader = self.read()?;
        let mut statement = reader.prepare_cached(
            "SELECT s.* FROM spans AS s JOIN traces AS t ON t.id = s.trace WHERE t.trace_id = ?1
             ORDER BY s.start_ns, s.id",
        )?;
        let headers = statement
            .query_map([trace.as_bytes()], header)?
            .collect::<Result<_, _>>()?;
        Ok(headers)
    }
}

fn whole(tx: &Connection, dictionaries: &Dictionaries, trace: TraceId) -> Result<Option<Trace>> {
    let Some((row, info)) = info(tx, trace)? else {
        return Ok(None);
    };
    let mut statement = tx.prepare_cached(
        "SELECT s.*, p.dictionary, p.body FROM spans AS s LEFT JOIN payloads AS p ON p.id = s.payload
         WHERE s.trace = ?1 ORDER BY s.start_ns, s.id",
    )?;
    let spans = statement
        .query_and_then([row], |row| span(row, dictionaries))?
        .collect::<Result<_>>()?;
    Ok(Some(Trace { info, spans }))
}

fn header(row: &Row<'_>) -> rusqlite::Result<SpanHeader> {
    let id = |id: i64| SpanId::from_bytes(id.to_be_bytes());
    let input_tokens: Option<i64> = row.get("input_tokens")?;
    let input_nanos: Option<i64> = row.get("input_nanos")?;
    Ok(SpanHeader {
        span: id(row.get("span_id")?),
        parent: row.get::<_, Option<i64>>("parent_id")?.map(id),
        name: row.get("name")?,
        kind: SpanKind::from_code(row.get("kind")?),
        span_type: row.get("type")?,
        status: row.get("status")?,
        start_unix_nanos: row.get::<_, i64>("start_ns")?.cast_unsigned(),
        end_unix_nanos: row.get::<_, i64>("end_ns")?.cast_unsigned(),
        tokens: input_tokens
            .map(|input| Ok::<_, rusqlite::Error>((input, row.get("output_tokens")?)))
            .transpose()?,
        cost: input_nanos
            .map(|input| {
                Ok::<_, rusqlite::Error>(Cost {
                    input: NanoUsd(input),
                    output: NanoUsd(row.get("output_nanos")?),
                })
            })
            .transpose()?,
    })
}

fn span(row: &Row<'_>, dictionaries: &Dictionaries) -> Result<Span> {
    let header = header(row)?;
    let payload = payload(row, dictionaries)?.unwrap_or_else(|error| Payload {
        // The rest of the trace can still be read.
        attributes: vec![("tollgate.payload".into(), Json::Text(error.to_string()))],
        ..Payload::default()
    });
    let mut attributes = payload.attributes;
    let mut add = |key: &str, value: Json| {
        if member(&attributes, key).is_none() {
            attributes.push((key.to_string(), value));
        }
    };
    if !header.span_type.is_empty() {
        add("mlflow.spanType", header.span_type.as_str().into());
    }
    if let Some(usage) = &payload.usage {
        add("mlflow.chat.tokenUsage", Tokens::from(usage).to_json());
    }
    if let Some(cost) = header.cost {
        add("mlflow.llm.cost", cost_json(cost));
    }
    Ok(Span {
        status: match header.status.as_str() {
            "OK" => SpanStatus::Ok,
            "ERROR" => SpanStatus::Error(payload.message),
            _ => SpanStatus::Unset,
        },
        usage: payload.usage,
        attributes,
        events: payload.events,
        links: payload.links,
        header,
    })
}

/// A span's payload, or what is wrong with it.
fn payload(row: &Row<'_>, dictionaries: &Dictionaries) -> Result<Result<Payload>> {
    let body = row.get_ref("body")?.as_blob_or_null();
    let Some(body) = body.map_err(rusqlite::Error::from)? else {
        return Ok(Ok(Payload::default()));
    };
    let dictionary = row.get("dictionary")?;
    let (at, length) = (row.get("payload_at")?, row.get("payload_length")?);
    Ok(dictionaries
        .open(dictionary, body, at, length)
        .and_then(|json| Payload::parse(&json)))
}
