//! The search of traces.

use crate::Store;
use crate::deadline;
use crate::error::{Result, StoreError};
use crate::search::page::{Page, Start};
use crate::search::sql::Parameters;
use crate::search::trace_filter::conditions;
use crate::search::trace_order::{TraceOrder, trace_order};
use crate::traces::{TraceInfo, add_tags, read_info};
use rusqlite::Connection;
use std::time::Duration;

/// A search that takes longer is given up with [`StoreError::TooSlow`].
const TIME_LIMIT: Duration = Duration::from_secs(30);
/// Searches over more experiments than this sort what they find instead of merging what is sorted.
const MERGED_EXPERIMENTS: usize = 50;

/// What to look for. A default one answers the newest traces of no experiment.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub struct TraceSearch<'a> {
    pub experiments: &'a [i64],
    /// In MLflow's filter language; empty for all.
    pub filter: &'a str,
    /// Such as `timestamp_ms DESC`; the newest first where it is empty.
    pub order_by: &'a [String],
    /// 1 to 500.
    pub max_results: u32,
    pub page_token: Option<&'a str>,
}

impl Store {
    /// A page of traces. A token comes with every full page, also where nothing follows.
    pub fn search_traces(&self, search: &TraceSearch<'_>) -> Result<Page<TraceInfo>> {
        let statement = Statement::compile(search)?;
        let reader = self.read()?;
        let tx = reader.unchecked_transaction()?;
        self.inner.dictionaries.refresh(&tx)?;
        let items = deadline::within(&tx, TIME_LIMIT, |tx| statement.run(tx))?;
        let is_full = items.len() == search.max_results as usize;
        let next = items
            .last()
            .filter(|_| is_full)
            .map(|last| statement.next(last, items.len() as u64).to_token());
        Ok(Page { items, next })
    }
}

struct Statement {
    sql: String,
    parameters: Parameters,
    start: Start,
    is_newest_first: bool,
}

impl Statement {
    fn compile(search: &TraceSearch<'_>) -> Result<Self> {
        if !(1..=500).contains(&search.max_results) {
            return Err(StoreError::Invalid(format!(
                "Invalid value {} for parameter 'max_results' supplied. It must be a positive integer of at most 500",
                search.max_results
            )));
        }
        let mut parameters = Parameters::default();
        let mut conditions = conditions(search.filter, &mut parameters)?;
        let TraceOrder {
            sql: order,
            is_newest_first,
        } = trace_order(search.order_by, &mut parameters)?;
        let start = Start::from_token(search.page_token)?;
        let limit = parameters.bind(i64::from(search.max_results));
        let offset = match start {
            Start::Offset(rows) => parameters.bind(i64::try_from(rows).unwrap_or(i64::MAX)),
            Start::After { start_ms, trace } => {
                if !is_newest_first {
                    return Err(StoreError::Invalid(
                        "Invalid page token: it comes from a search with another order_by".into(),
                    ));
                }
                let time = parameters.bind(start_ms);
                let id = parameters.bind(trace.as_bytes().to_vec());
                conditions.push(format!(
                    "t.start_ms <= {time} AND (t.start_ms < {time} OR t.trace_id > {id})"
                ));
                parameters.bind(0)
            }
        };
        let all: String = conditions
            .iter()
            .map(|condition| format!(" AND ({condition})"))
            .collect();
        let from = |experiments: &str| {
            format!("SELECT t.* FROM traces AS t WHERE t.experiment {experiments}{all}")
        };
        let is_merged = is_newest_first && search.experiments.len() <= MERGED_EXPERIMENTS;
        let sql = match search.experiments {
            [] => from("IN ()"),
            // Each part comes sorted from the index, and only as much of it is read as the page needs.
            experiments if is_merged => {
                let parts: Vec<String> = experiments
                    .iter()
                    .map(|id| from(&format!("= {id}")))
                    .collect();
                format!("SELECT t.* FROM ({}) AS t", parts.join(" UNION ALL "))
            }
            experiments => {
                let ids: Vec<String> = experiments.iter().map(i64::to_string).collect();
                from(&format!("IN ({})", ids.join(", ")))
            }
        };
        Ok(Self {
            sql: format!("{sql} ORDER BY {order} LIMIT {limit} OFFSET {offset}"),
            parameters,
            start,
            is_newest_first,
        })
    }

    fn run(&self, tx: &Connection) -> Result<Vec<TraceInfo>> {
        let mut statement = tx.prepare(&self.sql)?;
        let mut rows = statement.query(rusqlite::params_from_iter(self.parameters.values()))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let mut info = read_info(row)?;
            add_tags(tx, row.get("id")?, &mut info)?;
            found.push(info);
        }
        Ok(found)
    }

    fn next(&self, last: &TraceInfo, count: u64) -> Start {
        match self.start {
            _ if self.is_newest_first => Start::After {
                start_ms: last.start_ms,
                trace: last.trace,
            },
            Start::Offset(rows) => Start::Offset(rows.saturating_add(count)),
            after @ Start::After { .. } => after,
        }
    }
}

/// How SQLite carries a search out.
#[cfg(test)]
pub(crate) fn plan(connection: &Connection, search: &TraceSearch<'_>) -> Result<String> {
    let compiled = Statement::compile(search)?;
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", compiled.sql))?;
    let steps = statement
        .query_map(
            rusqlite::params_from_iter(compiled.parameters.values()),
            |row| row.get("detail"),
        )?
        .collect::<Result<Vec<String>, _>>()?;
    Ok(steps.join("\n"))
}
