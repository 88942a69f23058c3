//! Input items: messages, reasoning that comes back, calls and their outputs.

use serde_json::{Value, json};

use crate::simulated::failure::Failure;
use crate::simulated::fields::{Node, Problem, What};
use crate::simulated::openai::chat::image;
use crate::simulated::plan::Heard;
use crate::simulated::signature::{self, Verdict};

#[derive(Debug, Default)]
pub(super) struct Input {
    pub(super) heard: Heard,
    pub(super) items: Vec<Value>,
    pub(super) verified: u32,
    calls: Vec<String>,
    answered: Vec<String>,
}

pub(super) fn read(node: &Node<'_>, model: &str) -> Result<Input, Failure> {
    let mut input = Input::default();
    if let Value::String(text) = node.value {
        input.items = vec![json!({"role": "user", "content": text})];
        input.heard.user(text.clone(), &Value::Null);
        return Ok(input);
    }
    let items = node.items().map_err(Failure::openai)?;
    if items.is_empty() {
        return Err(Failure::openai(node.problem(What::TooFew)));
    }
    let mut was_call = false;
    for item in &items {
        let kind = match item.get("type") {
            Some(kind) => kind.text().map_err(Failure::openai)?,
            None => "message",
        };
        let is_call = matches!(kind, "function_call" | "custom_tool_call");
        if is_call {
            input.heard.assistant(!was_call);
        }
        was_call = is_call;
        match kind {
            "message" => input.message(item).map_err(Failure::openai)?,
            "function_call" | "custom_tool_call" => {
                input.call(item, kind).map_err(Failure::openai)?
            }
            "function_call_output" | "custom_tool_call_output" => input.output(item)?,
            "reasoning" => input.reasoning(item, model)?,
            _ => {}
        }
    }
    if let Some(open) = input.calls.iter().find(|id| !input.answered.contains(id)) {
        return Err(
            Failure::bad(format!("No tool output found for function call {open}.")).param("input"),
        );
    }
    input.items = items.iter().map(|item| item.value.clone()).collect();
    Ok(input)
}

impl Input {
    fn message(&mut self, item: &Node<'_>) -> Result<(), Problem> {
        item.only(&["type", "role", "content", "phase", "id", "status"])?;
        let role = item
            .need("role")?
            .one_of(&["user", "assistant", "system", "developer"])?;
        let content = item.need("content")?;
        let parts: &[&str] = match role {
            "assistant" => &["output_text", "refusal"],
            _ => &["input_text", "input_image", "input_file"],
        };
        let text = text_of(&content, parts)?;
        match role {
            "user" => self.heard.user(text, content.value),
            "assistant" => self.heard.assistant(false),
            _ => {}
        }
        Ok(())
    }

    fn call(&mut self, item: &Node<'_>, kind: &str) -> Result<(), Problem> {
        let argument = if kind == "function_call" {
            "arguments"
        } else {
            "input"
        };
        item.only(&[
            "type",
            "id",
            "call_id",
            "name",
            "status",
            "namespace",
            "caller",
            argument,
        ])?;
        item.need("name")?.text()?;
        item.need(argument)?.text()?;
        if let Some(id) = item.get("id") {
            let prefix = if kind == "function_call" { "fc" } else { "ctc" };
            if !id.text()?.starts_with(prefix) {
                let place = id.place.bracketed();
                return Err(id.other(format!(
                    "Invalid '{place}': Expected an ID that begins with '{prefix}'."
                )));
            }
        }
        self.calls
            .push(item.need("call_id")?.text_within(64)?.to_owned());
        Ok(())
    }

    fn output(&mut self, item: &Node<'_>) -> Result<(), Failure> {
        let read = || {
            item.only(&["type", "id", "call_id", "output", "status"])?;
            let output = item.need("output")?;
            let text = text_of(&output, &["input_text", "input_image", "input_file"])?;
            Ok((item.need("call_id")?.text()?, text, output.value))
        };
        let (id, text, output) = read().map_err(Failure::openai)?;
        if !self.calls.iter().any(|call| call == id) {
            let message = format!("No tool call found for function call output with call_id {id}.");
            return Err(Failure::bad(message).param("input"));
        }
        self.answered.push(id.to_owned());
        self.heard.result(text, output);
        Ok(())
    }

    fn reasoning(&mut self, item: &Node<'_>, model: &str) -> Result<(), Failure> {
        item.only(&[
            "type",
            "id",
            "summary",
            "content",
            "encrypted_content",
            "status",
        ])
        .map_err(Failure::openai)?;
        item.need("summary")
            .and_then(|summary| summary.items())
            .map_err(Failure::openai)?;
        let id = item
            .need("id")
            .and_then(|id| id.text())
            .map_err(Failure::openai)?;
        let Some(sealed) = item.get("encrypted_content") else {
            let message = format!(
                "Item with id '{id}' not found. Items are not persisted when `store` is set to false."
            );
            return Err(Failure::new(404, "invalid_request_error", message).param("input"));
        };
        let sealed = sealed.text().map_err(Failure::openai)?;
        if signature::verify(sealed, model, id, 0) != Verdict::Good {
            let message = format!("The encrypted content for item {id} could not be verified.");
            return Err(Failure::bad(message).code("invalid_encrypted_content"));
        }
        self.verified += 1;
        Ok(())
    }
}

fn text_of(content: &Node<'_>, parts: &[&str]) -> Result<String, Problem> {
    if let Value::String(text) = content.value {
        return Ok(text.clone());
    }
    let mut text = String::new();
    for part in content.items()? {
        match part.need("type")?.one_of(parts)? {
            "input_text" => {
                part.only(&["type", "text", "prompt_cache_breakpoint"])?;
                text.push_str(part.need("text")?.text()?);
            }
            "output_text" => {
                part.only(&["type", "text", "annotations", "logprobs"])?;
                text.push_str(part.need("text")?.text()?);
            }
            "input_image" => {
                part.only(&[
                    "type",
                    "image_url",
                    "file_id",
                    "detail",
                    "prompt_cache_breakpoint",
                ])?;
                part.get("image_url").map_or(Ok(()), |url| image(&url))?;
            }
            _ => {}
        }
    }
    Ok(text)
}
