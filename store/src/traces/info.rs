//! A trace without its spans: the roll-up that lists and searches answer.

use crate::Store;
use crate::error::{Result, StoreError};
use crate::traces::json::Json;
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::Number;
use std::collections::BTreeMap;
use tollgate_domain::{Cost, NanoUsd, TraceId, Usage};

pub(crate) const SESSION: &str = "mlflow.trace.session";
pub(crate) const TRACE_NAME: &str = "mlflow.traceName";
pub(crate) const SPANS_LOCATION: &str = "mlflow.trace.spansLocation";
pub(crate) const TOKEN_USAGE: &str = "mlflow.trace.tokenUsage";
pub(crate) const COST: &str = "mlflow.trace.cost";

/// How a trace ended, which is how its last request did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum TraceState {
    Ok,
    Error,
}

impl TraceState {
    /// In MLflow's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Error => "ERROR",
        }
    }
}

/// A trace without its spans: MLflow's `TraceInfo`.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct TraceInfo {
    pub trace: TraceId,
    pub experiment: i64,
    pub start_ms: i64,
    pub duration_ms: i64,
    pub state: TraceState,
    pub name: String,
    pub team: String,
    /// The virtual key's name.
    pub key: String,
    pub client_request_id: Option<String>,
    pub request_preview: String,
    pub response_preview: String,
    /// With what MLflow's client expects (see the module's page).
    pub metadata: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
    pub tokens: Option<Tokens>,
    pub cost: Option<Cost>,
}

/// Summed tokens as MLflow counts them: input includes what was read from and written to a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Tokens {
    pub input: i64,
    pub output: i64,
    pub cache_read: i64,
    pub cache_write: i64,
    pub cache_write_1h: i64,
}

impl Tokens {
    /// MLflow's form, with the cache's keys where they are not 0.
    pub fn to_json(self) -> Json {
        let written = self.cache_write.saturating_add(self.cache_write_1h);
        let always = [
            ("input_tokens", self.input),
            ("output_tokens", self.output),
            ("total_tokens", self.input.saturating_add(self.output)),
        ];
        let cache = [
            ("cache_read_input_tokens", self.cache_read),
            ("cache_creation_input_tokens", written),
            ("cache_creation_input_tokens_above_1hr", self.cache_write_1h),
        ];
        let members = always
            .into_iter()
            .chain(cache.into_iter().filter(|(_, tokens)| *tokens != 0))
            .map(|(name, tokens)| (name.to_string(), Json::Number(tokens.into())));
        Json::Object(members.collect())
    }
}

impl From<&Usage> for Tokens {
    fn from(usage: &Usage) -> Self {
        let [input, output, cache_read, cache_write, cache_write_1h] = [
            usage.input_total(),
            usage.output_total(),
            usage.cache_read,
            usage.cache_write,
            usage.cache_write_1h,
        ]
        .map(crate::traces::clamp);
        Self {
            input,
            output,
            cache_read,
            cache_write,
            cache_write_1h,
        }
    }
}

/// MLflow's form of a cost, in dollars.
pub fn cost_json(cost: Cost) -> Json {
    let members = [
        ("input_cost", cost.input),
        ("output_cost", cost.output),
        ("total_cost", cost.total()),
    ];
    let number =
        |amount: NanoUsd| Number::from_f64(amount.as_usd_f64()).map_or(Json::Null, Json::Number);
    Json::Object(
        members
            .map(|(name, amount)| (name.to_string(), number(amount)))
            .into(),
    )
}

impl Store {
    /// A trace's roll-up.
    pub fn trace_info(&self, trace: TraceId) -> Result<Option<TraceInfo>> {
        let reader = self.read()?;
        let tx = reader.unchecked_transaction()?;
        Ok(info(&tx, trace)?.map(|(_, info)| info))
    }

    /// As [`Store::traces`], without spans.
    pub fn trace_infos(&self, ids: &[TraceId]) -> Result<Vec<TraceInfo>> {
        let reader = self.read()?;
        let tx = reader.unchecked_transaction()?;
        ids.iter()
            .filter_map(|id| {
                info(&tx, *id)
                    .map(|found| found.map(|(_, info)| info))
                    .transpose()
            })
            .collect()
    }

    /// Traces in the order in which they came, at most `limit` after the place `after` (0 at first), each with its own
    /// place: what a command that follows them needs.
    pub fn traces_after(&self, after: i64, limit: u32) -> Result<Vec<(i64, TraceInfo)>> {
        let reader = self.read()?;
        let tx = reader.unchecked_transaction()?;
        let mut statement =
            tx.prepare_cached("SELECT * FROM traces WHERE id > ?1 ORDER BY id LIMIT ?2")?;
        let found = statement.query_and_then((after, limit), |row| {
            let place = row.get("id")?;
            let mut info = read_info(row)?;
            add_tags(&tx, place, &mut info)?;
            Ok((place, info))
        })?;
        found.collect()
    }

    /// The place of the trace that came last, 0 where there is none.
    pub fn last_trace_place(&self) -> Result<i64> {
        let reader = self.read()?;
        Ok(
            reader.query_row("SELECT coalesce(max(id), 0) FROM traces", [], |row| {
                row.get(0)
            })?,
        )
    }
}

pub(crate) fn info(tx: &Connection, trace: TraceId) -> Result<Option<(i64, TraceInfo)>> {
    let found = tx
        .prepare_cached("SELECT * FROM traces WHERE trace_id = ?1")?
        .query_row([trace.as_bytes()], |row| {
            Ok((row.get("id")?, read_info(row)))
        })
        .optional()?;
    match found {
        None => Ok(None),
        Some((row, info)) => {
            let mut info = info?;
            add_tags(tx, row, &mut info)?;
            Ok(Some((row, info)))
        }
    }
}

/// A row of `traces`, tags still missing.
pub(crate) fn read_info(row: &Row<'_>) -> Result<TraceInfo> {
    let metadata: String = row.get("metadata")?;
    let mut metadata: BTreeMap<String, String> =
        serde_json::from_str(&metadata).map_err(|error| StoreError::damaged("trace", error))?;
    let tokens = match row.get("has_usage")? {
        false => None,
        true => Some(Tokens {
            input: row.get("input_tokens")?,
            output: row.get("output_tokens")?,
            cache_read: row.get("cache_read_tokens")?,
            cache_write: row.get("cache_write_tokens")?,
            cache_write_1h: row.get("cache_write_1h_tokens")?,
        }),
    };
    let cost = match row.get("has_cost")? {
        false => None,
        true => Some(Cost {
            input: NanoUsd(row.get("input_nanos")?),
            output: NanoUsd(row.get("output_nanos")?),
        }),
    };
    if let Some(tokens) = tokens {
        metadata.insert(TOKEN_USAGE.into(), tokens.to_json().to_string());
    }
    if let Some(cost) = cost {
        metadata.insert(COST.into(), cost_json(cost).to_string());
    }
    let name: String = row.get("name")?;
    Ok(TraceInfo {
        trace: TraceId::from_bytes(row.get("trace_id")?),
        experiment: row.get("experiment")?,
        start_ms: row.get("start_ms")?,
        duration_ms: row.get("duration_ms")?,
        state: match row.get::<_, String>("state")?.as_str() {
            "ERROR" => TraceState::Error,
            _ => TraceState::Ok,
        },
        tags: [
            (SPANS_LOCATION.to_string(), "TRACKING_STORE".to_string()),
            (TRACE_NAME.to_string(), name.clone()),
        ]
        .into(),
        name,
        team: row.get("team")?,
        key: row.get("key")?,
        client_request_id: row.get("client_request_id")?,
        request_preview: row
            .get::<_, Option<String>>("request_preview")?
            .unwrap_or_default(),
        response_preview: row
            .get::<_, Option<String>>("response_preview")?
            .unwrap_or_default(),
        metadata,
        tokens,
        cost,
    })
}

pub(crate) fn add_tags(tx: &Connection, row: i64, info: &mut TraceInfo) -> Result<()> {
    let mut statement = tx.prepare_cached("SELECT key, value FROM trace_tags WHERE trace = ?1")?;
    let mut rows = statement.query([row])?;
    while let Some(row) = rows.next()? {
        info.tags.insert(row.get(0)?, row.get(1)?);
    }
    Ok(())
}
