//! Endpoints of experiments.

use crate::answer::{Answer, ApiError, page_of};
use crate::clock::now_ms;
use crate::request::Parameters;
use crate::wire;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tollgate_store::Store;
use tollgate_store::experiments::Experiment;
use tollgate_store::search::{ExperimentSearch, ViewType};

const MAX_NAME: usize = 500;
const MAX_TAG_KEY: usize = 250;
const MAX_TAG_VALUE: usize = 20_000;

pub(crate) fn create(store: &Store, request: &Parameters) -> Answer {
    let name = request.required_text("name")?;
    check_name(name)?;
    let mut tags = BTreeMap::new();
    for tag in request.objects("tags")? {
        let text = |field| {
            tag.get(field)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_string()
        };
        let (key, value) = (text("key"), text("value"));
        check_tag(&key, &value)?;
        tags.insert(key, value);
    }
    let location = Some(request.text("artifact_location")?).filter(|location| !location.is_empty());
    let id = store.create_experiment(name, location, &tags, now_ms())?;
    Ok(json!({ "experiment_id": id.to_string() }))
}

pub(crate) fn get(store: &Store, request: &Parameters) -> Answer {
    let experiment = required(store, request)?;
    Ok(json!({ "experiment": wire::experiment(&experiment) }))
}

pub(crate) fn get_by_name(store: &Store, request: &Parameters) -> Answer {
    let name = request.required_text("experiment_name")?;
    let experiment = store.experiment_by_name(name)?.ok_or_else(|| {
        ApiError::missing(format!("Could not find experiment with name '{name}'"))
    })?;
    Ok(json!({ "experiment": wire::experiment(&experiment) }))
}

pub(crate) fn search(store: &Store, request: &Parameters) -> Answer {
    let order_by = request.texts("order_by")?;
    let page = store.search_experiments(&ExperimentSearch {
        view: view(request)?,
        filter: request.text("filter")?,
        order_by: &order_by,
        max_results: request.max_results(1_000, 50_000)?,
        page_token: Some(request.text("page_token")?),
    })?;
    page_of(
        "experiments",
        page.items.iter().map(wire::experiment).collect(),
        page.next,
    )
}

/// By name or number; a name that is unknown is read as unset.
fn view(request: &Parameters) -> Result<ViewType, ApiError> {
    if let Ok(Some(number)) = request.integer("view_type") {
        return Ok(match number {
            2 => ViewType::DeletedOnly,
            3 => ViewType::All,
            _ => ViewType::ActiveOnly,
        });
    }
    Ok(match request.text("view_type")? {
        "DELETED_ONLY" => ViewType::DeletedOnly,
        "ALL" => ViewType::All,
        _ => ViewType::ActiveOnly,
    })
}

pub(crate) fn delete(store: &Store, request: &Parameters) -> Answer {
    let experiment = required(store, request)?;
    if experiment.is_deleted {
        return Err(not_found(&experiment.id.to_string()));
    }
    store.set_experiment_deleted(experiment.id, true, now_ms())?;
    Ok(json!({}))
}

pub(crate) fn restore(store: &Store, request: &Parameters) -> Answer {
    let experiment = required(store, request)?;
    if !experiment.is_deleted {
        return Err(not_found(&experiment.id.to_string()));
    }
    store.set_experiment_deleted(experiment.id, false, now_ms())?;
    Ok(json!({}))
}

pub(crate) fn update(store: &Store, request: &Parameters) -> Answer {
    let experiment = required(store, request)?;
    let name = request.required_text("new_name")?;
    check_name(name)?;
    require_active(&experiment)?;
    store.rename_experiment(experiment.id, name, now_ms())?;
    Ok(json!({}))
}

pub(crate) fn set_tag(store: &Store, request: &Parameters) -> Answer {
    let experiment = required(store, request)?;
    let (key, value) = (request.required_text("key")?, request.text("value")?);
    check_tag(key, value)?;
    require_active(&experiment)?;
    store.set_experiment_tag(experiment.id, key, value)?;
    Ok(json!({}))
}

pub(crate) fn delete_tag(store: &Store, request: &Parameters) -> Answer {
    let experiment = required(store, request)?;
    let key = request.required_text("key")?;
    require_active(&experiment)?;
    match store.delete_experiment_tag(experiment.id, key)? {
        true => Ok(json!({})),
        false => Err(ApiError::missing(format!(
            "No tag with name: {key} in experiment with ID {}.",
            experiment.id
        ))),
    }
}

fn required(store: &Store, request: &Parameters) -> Result<Experiment, ApiError> {
    let text = request.required_text("experiment_id")?;
    let id = parse_id(text)?;
    store.experiment(id)?.ok_or_else(|| not_found(text))
}

pub(crate) fn parse_id(text: &str) -> Result<i64, ApiError> {
    text.parse().map_err(|_| {
        ApiError::invalid(format!(
            "Invalid experiment ID '{text}'. Experiment ID must be a valid integer."
        ))
    })
}

fn not_found(id: &str) -> ApiError {
    ApiError::missing(format!("No Experiment with id={id} exists"))
}

fn require_active(experiment: &Experiment) -> Result<(), ApiError> {
    if experiment.is_deleted {
        return Err(ApiError::invalid(format!(
            "The experiment {} must be in the 'active' state. Current state is deleted.",
            experiment.id
        )));
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), ApiError> {
    if name.chars().count() > MAX_NAME {
        return Err(ApiError::invalid(format!(
            "'name' exceeds the maximum length of {MAX_NAME} characters"
        )));
    }
    Ok(())
}

fn check_tag(key: &str, value: &str) -> Result<(), ApiError> {
    check_tag_key(key)?;
    if value.chars().count() > MAX_TAG_VALUE {
        return Err(ApiError::invalid(format!(
            "'value' exceeds the maximum length of {MAX_TAG_VALUE} characters"
        )));
    }
    Ok(())
}

/// Shared with the tags of traces: what MLflow takes as a name, of at most 250 characters.
pub(crate) fn check_tag_key(key: &str) -> Result<(), ApiError> {
    let is_name = |c: char| c.is_alphanumeric() || "_/-. :".contains(c);
    let is_path =
        key.starts_with('/') || key.split('/').any(|part| matches!(part, "" | "." | ".."));
    if key.is_empty() || !key.chars().all(is_name) || is_path {
        return Err(ApiError::invalid(format!(
            "Invalid value \"{key}\" for parameter 'key' supplied: Names may only contain alphanumerics, underscores \
             (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/), and may be no path with empty parts, \
             '.' or '..'."
        )));
    }
    if key.chars().count() > MAX_TAG_KEY {
        return Err(ApiError::invalid(format!(
            "'key' exceeds the maximum length of {MAX_TAG_KEY} characters"
        )));
    }
    Ok(())
}
