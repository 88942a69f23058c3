//! `tools` and `tool_choice`.

use serde_json::{Value, json};

use super::options::strict_schema;
use crate::simulated::failure::Failure;
use crate::simulated::fields::{Node, Problem, What};
use crate::simulated::plan::{Choice, Tool};

pub(super) fn read(body: &Node<'_>) -> Result<(Vec<Tool>, Choice), Failure> {
    let Some(list) = body.get("tools") else {
        return Ok((Vec::new(), Choice::None));
    };
    let items = list.items().map_err(Failure::openai)?;
    if items.is_empty() {
        return Err(Failure::openai(list.problem(What::TooFew)));
    }
    if items.len() > 128 {
        return Err(Failure::openai(list.problem(What::TooMany {
            most: 128,
            got: items.len(),
        })));
    }
    let tools = items
        .iter()
        .map(tool)
        .collect::<Result<Vec<_>, _>>()
        .map_err(Failure::openai)?;
    let choice = match body.get("tool_choice") {
        Some(node) => choice(&node, &tools)?,
        None => Choice::Auto,
    };
    Ok((tools, choice))
}

fn tool(node: &Node<'_>) -> Result<Tool, Problem> {
    if node.need("type")?.one_of(&["function", "custom"])? == "custom" {
        node.only(&["type", "custom"])?;
        let custom = node.need("custom")?;
        custom.only(&["name", "description", "format"])?;
        let name = check_name(&custom.need("name")?)?;
        return Ok(Tool {
            name: name.to_owned(),
            schema: json!({}),
            is_custom: true,
        });
    }
    node.only(&["type", "function"])?;
    let function = node.need("function")?;
    function.only(&["name", "description", "parameters", "strict"])?;
    let name = check_name(&function.need("name")?)?;
    if let Some(description) = function.get("description") {
        description.text()?;
    }
    let parameters = function.get("parameters");
    if let Some(parameters) = &parameters {
        let kind = parameters.object()?.get("type").and_then(Value::as_str);
        if kind.is_some_and(|kind| kind != "object") {
            return Err(parameters.other(format!(
                "Invalid schema for function '{name}': schema must be a JSON Schema of 'type: \"object\"', got 'type: {}'.",
                json!(kind)
            )));
        }
        if function
            .get("strict")
            .map_or(Ok(false), |node| node.flag())?
        {
            strict_schema(parameters, &format!("function '{name}'"))?;
        }
    }
    let schema = parameters.map_or_else(|| json!({}), |node| node.value.clone());
    Ok(Tool {
        name: name.to_owned(),
        schema,
        is_custom: false,
    })
}

pub(crate) fn check_name<'a>(node: &Node<'a>) -> Result<&'a str, Problem> {
    let name = node.text_within(64)?;
    let is_good = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || !name.chars().all(is_good) {
        let place = node.place.bracketed();
        return Err(node.other(format!(
            "Invalid '{place}': string does not match pattern. Expected a string that matches the pattern \
             '^[a-zA-Z0-9_-]+$'."
        )));
    }
    Ok(name)
}

fn choice(node: &Node<'_>, tools: &[Tool]) -> Result<Choice, Failure> {
    if node.value.is_string() {
        return Ok(
            match node
                .one_of(&["none", "auto", "required"])
                .map_err(Failure::openai)?
            {
                "none" => Choice::None,
                "required" => Choice::Required,
                _ => Choice::Auto,
            },
        );
    }
    named(node, tools).map_err(Failure::openai)
}

fn named(node: &Node<'_>, tools: &[Tool]) -> Result<Choice, Problem> {
    let kind = node
        .need("type")?
        .one_of(&["function", "custom", "allowed_tools"])?;
    node.only(&["type", kind])?;
    let inner = node.need(kind)?;
    if kind == "allowed_tools" {
        inner.only(&["mode", "tools"])?;
        inner.need("tools")?.items()?;
        return Ok(match inner.need("mode")?.one_of(&["auto", "required"])? {
            "required" => Choice::Required,
            _ => Choice::Auto,
        });
    }
    inner.only(&["name"])?;
    let name = inner.need("name")?.text()?;
    if !tools.iter().any(|tool| tool.name == name) {
        return Err(node.other(format!(
            "Tool choice '{name}' not found in 'tools' parameter."
        )));
    }
    Ok(Choice::Named(name.to_owned()))
}
