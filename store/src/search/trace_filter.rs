//! What a filter of traces means: each comparison as a condition on a row `t` of `traces`.

use crate::error::{Result, StoreError};
use crate::search::grammar::{Comparison, Operator, Value, comparisons};
use crate::search::sql::{Parameters, full_name, require_operator};
use crate::traces::{COST, SESSION, SPANS_LOCATION, TOKEN_USAGE, TRACE_NAME};
use Operator::*;
use tollgate_domain::TraceId;

const NUMBER: &[Operator] = &[Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual];
const ATTRIBUTE: &[Operator] = &[Equal, NotEqual, In, NotIn, Like, ILike, RLike];
const MEMBER: &[Operator] = &[Equal, NotEqual, Like, ILike, RLike, IsNull, IsNotNull];
const SOURCE_RUN: &str = "mlflow.sourceRun";

/// A trace's id as callers write it.
pub(crate) const REQUEST_ID: &str = "'tr-' || lower(hex(t.trace_id))";
pub(crate) const END_MS: &str = "(t.start_ms + t.duration_ms)";

/// The value of a metadata key.
pub(crate) fn metadata_column(key: &str, parameters: &mut Parameters) -> String {
    match key {
        SESSION => "t.session".into(),
        _ => format!(
            "(SELECT m.value FROM json_each(t.metadata) AS m WHERE m.key = {})",
            parameters.bind(key.to_string())
        ),
    }
}

/// The value of a tag.
pub(crate) fn tag_column(key: &str, parameters: &mut Parameters) -> String {
    match key {
        TRACE_NAME => "t.name".into(),
        SPANS_LOCATION => "'TRACKING_STORE'".into(),
        _ => format!(
            "(SELECT g.value FROM trace_tags AS g WHERE g.trace = t.id AND g.key = {})",
            parameters.bind(key.to_string())
        ),
    }
}

/// The conditions of a filter, all of which must hold.
pub(crate) fn conditions(filter: &str, parameters: &mut Parameters) -> Result<Vec<String>> {
    let mut conditions = Vec::new();
    let mut of_one_span = Vec::new();
    for comparison in comparisons(filter)? {
        let key = comparison.name.key.as_str();
        match comparison.name.entity.as_deref() {
            None | Some("trace" | "attribute" | "attributes") => match key {
                "text" => of_one_span.push(content(&comparison, parameters)?),
                _ => conditions.push(attribute(&comparison, parameters)?),
            },
            Some("tag" | "tags") => conditions.push(tag(key, &comparison, parameters)?),
            Some("metadata" | "request_metadata") => {
                conditions.push(metadata(key, &comparison, parameters)?)
            }
            Some("span") => of_one_span.push(span(&comparison, parameters)?),
            Some("feedback" | "expectation") => conditions.push(assessment(&comparison)?.into()),
            Some("issue") => {
                if key != "id" {
                    return Err(StoreError::Invalid(format!(
                        "Invalid issue attribute '{key}'. Supported attributes: id"
                    )));
                }
                require_operator(&comparison, &[Equal])?;
                conditions.push("0".into());
            }
            Some(other) => {
                return Err(StoreError::Invalid(format!(
                    "Invalid entity type '{other}'. Valid values are trace, attribute, tag, metadata, \
                     request_metadata, span, feedback, expectation, issue"
                )));
            }
        }
    }
    if !of_one_span.is_empty() {
        conditions.push(format!(
            "EXISTS (SELECT 1 FROM spans AS s LEFT JOIN payloads AS p ON p.id = s.payload WHERE s.trace = t.id AND {})",
            of_one_span.join(" AND ")
        ));
    }
    Ok(conditions)
}

fn attribute(comparison: &Comparison, parameters: &mut Parameters) -> Result<String> {
    let number = match comparison.name.key.as_str() {
        "timestamp" | "timestamp_ms" => Some("t.start_ms"),
        "execution_time" | "execution_time_ms" => Some("t.duration_ms"),
        "end_time" | "end_time_ms" => Some(END_MS),
        _ => None,
    };
    if let Some(column) = number {
        require_operator(comparison, NUMBER)?;
        return parameters.number_condition(column, comparison);
    }
    match comparison.name.key.as_str() {
        "status" => text("t.state", comparison, parameters),
        "client_request_id" => text("t.client_request_id", comparison, parameters),
        "request_id" => request_id(comparison, parameters),
        // These are tags and metadata underneath, with their operators.
        "name" => tag(TRACE_NAME, comparison, parameters),
        "run_id" => metadata(SOURCE_RUN, comparison, parameters),
        "prompt" => prompt(comparison),
        key => Err(StoreError::Invalid(format!(
            "Invalid attribute key '{key}' specified. Valid keys are 'client_request_id', 'end_time', 'end_time_ms', \
             'execution_time', 'execution_time_ms', 'name', 'prompt', 'request_id', 'run_id', 'status', 'text', \
             'timestamp', 'timestamp_ms'"
        ))),
    }
}

fn text(column: &str, comparison: &Comparison, parameters: &mut Parameters) -> Result<String> {
    require_operator(comparison, ATTRIBUTE)?;
    if let Value::Number(number) = &comparison.value {
        return Err(StoreError::Invalid(format!(
            "Only the 'timestamp_ms', 'execution_time_ms' and 'end_time_ms' attributes support comparison with numeric \
             values. Got value {number} for {}",
            full_name(comparison)
        )));
    }
    parameters.text_condition(column, comparison)
}

/// By the id's bytes, which are indexed, where the comparison is of whole ids.
fn request_id(comparison: &Comparison, parameters: &mut Parameters) -> Result<String> {
    let texts = match (&comparison.operator, &comparison.value) {
        (Equal | NotEqual, Value::Text(text)) => std::slice::from_ref(text),
        (In | NotIn, Value::List(texts)) => texts.as_slice(),
        _ => return text(REQUEST_ID, comparison, parameters),
    };
    let places: Vec<String> = texts
        .iter()
        .filter_map(|text| text.strip_prefix("tr-")?.parse::<TraceId>().ok())
        .map(|id| parameters.bind(id.as_bytes().to_vec()))
        .collect();
    let negation = match comparison.operator {
        NotEqual | NotIn => "NOT ",
        _ => "",
    };
    Ok(format!("t.trace_id {negation}IN ({})", places.join(", ")))
}

fn tag(key: &str, comparison: &Comparison, parameters: &mut Parameters) -> Result<String> {
    require_operator(comparison, MEMBER)?;
    if key == "mlflow.linkedPrompts" {
        return prompt(comparison);
    }
    let column = tag_column(key, parameters);
    parameters.text_condition(&column, comparison)
}

fn metadata(key: &str, comparison: &Comparison, parameters: &mut Parameters) -> Result<String> {
    require_operator(comparison, MEMBER)?;
    // Summed in columns, and made into JSON when read.
    let summed = match key {
        TOKEN_USAGE => Some("t.has_usage"),
        COST => Some("t.has_cost"),
        _ => None,
    };
    match (summed, comparison.operator) {
        (Some(column), IsNull) => Ok(format!("NOT {column}")),
        (Some(column), IsNotNull) => Ok(column.into()),
        (Some(_), other) => Err(StoreError::Invalid(format!(
            "Comparator '{}' is not supported for reserved metadata '{key}'. Only 'IS NULL' and 'IS NOT NULL' are \
             supported.",
            other.as_str()
        ))),
        (None, _) => {
            let column = metadata_column(key, parameters);
            parameters.text_condition(&column, comparison)
        }
    }
}

/// No trace is linked to a prompt here yet.
fn prompt(comparison: &Comparison) -> Result<String> {
    if comparison.operator != Equal {
        return Err(StoreError::Invalid(format!(
            "Invalid comparator '{}' for prompts filter. Only '=' is supported with format: prompt = \"name/version\"",
            comparison.operator.as_str()
        )));
    }
    match &comparison.value {
        Value::Text(text) if text.matches('/').count() == 1 => Ok("0".into()),
        value => Err(StoreError::Invalid(format!(
            "Invalid prompts filter value {}. Expected format: prompt = \"name/version\"",
            value.describe()
        ))),
    }
}

/// There are no assessments here yet: none has any value, and each is missing.
fn assessment(comparison: &Comparison) -> Result<&'static str> {
    let name = full_name(comparison);
    let is_ordering = matches!(
        comparison.operator,
        Less | LessOrEqual | Greater | GreaterOrEqual
    );
    match (comparison.operator, &comparison.value) {
        (IsNull, _) => Ok("1"),
        (IsNotNull, _) => Ok("0"),
        (_, Value::Number(_)) if is_ordering => Ok("0"),
        (_, value) if is_ordering => Err(StoreError::Invalid(format!(
            "Expected a numeric value for {name} when using comparator '{}'. Got value {}",
            comparison.operator.as_str(),
            value.describe()
        ))),
        (Equal | NotEqual | Like | ILike | RLike, Value::Text(_)) => Ok("0"),
        (Equal | NotEqual | Like | ILike | RLike, value) => Err(StoreError::Invalid(format!(
            "Expected a quoted string value for {name} (e.g. 'my-value'). Got value {}",
            value.describe()
        ))),
        (other, _) => Err(StoreError::Invalid(format!(
            "{name} comparator '{}' is not supported",
            other.as_str()
        ))),
    }
}

fn span(comparison: &Comparison, parameters: &mut Parameters) -> Result<String> {
    let key = comparison.name.key.as_str();
    match key {
        "name" => text("s.name", comparison, parameters),
        "type" => text("s.type", comparison, parameters),
        "status" => text("s.status", comparison, parameters),
        "content" => content(comparison, parameters),
        _ => match key.strip_prefix("attributes.") {
            Some("") => Err(StoreError::Invalid(
                "Span attribute name cannot be empty after 'attributes.'".into(),
            )),
            Some("mlflow.spanType") => text("'\"' || s.type || '\"'", comparison, parameters),
            Some(name) => {
                let column = format!(
                    "payload_attribute(p.dictionary, p.body, s.payload_at, s.payload_length, {})",
                    parameters.bind(name.to_string())
                );
                text(&column, comparison, parameters)
            }
            None => Err(StoreError::Invalid(format!(
                "Invalid span attribute '{key}'. Supported attributes: name, status, type, attributes.<attribute_name>."
            ))),
        },
    }
}

/// Anything that a span says: its name, attributes, events and message.
fn content(comparison: &Comparison, parameters: &mut Parameters) -> Result<String> {
    require_operator(comparison, &[Like, ILike])?;
    let name = parameters.text_condition("s.name", comparison)?;
    let payload = parameters.text_condition(
        "payload_text(p.dictionary, p.body, s.payload_at, s.payload_length)",
        comparison,
    )?;
    Ok(format!("({name} OR {payload})"))
}
