//! The scalar fields and the response format.

use serde_json::Value;

use crate::simulated::fields::{Node, Problem, What};
use crate::simulated::plan::Shape;

#[derive(Debug)]
pub(super) struct Settings {
    pub(super) choices: u64,
    pub(super) is_stream: bool,
    pub(super) include_usage: bool,
    pub(super) obfuscate: bool,
    pub(super) logprobs: Option<u64>,
    pub(super) stops: Vec<String>,
    pub(super) limit: Option<u64>,
    pub(super) shape: Shape,
}

pub(super) fn read(body: &Node<'_>) -> Result<Settings, Problem> {
    let flag = |name: &str| body.get(name).map_or(Ok(false), |node| node.flag());
    for (name, least, most) in [
        ("temperature", 0.0, 2.0),
        ("top_p", 0.0, 1.0),
        ("presence_penalty", -2.0, 2.0),
        ("frequency_penalty", -2.0, 2.0),
    ] {
        if let Some(node) = body.get(name) {
            node.number(least, most)?;
        }
    }
    for (name, allowed) in [
        ("verbosity", &["low", "medium", "high"][..]),
        (
            "service_tier",
            &["auto", "default", "flex", "scale", "priority", "fast"],
        ),
    ] {
        if let Some(node) = body.get(name) {
            node.one_of(allowed)?;
        }
    }
    for (name, most) in [
        ("safety_identifier", 128),
        ("user", 4096),
        ("prompt_cache_key", 1024),
    ] {
        if let Some(node) = body.get(name) {
            node.text_within(most)?;
        }
    }
    if let Some(node) = body.get("seed") {
        node.integer(i64::MIN, i64::MAX)?;
    }
    if let Some(node) = body.get("logit_bias") {
        node.object()?;
    }
    flag("store")?;
    flag("parallel_tool_calls")?;
    metadata(body)?;
    let options = body.get("stream_options");
    if let Some(options) = &options {
        options.only(&["include_usage", "include_obfuscation"])?;
    }
    let option = |name: &str, default| {
        options
            .as_ref()
            .and_then(|options| options.get(name))
            .map_or(Ok(default), |node| node.flag())
    };
    let limit = body
        .get("max_completion_tokens")
        .or_else(|| body.get("max_tokens"));
    let top = body
        .get("top_logprobs")
        .map_or(Ok(0), |node| node.integer(0, 20))?;
    Ok(Settings {
        choices: body
            .get("n")
            .map_or(Ok(1), |node| node.integer(1, 128))?
            .unsigned_abs(),
        is_stream: flag("stream")?,
        include_usage: option("include_usage", false)?,
        obfuscate: option("include_obfuscation", true)?,
        logprobs: flag("logprobs")?.then_some(top.unsigned_abs()),
        stops: stops(body)?,
        limit: limit.map(|node| node.count(1)).transpose()?,
        shape: shape(body)?,
    })
}

pub(crate) fn metadata(body: &Node<'_>) -> Result<(), Problem> {
    let Some(metadata) = body.get("metadata") else {
        return Ok(());
    };
    let fields = metadata.object()?;
    if fields.len() > 16 {
        return Err(metadata.problem(What::TooMany {
            most: 16,
            got: fields.len(),
        }));
    }
    for name in fields.keys() {
        metadata.need(name)?.text_within(512)?;
    }
    Ok(())
}

fn stops(body: &Node<'_>) -> Result<Vec<String>, Problem> {
    let Some(stop) = body.get("stop") else {
        return Ok(Vec::new());
    };
    if let Value::String(text) = stop.value {
        return Ok(vec![text.clone()]);
    }
    let items = stop.items()?;
    if items.len() > 4 {
        return Err(stop.problem(What::TooMany {
            most: 4,
            got: items.len(),
        }));
    }
    items
        .iter()
        .map(|item| item.text().map(str::to_owned))
        .collect()
}

fn shape(body: &Node<'_>) -> Result<Shape, Problem> {
    let Some(format) = body.get("response_format") else {
        return Ok(Shape::Text);
    };
    match format
        .need("type")?
        .one_of(&["text", "json_object", "json_schema"])?
    {
        "json_object" => format.only(&["type"]).map(|()| Shape::Object),
        "json_schema" => {
            format.only(&["type", "json_schema"])?;
            let named = format.need("json_schema")?;
            named.only(&["name", "schema", "strict", "description"])?;
            let name = named.need("name")?;
            super::tools::check_name(&name)?;
            let schema = named.need("schema")?;
            schema.object()?;
            if named.get("strict").map_or(Ok(false), |node| node.flag())? {
                let title = format!("response_format '{}'", name.text()?);
                strict_schema(&schema, &title)?;
            }
            Ok(Shape::Schema(schema.value.clone()))
        }
        _ => format.only(&["type"]).map(|()| Shape::Text),
    }
}

/// What `strict` asks of a schema: no additional properties, and all of them required, at every depth.
pub(crate) fn strict_schema(schema: &Node<'_>, title: &str) -> Result<(), Problem> {
    let wrong = |place: &[String], message: &str| {
        let context: Vec<_> = place.iter().map(|step| format!("'{step}'")).collect();
        schema.other(format!(
            "Invalid schema for {title}: In context=({}), {message}",
            context.join(", ")
        ))
    };
    let mut open = vec![(schema.value, Vec::new())];
    while let Some((value, place)) = open.pop() {
        if let Some(properties) = value.get("properties").and_then(Value::as_object) {
            if value.get("additionalProperties") != Some(&Value::Bool(false)) {
                return Err(wrong(
                    &place,
                    "'additionalProperties' is required to be supplied and to be false.",
                ));
            }
            let required = value.get("required").and_then(Value::as_array);
            let is_required =
                |name: &String| required.is_some_and(|names| names.iter().any(|item| item == name));
            if let Some(missing) = properties.keys().find(|name| !is_required(name)) {
                let message = format!(
                    "'required' is required to be supplied and to be an array including every key in properties. \
                     Missing '{missing}'."
                );
                return Err(wrong(&place, &message));
            }
        }
        let below = |name: &str| [place.clone(), vec![name.to_owned()]].concat();
        match value {
            Value::Object(fields) => {
                open.extend(fields.iter().map(|(name, value)| (value, below(name))));
            }
            Value::Array(items) => open.extend(
                items
                    .iter()
                    .enumerate()
                    .map(|(i, value)| (value, below(&i.to_string()))),
            ),
            _ => {}
        }
    }
    Ok(())
}
