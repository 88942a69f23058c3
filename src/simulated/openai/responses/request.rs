//! The fields of a Responses request.

use serde_json::{Value, json};

use super::input;
use crate::simulated::answer::Asked;
use crate::simulated::failure::Failure;
use crate::simulated::fields::{Node, Problem};
use crate::simulated::openai::chat::{check_name, metadata, strict_schema};
use crate::simulated::openai::errors::{unsupported, unsupported_value};
use crate::simulated::openai::models::{self, Facts, Task, When};
use crate::simulated::openai::usage;
use crate::simulated::plan::{Choice, Prompt, Shape, Tool};

const FIELDS: &[&str] = &[
    "model",
    "input",
    "instructions",
    "previous_response_id",
    "conversation",
    "max_output_tokens",
    "max_tool_calls",
    "temperature",
    "top_p",
    "top_logprobs",
    "truncation",
    "metadata",
    "store",
    "stream",
    "stream_options",
    "background",
    "service_tier",
    "safety_identifier",
    "moderation",
    "parallel_tool_calls",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "image",
    "access_programs",
    "reasoning",
    "text",
    "context_management",
    "tools",
    "tool_choice",
    "include",
    "user",
];

#[derive(Debug)]
pub(super) struct Request {
    pub(super) prompt: Prompt,
    pub(super) is_stream: bool,
    pub(super) prompt_tokens: u64,
    pub(super) cached_tokens: u64,
    pub(super) verified: u32,
}

pub(super) fn read(asked: &Asked<'_>) -> Result<Request, Failure> {
    let body = Node::root(asked.body);
    body.only(FIELDS).map_err(Failure::openai)?;
    body.need("model")
        .and_then(|model| model.text())
        .map_err(Failure::openai)?;
    let facts = models::facts(asked.model)?;
    if !matches!(facts.task, Task::Chat | Task::Any) {
        let message = format!(
            "The model `{}` cannot be used with the Responses API.",
            asked.model
        );
        return Err(Failure::bad(message).param("model"));
    }
    if let Some(id) = body.get("previous_response_id") {
        let id = id.text().map_err(Failure::openai)?;
        let message = format!("Previous response with id '{id}' not found.");
        return Err(Failure::bad(message)
            .param("previous_response_id")
            .code("previous_response_not_found"));
    }
    let input = input::read(&body.need("input").map_err(Failure::openai)?, asked.model)?;
    let effort = scalars(&body, &facts)?;
    let (tools, choice) = tools(&body).map_err(Failure::openai)?;
    let shape = shape(&body).map_err(Failure::openai)?;
    let limit = body
        .get("max_output_tokens")
        .map(|node| node.count(16))
        .transpose()
        .map_err(Failure::openai)?;
    let flag = |name: &str, default| {
        body.get(name)
            .map_or(Ok(default), |node| node.flag())
            .map_err(Failure::openai)
    };
    let items: Vec<Value> = body
        .get("instructions")
        .map(|node| node.value.clone())
        .into_iter()
        .chain(input.items)
        .collect();
    let (prompt_tokens, cached_tokens) = usage::prompt(
        asked.simulator,
        asked.model,
        &items,
        asked.body.get("tools"),
    );
    if prompt_tokens > facts.context {
        let message = "Your input exceeds the context window of this model. Please adjust your input and try again.";
        return Err(Failure::bad(message)
            .param("input")
            .code("context_length_exceeded"));
    }
    Ok(Request {
        prompt: Prompt {
            heard: input.heard,
            tools,
            choice,
            one_call_only: !flag("parallel_tool_calls", true)?,
            stops: Vec::new(),
            limit,
            shape,
            thinking: facts.thinking(effort),
        },
        is_stream: flag("stream", false)?,
        prompt_tokens,
        cached_tokens,
        verified: input.verified,
    })
}

/// Checks what has no influence here; returns the effort.
fn scalars<'a>(body: &Node<'a>, facts: &Facts) -> Result<&'a str, Failure> {
    let effort = plain_scalars(body).map_err(Failure::openai)?;
    let effort = match effort {
        Some(_) if facts.efforts.is_empty() => return Err(unsupported("reasoning.effort", None)),
        Some(effort) if !facts.efforts.contains(&effort) => {
            let listed = facts
                .efforts
                .iter()
                .map(|name| format!("'{name}'"))
                .collect::<Vec<_>>()
                .join(", ");
            let supported = format!("Supported values are: {listed}.");
            return Err(unsupported_value(
                "reasoning.effort",
                &format!("'{effort}'"),
                &supported,
            ));
        }
        effort => effort.unwrap_or(facts.default_effort),
    };
    let is_open = facts.sampling == When::Always
        || (facts.sampling == When::NotReasoning && effort == "none");
    for name in ["temperature", "top_p"] {
        if !is_open && body.get(name).is_some() {
            return Err(unsupported(name, None));
        }
    }
    Ok(effort)
}

fn plain_scalars<'a>(body: &Node<'a>) -> Result<Option<&'a str>, Problem> {
    for (name, most) in [("temperature", 2.0), ("top_p", 1.0), ("top_logprobs", 20.0)] {
        if let Some(node) = body.get(name) {
            node.number(0.0, most)?;
        }
    }
    if let Some(node) = body.get("service_tier") {
        node.one_of(&[
            "auto",
            "default",
            "flex",
            "scale",
            "priority",
            "fast",
            "ultrafast",
        ])?;
    }
    if let Some(node) = body.get("truncation") {
        node.one_of(&["auto", "disabled"])?;
    }
    if let Some(node) = body.get("instructions") {
        node.text()?;
    }
    for name in ["store", "background"] {
        if let Some(node) = body.get(name) {
            node.flag()?;
        }
    }
    metadata(body)?;
    if let Some(list) = body.get("include") {
        for item in list.items()? {
            item.one_of(&[
                "reasoning.encrypted_content",
                "message.output_text.logprobs",
                "message.input_image.image_url",
                "file_search_call.results",
                "web_search_call.results",
                "web_search_call.action.sources",
                "code_interpreter_call.outputs",
                "computer_call_output.output.image_url",
            ])?;
        }
    }
    let Some(reasoning) = body.get("reasoning") else {
        return Ok(None);
    };
    reasoning.only(&["effort", "summary", "mode", "context", "generate_summary"])?;
    if let Some(summary) = reasoning.get("summary") {
        summary.one_of(&["auto", "concise", "detailed"])?;
    }
    let known = &["none", "minimal", "low", "medium", "high", "xhigh", "max"];
    reasoning
        .get("effort")
        .map(|effort| effort.one_of(known))
        .transpose()
}

fn shape(body: &Node<'_>) -> Result<Shape, Problem> {
    let Some(text) = body.get("text") else {
        return Ok(Shape::Text);
    };
    text.only(&["format", "verbosity"])?;
    let Some(format) = text.get("format") else {
        return Ok(Shape::Text);
    };
    match format
        .need("type")?
        .one_of(&["text", "json_object", "json_schema"])?
    {
        "json_object" => Ok(Shape::Object),
        "json_schema" => {
            format.only(&["type", "name", "schema", "strict", "description"])?;
            let name = check_name(&format.need("name")?)?;
            let schema = format.need("schema")?;
            schema.object()?;
            if format.get("strict").map_or(Ok(false), |node| node.flag())? {
                strict_schema(&schema, &format!("response_format '{name}'"))?;
            }
            Ok(Shape::Schema(schema.value.clone()))
        }
        _ => Ok(Shape::Text),
    }
}

fn tools(body: &Node<'_>) -> Result<(Vec<Tool>, Choice), Problem> {
    let items = body
        .get("tools")
        .map(|list| list.items())
        .transpose()?
        .unwrap_or_default();
    let mut list = Vec::new();
    for item in &items {
        match item.need("type")?.text()? {
            "function" => {
                item.only(&[
                    "type",
                    "name",
                    "parameters",
                    "strict",
                    "description",
                    "defer_loading",
                    "output_schema",
                    "allowed_callers",
                    "async",
                ])?;
                let name = check_name(&item.need("name")?)?;
                let parameters = item.get("parameters");
                // Strict is the default here.
                if let Some(parameters) = &parameters
                    && item.get("strict").map_or(Ok(false), |node| node.flag())?
                {
                    strict_schema(parameters, &format!("function '{name}'"))?;
                }
                let schema = parameters.map_or_else(|| json!({}), |node| node.value.clone());
                list.push(Tool {
                    name: name.to_owned(),
                    schema,
                    is_custom: false,
                });
            }
            "custom" => {
                let name = check_name(&item.need("name")?)?;
                list.push(Tool {
                    name: name.to_owned(),
                    schema: json!({}),
                    is_custom: true,
                });
            }
            _ => {}
        }
    }
    let Some(choice) = body.get("tool_choice") else {
        return Ok((list, Choice::Auto));
    };
    if choice.value.is_string() {
        let choice = match choice.one_of(&["none", "auto", "required"])? {
            "none" => Choice::None,
            "required" => Choice::Required,
            _ => Choice::Auto,
        };
        return Ok((list, choice));
    }
    let named = match choice.need("type")?.text()? {
        "function" | "custom" => {
            let name = choice.need("name")?.text()?;
            if !list.iter().any(|tool| tool.name == name) {
                return Err(choice.other(format!(
                    "Tool choice '{name}' not found in 'tools' parameter."
                )));
            }
            Choice::Named(name.to_owned())
        }
        _ => Choice::Auto,
    };
    Ok((list, named))
}
