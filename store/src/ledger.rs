//! The ledger: one line a request, never changed, and its sums by hour.
//!
//! Money is integer nano-dollars: input, output and total are the three numbers of the request's settlement.

use crate::Store;
use crate::error::Result;
use crate::traces::clamp;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, named_params};
use std::collections::HashMap;
use tollgate_domain::{Cost, NanoUsd, RequestId, TraceId, Usage};

const HOUR_MS: i64 = 3_600_000;

/// A request's line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct LedgerRow {
    pub request: RequestId,
    /// Under which its spans are stored.
    pub trace: TraceId,
    /// When the request ended, in milliseconds since 1970.
    pub time_ms: i64,
    pub key: String,
    pub team: String,
    pub route: String,
    /// Of the last attempt; empty where there was none.
    pub provider: String,
    pub model: String,
    /// `ok`, or in one word how else it ended.
    pub outcome: String,
    /// The HTTP status that the caller got.
    pub status: u16,
    pub attempts: u32,
    /// Summed over all attempts that reported any.
    pub usage: Usage,
    pub cost: Cost,
    /// No price was found for an attempt's model: the cost is incomplete.
    pub unpriced: bool,
}

/// Sums over lines of the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Totals {
    pub requests: u64,
    pub failed: u64,
    pub unpriced: u64,
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub cost: Cost,
}

/// An hour's sums of one key, route and model.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct HourlyRow {
    /// Its start, in milliseconds since 1970.
    pub hour_ms: i64,
    pub key: String,
    pub team: String,
    pub route: String,
    pub provider: String,
    pub model: String,
    pub totals: Totals,
}

impl Store {
    /// A request's line.
    pub fn ledger_line(&self, request: RequestId) -> Result<Option<LedgerRow>> {
        let reader = self.read()?;
        let line = reader
            .prepare_cached("SELECT * FROM ledger WHERE request_id = ?1")?
            .query_row([request.as_bytes()], read)
            .optional()?;
        Ok(line)
    }

    /// Lines in the order of their request ids, which is by arrival: at most `limit` after `after`.
    pub fn ledger(&self, after: Option<RequestId>, limit: u32) -> Result<Vec<LedgerRow>> {
        let reader = self.read()?;
        let after = after.map_or([0; 16], |request| *request.as_bytes());
        let mut statement = reader.prepare_cached(
            "SELECT * FROM ledger WHERE request_id > ?1 ORDER BY request_id LIMIT ?2",
        )?;
        let lines = statement
            .query_map((after, limit), read)?
            .collect::<Result<_, _>>()?;
        Ok(lines)
    }

    /// Sums by hour, from the hour of `from_ms` up to and without that of `until_ms`.
    pub fn usage_by_hour(&self, from_ms: i64, until_ms: i64) -> Result<Vec<HourlyRow>> {
        let reader = self.read()?;
        let mut statement = reader.prepare_cached(
            "SELECT * FROM usage_hourly WHERE hour >= ?1 AND hour < ?2 ORDER BY hour, key, team, route, provider, model",
        )?;
        let rows = statement
            .query_map(
                (from_ms.div_euclid(HOUR_MS), until_ms.div_euclid(HOUR_MS)),
                read_hour,
            )?
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }
}

type HourKey = (i64, String, String, String, String, String);

/// Writes lines of one batch, and their sums at its end.
pub(crate) struct Writer<'a> {
    add: CachedStatement<'a>,
    add_hour: CachedStatement<'a>,
    hours: HashMap<HourKey, Totals>,
}

const ADD: &str = "
    INSERT INTO ledger (request_id, trace_id, time_ms, key, team, route, provider, model, outcome, status, attempts,
                        input, cache_read, cache_write, cache_write_1h, audio_input, output, reasoning, audio_output,
                        estimated, unpriced, input_nanos, output_nanos, total_nanos)
    VALUES (:request_id, :trace_id, :time_ms, :key, :team, :route, :provider, :model, :outcome, :status, :attempts,
            :input, :cache_read, :cache_write, :cache_write_1h, :audio_input, :output, :reasoning, :audio_output,
            :estimated, :unpriced, :input_nanos, :output_nanos, :total_nanos)
    ON CONFLICT (request_id) DO NOTHING";

/// Sums stop at the largest number: SQLite would go on with a fraction, which the table refuses, and with it the request.
const ADD_HOUR: &str = "
    INSERT INTO usage_hourly (hour, key, team, route, provider, model, requests, failed, unpriced, input_tokens,
                              output_tokens, input_nanos, output_nanos)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
    ON CONFLICT (hour, key, team, route, provider, model) DO UPDATE SET
        requests      = requests + excluded.requests,
        failed        = failed + excluded.failed,
        unpriced      = unpriced + excluded.unpriced,
        input_tokens  = min(input_tokens, 9223372036854775807 - excluded.input_tokens) + excluded.input_tokens,
        output_tokens = min(output_tokens, 9223372036854775807 - excluded.output_tokens) + excluded.output_tokens,
        input_nanos   = min(input_nanos, 9223372036854775807 - excluded.input_nanos) + excluded.input_nanos,
        output_nanos  = min(output_nanos, 9223372036854775807 - excluded.output_nanos) + excluded.output_nanos";

impl<'a> Writer<'a> {
    pub(crate) fn new(tx: &'a Connection) -> Result<Self> {
        Ok(Self {
            add: tx.prepare_cached(ADD)?,
            add_hour: tx.prepare_cached(ADD_HOUR)?,
            hours: HashMap::new(),
        })
    }

    /// Adds a line; answers whether it was new.
    pub(crate) fn add(&mut self, line: &LedgerRow, trace: TraceId) -> Result<bool> {
        let added = self.add.execute(named_params! {
            ":request_id": line.request.as_bytes(),
            ":trace_id": trace.as_bytes(),
            ":time_ms": line.time_ms,
            ":key": line.key,
            ":team": line.team,
            ":route": line.route,
            ":provider": line.provider,
            ":model": line.model,
            ":outcome": line.outcome,
            ":status": line.status,
            ":attempts": line.attempts,
            ":input": clamp(line.usage.input),
            ":cache_read": clamp(line.usage.cache_read),
            ":cache_write": clamp(line.usage.cache_write),
            ":cache_write_1h": clamp(line.usage.cache_write_1h),
            ":audio_input": clamp(line.usage.audio_input),
            ":output": clamp(line.usage.output),
            ":reasoning": clamp(line.usage.reasoning),
            ":audio_output": clamp(line.usage.audio_output),
            ":estimated": line.usage.estimated,
            ":unpriced": line.unpriced,
            ":input_nanos": line.cost.input.0,
            ":output_nanos": line.cost.output.0,
            ":total_nanos": line.cost.total().0,
        })?;
        if added == 0 {
            return Ok(false);
        }
        let key = (
            line.time_ms.div_euclid(HOUR_MS),
            line.key.clone(),
            line.team.clone(),
            line.route.clone(),
            line.provider.clone(),
            line.model.clone(),
        );
        let totals = self.hours.entry(key).or_default();
        totals.requests += 1;
        totals.failed += u64::from(line.outcome != "ok");
        totals.unpriced += u64::from(line.unpriced);
        totals.input_tokens = totals.input_tokens.saturating_add(line.usage.input_total());
        totals.output_tokens = totals
            .output_tokens
            .saturating_add(line.usage.output_total());
        totals.cost = totals.cost + line.cost;
        Ok(true)
    }

    pub(crate) fn finish(mut self) -> Result<()> {
        for ((hour, key, team, route, provider, model), totals) in self.hours {
            self.add_hour.execute((
                hour,
                key,
                team,
                route,
                provider,
                model,
                clamp(totals.requests),
                clamp(totals.failed),
                clamp(totals.unpriced),
                clamp(totals.input_tokens),
                clamp(totals.output_tokens),
                totals.cost.input.0,
                totals.cost.output.0,
            ))?;
        }
        Ok(())
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<LedgerRow> {
    let tokens = |column: &str| row.get::<_, i64>(column).map(i64::cast_unsigned);
    Ok(LedgerRow {
        request: RequestId::from_bytes(row.get("request_id")?),
        trace: TraceId::from_bytes(row.get("trace_id")?),
        time_ms: row.get("time_ms")?,
        key: row.get("key")?,
        team: row.get("team")?,
        route: row.get("route")?,
        provider: row.get("provider")?,
        model: row.get("model")?,
        outcome: row.get("outcome")?,
        status: row.get("status")?,
        attempts: row.get("attempts")?,
        usage: Usage {
            input: tokens("input")?,
            cache_read: tokens("cache_read")?,
            cache_write: tokens("cache_write")?,
            cache_write_1h: tokens("cache_write_1h")?,
            audio_input: tokens("audio_input")?,
            output: tokens("output")?,
            reasoning: tokens("reasoning")?,
            audio_output: tokens("audio_output")?,
            estimated: row.get("estimated")?,
        },
        cost: cost(row)?,
        unpriced: row.get("unpriced")?,
    })
}

fn read_hour(row: &Row<'_>) -> rusqlite::Result<HourlyRow> {
    let count = |column: &str| row.get::<_, i64>(column).map(i64::cast_unsigned);
    Ok(HourlyRow {
        hour_ms: row.get::<_, i64>("hour")?.saturating_mul(HOUR_MS),
        key: row.get("key")?,
        team: row.get("team")?,
        route: row.get("route")?,
        provider: row.get("provider")?,
        model: row.get("model")?,
        totals: Totals {
            requests: count("requests")?,
            failed: count("failed")?,
            unpriced: count("unpriced")?,
            input_tokens: count("input_tokens")?,
            output_tokens: count("output_tokens")?,
            cost: cost(row)?,
        },
    })
}

fn cost(row: &Row<'_>) -> rusqlite::Result<Cost> {
    Ok(Cost {
        input: NanoUsd(row.get("input_nanos")?),
        output: NanoUsd(row.get("output_nanos")?),
    })
}
