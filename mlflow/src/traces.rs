//! Endpoints of traces, in their 3.x form.

use crate::answer::{Answer, ApiError, page_of};
use crate::experiments::{check_tag_key, parse_id};
use crate::request::Parameters;
use crate::wire;
use serde_json::json;
use tollgate_domain::TraceId;
use tollgate_store::Store;
use tollgate_store::search::TraceSearch;
use tollgate_store::traces::TraceInfo;

const MAX_TAG_VALUE: usize = 8_000;

pub(crate) fn search(store: &Store, request: &Parameters) -> Answer {
    if !request.has("locations") {
        return Err(ApiError::invalid(
            "Missing value for required parameter 'locations'. See the API docs for more information about request \
             parameters.",
        ));
    }
    let experiments = request
        .objects("locations")?
        .into_iter()
        .filter_map(|location| {
            location
                .get("mlflow_experiment")
                .or_else(|| location.get("mlflowExperiment"))
        })
        .filter_map(|experiment| {
            experiment
                .get("experiment_id")
                .or_else(|| experiment.get("experimentId"))
        })
        .map(|id| parse_id(id.as_str().unwrap_or_default()))
        .collect::<Result<Vec<i64>, ApiError>>()?;
    let order_by = request.texts("order_by")?;
    let page = store.search_traces(&TraceSearch {
        experiments: &experiments,
        filter: request.text("filter")?,
        order_by: &order_by,
        max_results: request.max_results(100, 500)?,
        page_token: Some(request.text("page_token")?),
    })?;
    page_of(
        "traces",
        page.items.iter().map(wire::trace_info).collect(),
        page.next,
    )
}

pub(crate) fn get_info(store: &Store, request: &Parameters) -> Answer {
    let text = request.required_text("trace_id")?;
    let info = match wire::parse_trace_id(text) {
        Some(trace) => store.trace_info(trace)?,
        None => None,
    };
    let info =
        info.ok_or_else(|| ApiError::missing(format!("Trace with ID '{text}' not found.")))?;
    Ok(json!({ "trace": { "trace_info": wire::trace_info(&info) } }))
}

pub(crate) fn get(store: &Store, request: &Parameters) -> Answer {
    let text = request.required_text("trace_id")?;
    let trace = match wire::parse_trace_id(text) {
        Some(trace) => store.trace(trace)?,
        None => None,
    };
    let trace =
        trace.ok_or_else(|| ApiError::missing(format!("Trace with ID {text} is not found.")))?;
    Ok(json!({ "trace": wire::trace(&trace) }))
}

pub(crate) fn batch_get(store: &Store, request: &Parameters) -> Answer {
    let (ids, is_wanted) = batch(request)?;
    let traces = store.traces(&ids)?;
    let wanted = traces.iter().filter(|trace| is_wanted(&trace.info));
    page_of("traces", wanted.map(wire::trace).collect(), None)
}

pub(crate) fn batch_get_infos(store: &Store, request: &Parameters) -> Answer {
    let (ids, is_wanted) = batch(request)?;
    let infos = store.trace_infos(&ids)?;
    let wanted = infos.iter().filter(|info| is_wanted(info));
    page_of("trace_infos", wanted.map(wire::trace_info).collect(), None)
}

/// The traces asked for, each once, and whether one is of the experiments that are looked at (all, where none is
/// named).
fn batch(
    request: &Parameters,
) -> Result<(Vec<TraceId>, impl Fn(&TraceInfo) -> bool + use<>), ApiError> {
    let texts = request.texts("trace_ids")?;
    if texts.is_empty() {
        return Err(ApiError::invalid(
            "Missing value for required parameter 'trace_ids'. See the API docs for more information about request \
             parameters.",
        ));
    }
    let mut ids: Vec<TraceId> = Vec::new();
    for id in texts.iter().filter_map(|text| wire::parse_trace_id(text)) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let experiments = match request.has("experiment_ids") {
        true => Some(request.texts("experiment_ids")?),
        false => None,
    };
    let is_wanted = move |info: &TraceInfo| {
        experiments
            .as_ref()
            .is_none_or(|experiments| experiments.contains(&info.experiment.to_string()))
    };
    Ok((ids, is_wanted))
}

pub(crate) fn set_tag(store: &Store, request: &Parameters) -> Answer {
    let trace = required(request)?;
    let key = request.required_text("key")?;
    check_tag_key(key)?;
    // A long value is cut, not refused: so does MLflow's server.
    let value: String = request.text("value")?.chars().take(MAX_TAG_VALUE).collect();
    store.set_trace_tag(trace, key, &value)?;
    Ok(json!({}))
}

pub(crate) fn delete_tag(store: &Store, request: &Parameters) -> Answer {
    let trace = required(request)?;
    store.delete_trace_tag(trace, request.required_text("key")?)?;
    Ok(json!({}))
}

/// The trace of a path, named `request_id` before 3.0.
fn required(request: &Parameters) -> Result<TraceId, ApiError> {
    let text = request.required_text("trace_id")?;
    wire::parse_trace_id(text)
        .ok_or_else(|| ApiError::missing(format!("Trace with ID '{text}' not found.")))
}
