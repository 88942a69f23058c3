//! Storing a batch: one transaction, every row at most once however often it is sent.

use crate::Store;
use crate::error::{Result, StoreError};
use crate::traces::dictionary::Compressor;
use crate::traces::info::{SESSION, TraceState};
use crate::traces::payload;
use crate::traces::row::{Batch, RequestRow, SpanLink, SpanRow, SpanStatus, TraceRow};
use crate::{carried, cursors, ledger};
use rusqlite::{CachedStatement, Connection, OptionalExtension, named_params, params};
use tollgate_domain::{SpanId, TraceId};

/// What a batch added; the rest was there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Inserted {
    pub traces: usize,
    pub spans: usize,
    pub ledger: usize,
}

impl Store {
    /// Stores a batch, durably: when this answers, a power loss does not take it back.
    ///
    /// Cost: about 20 µs a span of 4.5 kB, and one sync of the disk a batch; batches of some hundreds of spans are
    /// best.
    pub fn insert(&self, batch: &Batch) -> Result<Inserted> {
        let inserted = self.write_with(|tx, compressor| {
            let mut writer = BatchWriter::new(tx, compressor)?;
            for request in &batch.requests {
                writer.request(request)?;
            }
            let inserted = writer.finish()?;
            for (name, position) in &batch.cursors {
                cursors::put(tx, name, position)?;
            }
            for row in &batch.carried {
                carried::put(tx, row)?;
            }
            for (reader, request) in &batch.over {
                carried::drop(tx, reader, *request)?;
            }
            Ok(inserted)
        })?;
        self.with_writer(|connection, compressor| compressor.train_if_ready(connection))?;
        Ok(inserted)
    }

    /// The team that a trace belongs to (of whoever wrote to it first), or `None` for a trace not stored.
    pub fn trace_owner(&self, trace: TraceId) -> Result<Option<String>> {
        let reader = self.read()?;
        let team = reader
            .prepare_cached("SELECT team FROM traces WHERE trace_id = ?1")?
            .query_row([trace.as_bytes()], |row| row.get(0))
            .optional()?;
        Ok(team)
    }
}

/// The trace that a team's spans go to when another team owns the trace id that they came with. The same answer every
/// time: a replay, and a second request with that id, find it again.
pub fn foreign_trace(trace: TraceId, team: &str) -> TraceId {
    // FNV-1a, 128 bits: stable across versions, and no secret depends on it.
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013B;
    const BASIS: u128 = 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D;
    let hash = trace
        .as_bytes()
        .iter()
        .chain(team.as_bytes())
        .fold(BASIS, |hash, byte| {
            (hash ^ u128::from(*byte)).wrapping_mul(PRIME)
        });
    TraceId::from_bytes(hash.to_be_bytes())
}

/// The statements of a batch, prepared once.
struct BatchWriter<'a> {
    tx: &'a Connection,
    compressor: &'a mut Compressor,
    find_trace: CachedStatement<'a>,
    add_trace: CachedStatement<'a>,
    add_tag: CachedStatement<'a>,
    add_span: CachedStatement<'a>,
    add_payload: CachedStatement<'a>,
    ledger: ledger::Writer<'a>,
    /// The id of the next payload.
    next_payload: i64,
    /// The JSON of a request's new spans, one after the other.
    json: String,
    inserted: Inserted,
}

/// A trace's row, or a further request of it: the earliest gives name and request, the latest response and state; sums
/// grow. The order of arrival makes no difference.
const ADD_TRACE: &str = r#"
    INSERT INTO traces (trace_id, experiment, start_ms, start_ns, end_ns, duration_ms, state, name, team, key,
                        client_request_id, session, request_preview, response_preview, metadata, has_usage,
                        input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cache_write_1h_tokens,
                        has_cost, input_nanos, output_nanos)
    VALUES (:trace_id, :experiment, :start_ns / 1000000, :start_ns, :end_ns, (:end_ns - :start_ns) / 1000000, :state,
            :name, :team, :key, :client_request_id, :session, :request_preview, :response_preview,
            json_insert(:metadata, '$."mlflow.trace_schema.version"', '3'),
            :has_usage, :input_tokens, :output_tokens, :cache_read_tokens, :cache_write_tokens,
            :cache_write_1h_tokens, :has_cost, :input_nanos, :output_nanos)
    ON CONFLICT (trace_id) DO UPDATE SET
        name                  = iif(excluded.start_ns < start_ns, excluded.name, name),
        request_preview       = iif(excluded.start_ns < start_ns, excluded.request_preview, request_preview),
        client_request_id     = coalesce(client_request_id, excluded.client_request_id),
        session               = coalesce(session, excluded.session),
        response_preview      = iif(excluded.end_ns > end_ns, excluded.response_preview, response_preview),
        state                 = iif(excluded.end_ns > end_ns, excluded.state, state),
        metadata              = json_patch(excluded.metadata, metadata),
        start_ms              = min(excluded.start_ns, start_ns) / 1000000,
        start_ns              = min(excluded.start_ns, start_ns),
        end_ns                = max(excluded.end_ns, end_ns),
        duration_ms           = (max(excluded.end_ns, end_ns) - min(excluded.start_ns, start_ns)) / 1000000,
        has_usage             = max(has_usage, excluded.has_usage),
        input_tokens          = input_tokens + excluded.input_tokens,
        output_tokens         = output_tokens + excluded.output_tokens,
        cache_read_tokens     = cache_read_tokens + excluded.cache_read_tokens,
        cache_write_tokens    = cache_write_tokens + excluded.cache_write_tokens,
        cache_write_1h_tokens = cache_write_1h_tokens + excluded.cache_write_1h_tokens,
        has_cost              = max(has_cost, excluded.has_cost),
        input_nanos           = input_nanos + excluded.input_nanos,
        output_nanos          = output_nanos + excluded.output_nanos"#;

const ADD_SPAN: &str = "
    INSERT INTO spans (trace, span_id, parent_id, name, kind, type, status, start_ns, end_ns, input_tokens,
                       output_tokens, input_nanos, output_nanos, payload, payload_at, payload_length)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
    ON CONFLICT (trace, span_id) DO NOTHING";

impl<'a> BatchWriter<'a> {
    fn new(tx: &'a Connection, compressor: &'a mut Compressor) -> Result<Self> {
        Ok(Self {
            tx,
            compressor,
            find_trace: tx.prepare_cached("SELECT id, team FROM traces WHERE trace_id = ?1")?,
            add_trace: tx.prepare_cached(ADD_TRACE)?,
            add_tag: tx.prepare_cached(
                "INSERT INTO trace_tags (trace, key, value) VALUES (?1, ?2, ?3) ON CONFLICT (trace, key) DO NOTHING",
            )?,
            add_span: tx.prepare_cached(ADD_SPAN)?,
            add_payload: tx.prepare_cached("INSERT INTO payloads (id, dictionary, body) VALUES (?1, ?2, ?3)")?,
            ledger: ledger::Writer::new(tx)?,
            next_payload: tx
                .prepare_cached("SELECT coalesce(max(id), 0) + 1 FROM payloads")?
                .query_row([], |row| row.get(0))?,
            json: String::new(),
            inserted: Inserted::default(),
        })
    }

    fn request(&mut self, request: &RequestRow) -> Result<()> {
        let RequestRow {
            trace,
            spans,
            ledger,
        } = request;
        let (stored_as, known) = self.place(trace)?;
        if let Some(root) = spans.first() {
            let link = (stored_as != trace.trace).then(|| SpanLink {
                trace: trace.trace,
                span: root.parent.unwrap_or(root.span),
                attributes: serde_json::Map::new(),
            });
            let row = match known {
                Some(row) => row,
                None => {
                    self.inserted.traces += 1;
                    self.roll_up(stored_as, trace, root)?
                }
            };
            let is_new = self.span(row, root, link.as_ref())?;
            if is_new && known.is_some() {
                self.roll_up(stored_as, trace, root)?;
            }
            for span in spans.iter().skip(1) {
                self.span(row, span, None)?;
            }
            self.payload()?;
            for (key, value) in &trace.tags {
                self.add_tag.execute((row, key, value))?;
            }
        }
        if let Some(line) = ledger {
            self.inserted.ledger += usize::from(self.ledger.add(line, stored_as)?);
        }
        Ok(())
    }

    /// Under which id a request's spans are stored, and the trace's row where there is one.
    fn place(&mut self, trace: &TraceRow) -> Result<(TraceId, Option<i64>)> {
        match self.find(trace.trace)? {
            None => Ok((trace.trace, None)),
            Some((row, team)) if team == trace.team => Ok((trace.trace, Some(row))),
            Some(_) => {
                let own = foreign_trace(trace.trace, &trace.team);
                Ok((own, self.find(own)?.map(|(row, _)| row)))
            }
        }
    }

    fn find(&mut self, trace: TraceId) -> Result<Option<(i64, String)>> {
        let found = self
            .find_trace
            .query_row([trace.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        Ok(found)
    }

    /// Adds a request to its trace's row, which is made where it is missing. Answers the row of a new one.
    fn roll_up(&mut self, id: TraceId, trace: &TraceRow, root: &SpanRow) -> Result<i64> {
        let usage = root.usage.unwrap_or_default();
        let cost = root.cost.unwrap_or_default();
        let metadata = serde_json::to_string(&trace.metadata)
            .map_err(|error| StoreError::damaged("metadata", error))?;
        let state = match root.status {
            SpanStatus::Error(_) => TraceState::Error,
            SpanStatus::Ok | SpanStatus::Unset => TraceState::Ok,
        };
        self.add_trace.execute(named_params! {
            ":trace_id": id.as_bytes(),
            ":experiment": trace.experiment,
            ":start_ns": clamp(root.start_unix_nanos),
            ":end_ns": clamp(root.end_unix_nanos.max(root.start_unix_nanos)),
            ":state": state.as_str(),
            ":name": root.name,
            ":team": trace.team,
            ":key": trace.key,
            ":client_request_id": trace.client_request_id,
            ":session": trace.metadata.get(SESSION),
            ":request_preview": trace.request_preview,
            ":response_preview": trace.response_preview,
            ":metadata": metadata,
            ":has_usage": root.usage.is_some(),
            ":input_tokens": clamp(usage.input_total()),
            ":output_tokens": clamp(usage.output_total()),
            ":cache_read_tokens": clamp(usage.cache_read),
            ":cache_write_tokens": clamp(usage.cache_write),
            ":cache_write_1h_tokens": clamp(usage.cache_write_1h),
            ":has_cost": root.cost.is_some(),
            ":input_nanos": cost.input.0,
            ":output_nanos": cost.output.0,
        })?;
        Ok(self.tx.last_insert_rowid())
    }

    /// Stores a span and takes its payload along; answers whether it was new.
    fn span(&mut self, trace: i64, span: &SpanRow, link: Option<&SpanLink>) -> Result<bool> {
        let tokens = span.usage.as_ref();
        let begin = self.json.len();
        payload::write_json(span, link, &mut self.json)?;
        // A moved root's parent is in the other trace: the link leads there.
        let parent = span.parent.filter(|_| link.is_none());
        let added = self.add_span.execute(params![
            trace,
            key(span.span),
            parent.map(key),
            span.name,
            span.kind as u8,
            span.span_type,
            span.status.as_str(),
            clamp(span.start_unix_nanos),
            clamp(span.end_unix_nanos),
            tokens.map(|usage| clamp(usage.input_total())),
            tokens.map(|usage| clamp(usage.output_total())),
            span.cost.map(|cost| cost.input.0),
            span.cost.map(|cost| cost.output.0),
            self.next_payload,
            clamp(begin as u64),
            clamp((self.json.len() - begin) as u64),
        ])?;
        if added == 0 {
            self.json.truncate(begin);
        } else if begin == 0 {
            self.compressor.sample(self.json.as_bytes());
        }
        self.inserted.spans += added;
        Ok(added > 0)
    }

    /// Stores what the request's new spans have to say.
    fn payload(&mut self) -> Result<()> {
        if self.json.is_empty() {
            return Ok(());
        }
        let (dictionary, body) = self.compressor.compress(self.json.as_bytes())?;
        self.add_payload
            .execute((self.next_payload, dictionary, body))?;
        self.next_payload += 1;
        self.json.clear();
        Ok(())
    }

    fn finish(self) -> Result<Inserted> {
        self.ledger.finish()?;
        Ok(self.inserted)
    }
}

/// A span's id as SQLite's integer.
pub(crate) fn key(span: SpanId) -> i64 {
    i64::from_be_bytes(*span.as_bytes())
}

/// SQLite's integers end at 2^63.
pub(crate) fn clamp(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
