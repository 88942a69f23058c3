//! In which order traces are answered: as asked, then the newest first, then by id.

use crate::error::{Result, StoreError};
use crate::search::grammar::order;
use crate::search::sql::Parameters;
use crate::search::trace_filter::{END_MS, metadata_column, tag_column};
use crate::traces::{COST, TOKEN_USAGE};

/// An `ORDER BY`, and whether it is the one that `traces_by_time` gives.
pub(crate) struct TraceOrder {
    pub(crate) sql: String,
    pub(crate) is_newest_first: bool,
}

pub(crate) fn trace_order(clauses: &[String], parameters: &mut Parameters) -> Result<TraceOrder> {
    let mut seen: Vec<(&'static str, String)> = Vec::new();
    let mut terms: Vec<String> = Vec::new();
    for clause in clauses {
        let (name, ascends) = order(clause)?;
        let (entity, key, column) = match name.entity.as_deref() {
            None | Some("trace" | "attribute" | "attributes") => attribute(&name.key, parameters)?,
            Some("tag" | "tags") => {
                let column = tag_column(&name.key, parameters);
                ("tag", name.key, column)
            }
            Some("metadata" | "request_metadata") => {
                if name.key == TOKEN_USAGE || name.key == COST {
                    return Err(StoreError::Invalid(format!(
                        "Ordering by reserved metadata '{}' is not supported because it is represented by multiple \
                         columns.",
                        name.key
                    )));
                }
                let column = metadata_column(&name.key, parameters);
                ("metadata", name.key, column)
            }
            Some(other) => {
                return Err(StoreError::Invalid(format!(
                    "Invalid identifier type '{other}' in order_by clause '{clause}'"
                )));
            }
        };
        if seen.contains(&(entity, key.clone())) {
            return Err(StoreError::Invalid(format!(
                "`order_by` contains duplicate fields: {}",
                clauses.join(", ")
            )));
        }
        seen.push((entity, key));
        let direction = if ascends { "ASC" } else { "DESC" };
        terms.push(format!("{column} {direction} NULLS LAST"));
    }
    let is_newest_first = match terms.as_slice() {
        [] => true,
        [one] => one.starts_with("t.start_ms DESC"),
        _ => false,
    };
    if is_newest_first {
        terms.clear();
    }
    let has = |key: &str| {
        seen.iter()
            .any(|(entity, seen)| *entity == "attribute" && seen == key)
    };
    if is_newest_first || !has("timestamp_ms") {
        terms.push("t.start_ms DESC".into());
    }
    if !has("request_id") {
        terms.push("t.trace_id ASC".into());
    }
    Ok(TraceOrder {
        sql: terms.join(", "),
        is_newest_first,
    })
}

fn attribute(key: &str, parameters: &mut Parameters) -> Result<(&'static str, String, String)> {
    let (key, column) = match key {
        "timestamp" | "timestamp_ms" => ("timestamp_ms", "t.start_ms".to_string()),
        "execution_time" | "execution_time_ms" => ("execution_time_ms", "t.duration_ms".into()),
        "end_time" | "end_time_ms" => ("end_time_ms", END_MS.into()),
        "status" => ("status", "t.state".into()),
        "request_id" => ("request_id", "t.trace_id".into()),
        "experiment_id" => ("experiment_id", "t.experiment".into()),
        "name" => ("name", "t.name".into()),
        "run_id" => ("run_id", metadata_column("mlflow.sourceRun", parameters)),
        _ => {
            return Err(StoreError::Invalid(format!(
                "Invalid attribute key '{key}' specified. Valid keys are 'end_time', 'end_time_ms', 'execution_time', \
                 'execution_time_ms', 'experiment_id', 'name', 'request_id', 'run_id', 'status', 'timestamp', \
                 'timestamp_ms'"
            )));
        }
    };
    Ok(("attribute", key.to_string(), column))
}
