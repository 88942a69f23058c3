//! The conversation: roles, that each tool use is answered first thing in the next turn, and thinking that comes back.

use serde_json::{Value, json};

use super::models::Facts;
use super::{blocks, thinking::Mode};
use crate::simulated::failure::Failure;
use crate::simulated::fields::{Node, Problem, What};
use crate::simulated::ids::hash;
use crate::simulated::plan::Heard;
use crate::simulated::signature::{self, Verdict};

/// Messages of one role in a row, joined.
#[derive(Debug)]
struct Turn<'a> {
    role: &'a str,
    place: Node<'a>,
    blocks: Vec<Value>,
}

#[derive(Debug, Default)]
pub(super) struct Conversation {
    pub(super) heard: Heard,
    pub(super) verified: u32,
    /// A hash of everything said so far, for models that bind their thinking to it.
    pub(super) prefix: u128,
}

pub(super) struct Rules<'a> {
    pub(super) facts: Facts,
    pub(super) model: &'a str,
    pub(super) mode: Mode,
    pub(super) is_new_version: bool,
    pub(super) is_strict_thinking: bool,
}

pub(super) fn read(list: &Node<'_>, rules: &Rules<'_>) -> Result<Conversation, Failure> {
    let items = list.items().map_err(Failure::anthropic)?;
    if items.is_empty() {
        return Err(Failure::bad("messages: at least one message is required"));
    }
    if items.len() > 100_000 {
        let what = What::TooMany {
            most: 100_000,
            got: items.len(),
        };
        return Err(Failure::anthropic(list.problem(what)));
    }
    let turns = turns(&items, rules).map_err(Failure::anthropic)?;
    order(&turns, rules)?;
    let mut conversation = Conversation::default();
    let mut waiting: Vec<String> = Vec::new();
    for (index, turn) in turns.iter().enumerate() {
        let next_waiting = pair(turn, &waiting, turns.get(index + 1).is_none())?;
        match turn.role {
            "assistant" => {
                conversation.heard.assistant(!next_waiting.is_empty());
                let before = turns.get(..index).unwrap_or_default();
                conversation.verified += thinking_blocks(turn, prefix(before, rules), rules)?;
            }
            "user" => hear(&mut conversation.heard, turn),
            _ => {}
        }
        if turn.role != "system" {
            waiting = next_waiting;
        }
    }
    wanted_thinking(&turns, rules)?;
    conversation.prefix = prefix(&turns, rules);
    Ok(conversation)
}

/// Results go on with the task; text, or a turn without results, begins one.
fn hear(heard: &mut Heard, turn: &Turn<'_>) {
    let is = |block: &Value, kind: &str| block.get("type").and_then(Value::as_str) == Some(kind);
    let (results, others): (Vec<_>, Vec<_>) = turn
        .blocks
        .iter()
        .partition(|block| is(block, "tool_result"));
    let text: String = others
        .iter()
        .filter(|block| is(block, "text"))
        .map(|block| blocks::text_of(block))
        .collect();
    if results.is_empty() || !text.is_empty() {
        heard.user(text, &others.into_iter().cloned().collect());
    }
    for result in results {
        heard.result(blocks::text_of(result), result);
    }
}

fn turns<'a>(items: &[Node<'a>], rules: &Rules<'_>) -> Result<Vec<Turn<'a>>, Problem> {
    let mut turns: Vec<Turn<'a>> = Vec::new();
    for item in items {
        item.only(&["role", "content"])?;
        let role_node = item.need("role")?;
        let role = role_node.one_of(&["user", "assistant", "system"])?;
        if role == "system" && !rules.facts.has_later_system {
            return Err(item.other("role 'system' is not supported on this model"));
        }
        let content = item.need("content")?;
        let blocks = match content.value {
            Value::String(text) if text.trim().is_empty() && role != "assistant" => {
                return Err(item.other(format!("{role} messages must have non-empty content")));
            }
            Value::String(text) => vec![json!({"type": "text", "text": text})],
            _ => {
                let blocks = content.items()?;
                if blocks.is_empty() && role != "assistant" {
                    return Err(item.other(format!("{role} messages must have non-empty content")));
                }
                for block in &blocks {
                    blocks::check(block, role, rules.is_new_version)?;
                }
                blocks.iter().map(|block| block.value.clone()).collect()
            }
        };
        match turns.last_mut() {
            Some(last) if last.role == role => last.blocks.extend(blocks),
            _ => turns.push(Turn {
                role,
                place: item.clone(),
                blocks,
            }),
        }
    }
    Ok(turns)
}

fn order(turns: &[Turn<'_>], rules: &Rules<'_>) -> Result<(), Failure> {
    if turns.first().is_some_and(|turn| turn.role != "user") {
        return Err(Failure::bad(
            "messages: first message must use the \"user\" role",
        ));
    }
    for (index, turn) in turns
        .iter()
        .enumerate()
        .filter(|(_, turn)| turn.role == "system")
    {
        let before = index.checked_sub(1).and_then(|index| turns.get(index));
        let after = turns.get(index + 1);
        if before.is_none_or(|turn| turn.role != "user")
            || after.is_some_and(|turn| turn.role != "assistant")
        {
            let message = "a system message must follow a user turn, and be last or come before an assistant turn";
            return Err(Failure::anthropic(turn.place.other(message)));
        }
    }
    let Some(last) = turns.last().filter(|turn| turn.role == "assistant") else {
        return Ok(());
    };
    if !rules.facts.has_prefill {
        let message = "This model does not support assistant message prefill. The conversation must end with a user \
            message.";
        return Err(Failure::bad(message));
    }
    let text = last.blocks.last().map(blocks::text_of).unwrap_or_default();
    if text.ends_with(char::is_whitespace) {
        return Err(Failure::bad(
            "messages: final assistant content cannot end with trailing whitespace",
        ));
    }
    if rules.mode.is_on() {
        let message =
            "messages: assistant message prefill is not supported when thinking is enabled";
        return Err(Failure::bad(message));
    }
    Ok(())
}

fn ids(turn: &Turn<'_>, kind: &str, field: &str) -> Vec<String> {
    let blocks = turn
        .blocks
        .iter()
        .filter(|block| block.get("type").and_then(Value::as_str) == Some(kind));
    blocks
        .filter_map(|block| block.get(field).and_then(Value::as_str))
        .map(str::to_owned)
        .collect()
}

/// Holds a turn against the tool uses of the turn before it; returns its own.
fn pair(turn: &Turn<'_>, waiting: &[String], is_last: bool) -> Result<Vec<String>, Failure> {
    let place = turn.place.place.dotted();
    if turn.role == "user" {
        let results = ids(turn, "tool_result", "tool_use_id");
        if let Some((index, stray)) = results
            .iter()
            .enumerate()
            .find(|(_, id)| !waiting.contains(id))
        {
            return Err(Failure::bad(format!(
                "{place}.content.{index}: unexpected `tool_use_id` found in `tool_result` blocks: {stray}. Each \
                 `tool_result` block must have a corresponding `tool_use` block in the previous message."
            )));
        }
        if let Some(twice) = results
            .iter()
            .enumerate()
            .find(|(index, id)| results.iter().skip(index + 1).any(|x| x == *id))
        {
            return Err(Failure::bad(format!(
                "{place}.content: each tool_use must have a single result. Found multiple `tool_result` blocks with id: {}",
                twice.1
            )));
        }
        let is_result =
            |block: &Value| block.get("type").and_then(Value::as_str) == Some("tool_result");
        let leading = turn
            .blocks
            .iter()
            .take_while(|block| is_result(block))
            .count();
        let missing: Vec<_> = waiting
            .iter()
            .filter(|id| !results.contains(id))
            .cloned()
            .collect();
        if !missing.is_empty() || (!waiting.is_empty() && leading < results.len()) {
            let named = if missing.is_empty() {
                waiting.to_vec()
            } else {
                missing
            };
            return Err(unanswered(turn, &named));
        }
        return Ok(Vec::new());
    }
    if turn.role == "assistant" {
        let uses = ids(turn, "tool_use", "id");
        if uses
            .iter()
            .enumerate()
            .any(|(index, id)| uses.iter().skip(index + 1).any(|other| other == id))
        {
            return Err(Failure::bad(format!(
                "{place}: `tool_use` ids must be unique"
            )));
        }
        if is_last && !uses.is_empty() {
            return Err(unanswered(turn, &uses));
        }
        return Ok(uses);
    }
    Ok(waiting.to_vec())
}

fn unanswered(turn: &Turn<'_>, ids: &[String]) -> Failure {
    Failure::bad(format!(
        "{}: `tool_use` ids were found without `tool_result` blocks immediately after: {}. Each `tool_use` block must have a \
         corresponding `tool_result` block in the next message.",
        turn.place.place.dotted(),
        ids.join(", ")
    ))
}

/// Verifies each thinking block of a turn; returns how many were good.
fn thinking_blocks(turn: &Turn<'_>, prefix: u128, rules: &Rules<'_>) -> Result<u32, Failure> {
    let mut verified = 0;
    for (index, block) in turn.blocks.iter().enumerate() {
        let text = |name: &str| block.get(name).and_then(Value::as_str).unwrap_or_default();
        let (kind, signature, thinking) = match text("type") {
            "thinking" => ("thinking", text("signature"), text("thinking")),
            "redacted_thinking" => ("redacted_thinking", text("data"), ""),
            _ => continue,
        };
        let place = format!("{}.content.{index}", turn.place.place.dotted());
        match signature::verify(signature, rules.model, thinking, prefix) {
            Verdict::Good => verified += 1,
            Verdict::Invalid if kind == "thinking" => {
                return Err(Failure::bad(format!(
                    "{place}: Invalid `signature` in `thinking` block"
                )));
            }
            Verdict::Invalid => {
                return Err(Failure::bad(format!(
                    "{place}: Invalid `data` in `redacted_thinking` block"
                )));
            }
            Verdict::Elsewhere => {
                return Err(Failure::bad(format!(
                    "{place}: `{kind}` blocks must come back after the same messages that they were made for"
                )));
            }
        }
    }
    Ok(verified)
}

/// In a tool loop the assistant's turn goes on: it must have begun as this request's thinking wants it.
fn wanted_thinking(turns: &[Turn<'_>], rules: &Rules<'_>) -> Result<(), Failure> {
    let [.., assistant, results] = turns else {
        return Ok(());
    };
    let is_loop =
        assistant.role == "assistant" && !ids(results, "tool_result", "tool_use_id").is_empty();
    if !is_loop {
        return Ok(());
    }
    let first = assistant
        .blocks
        .first()
        .and_then(|block| block.get("type"))
        .and_then(Value::as_str)
        .unwrap_or_default();
    let is_thinking = first == "thinking" || first == "redacted_thinking";
    let place = format!("{}.content.0.type", assistant.place.place.dotted());
    let must = rules.mode == Mode::Budget || (rules.is_strict_thinking && rules.mode.is_on());
    if must && !is_thinking {
        return Err(Failure::bad(format!(
            "{place}: Expected `thinking` or `redacted_thinking`, but found `{first}`. When `thinking` is enabled, a final \
             `assistant` message must start with a thinking block (preceeding the lastmost set of `tool_use` and \
             `tool_result` blocks). We recommend you include thinking blocks from previous turns. To avoid this requirement, \
             disable `thinking`."
        )));
    }
    if rules.mode == Mode::Off && is_thinking {
        return Err(Failure::bad(format!(
            "{place}: When thinking is disabled, an `assistant` message in the final position cannot contain `thinking`. To \
             use thinking blocks, enable `thinking` in your request."
        )));
    }
    Ok(())
}

/// What was said, without what may change between requests: cache marks, thinking of earlier turns, the two spellings
/// of a text.
fn prefix(turns: &[Turn<'_>], rules: &Rules<'_>) -> u128 {
    if !rules.facts.binds_thinking {
        return 0;
    }
    let said = turns.iter().flat_map(|turn| {
        let blocks = turn.blocks.iter().filter_map(|block| {
            let mut block = block.clone();
            let fields = block.as_object_mut()?;
            if matches!(
                fields.get("type").and_then(Value::as_str),
                Some("thinking" | "redacted_thinking")
            ) {
                return None;
            }
            fields.remove("cache_control");
            if let Some(Value::String(text)) = fields.get("content") {
                let content = json!([{"type": "text", "text": text}]);
                fields.insert("content".to_owned(), content);
            }
            Some(block.to_string())
        });
        std::iter::once(turn.role.to_owned())
            .chain(blocks)
            .collect::<Vec<_>>()
    });
    let said: Vec<String> = said.collect();
    hash(said.iter().map(String::as_bytes))
}
