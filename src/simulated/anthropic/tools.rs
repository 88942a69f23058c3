//! `tools` and `tool_choice`.

use super::{blocks, schema};
use crate::simulated::failure::Failure;
use crate::simulated::fields::{Node, Problem};
use crate::simulated::plan::{Choice, Tool};

#[derive(Debug, Default)]
pub(super) struct Tools {
    pub(super) list: Vec<Tool>,
    pub(super) choice: Choice,
    pub(super) one_call_only: bool,
    pub(super) is_forced: bool,
}

pub(super) fn read(body: &Node<'_>) -> Result<Tools, Failure> {
    let items = body
        .get("tools")
        .map(|list| list.items())
        .transpose()
        .map_err(Failure::anthropic)?
        .unwrap_or_default();
    let mut list: Vec<Tool> = Vec::new();
    for item in &items {
        let Some(tool) = tool(item).map_err(Failure::anthropic)? else {
            continue;
        };
        if list.iter().any(|other| other.name == tool.name) {
            return Err(Failure::bad("tools: Tool names must be unique."));
        }
        list.push(tool);
    }
    let Some(choice) = body.get("tool_choice") else {
        return Ok(Tools {
            list,
            ..Tools::default()
        });
    };
    if items.is_empty() {
        return Err(Failure::bad(
            "tool_choice may only be specified while providing tools.",
        ));
    }
    choose(&choice, list).map_err(Failure::anthropic)
}

/// `None` for a server tool, of which the simulation knows nothing.
fn tool(node: &Node<'_>) -> Result<Option<Tool>, Problem> {
    let kind = node
        .get("type")
        .map(|kind| kind.text())
        .transpose()?
        .unwrap_or("custom");
    if kind != "custom" {
        node.need("name")?;
        return Ok(None);
    }
    node.only(&[
        "type",
        "name",
        "input_schema",
        "description",
        "strict",
        "defer_loading",
        "eager_input_streaming",
        "input_examples",
        "allowed_callers",
        "cache_control",
    ])?;
    blocks::cache_control(node)?;
    let name = node.need("name")?;
    let text = name.text_within(128)?;
    let is_good = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if text.is_empty() || !text.chars().all(is_good) {
        return Err(name.other("String should match pattern '^[a-zA-Z0-9_-]{1,128}$'"));
    }
    if let Some(description) = node.get("description") {
        description.text()?;
    }
    let input = node.need("input_schema")?;
    input.need("type")?.one_of(&["object"])?;
    if node
        .get("strict")
        .map_or(Ok(false), |strict| strict.flag())?
    {
        schema::check(&input)?;
    }
    Ok(Some(Tool {
        name: text.to_owned(),
        schema: input.value.clone(),
        is_custom: false,
    }))
}

fn choose(node: &Node<'_>, list: Vec<Tool>) -> Result<Tools, Problem> {
    let kind = node
        .need("type")?
        .one_of(&["auto", "any", "tool", "none"])?;
    match kind {
        "tool" => node.only(&["type", "name", "disable_parallel_tool_use"])?,
        "none" => node.only(&["type"])?,
        _ => node.only(&["type", "disable_parallel_tool_use"])?,
    }
    let one_call_only = node
        .get("disable_parallel_tool_use")
        .map_or(Ok(false), |flag| flag.flag())?;
    let choice = match kind {
        "none" => Choice::None,
        "any" => Choice::Required,
        "tool" => {
            let name = node.need("name")?.text()?;
            if !list.iter().any(|tool| tool.name == name) {
                return Err(node.other(format!("Tool '{name}' not found in provided tools")));
            }
            Choice::Named(name.to_owned())
        }
        _ => Choice::Auto,
    };
    let is_forced = matches!(choice, Choice::Required | Choice::Named(_));
    Ok(Tools {
        list,
        choice,
        one_call_only,
        is_forced,
    })
}
