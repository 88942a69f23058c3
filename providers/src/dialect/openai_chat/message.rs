//! The messages of a conversation.

use super::part;
use crate::canonical::{
    At, Block, Cache, Kind, Losses, Request, Role, Text, ToolCall, ToolResult, Turn, unsupported,
    whole_letters,
};
use crate::dialect::{anthropic, field};
use crate::wire::json::{Cursor, check};
use std::borrow::Cow;
use tollgate_domain::Refusal;

/// Reads `messages`. What comes before the first other message is the system prompt.
pub(super) fn read<'a>(
    cursor: &mut Cursor<'a>,
    request: &mut Request<'a>,
    losses: &mut Losses,
) -> Result<(), Refusal> {
    let mut legacy = LegacyCalls::default();
    field::list(cursor, "messages", |cursor, index| {
        let at = At::message(index);
        let mut message = Message::default();
        let is_there = field::object(cursor, at, |cursor, key| {
            message.read(cursor, key, at, losses)
        })?;
        if !is_there {
            return Err(field::wrong(at, "an object"));
        }
        let (role, blocks) = message.blocks(at, &mut legacy, losses)?;
        if role == Role::System && request.turns.is_empty() {
            match request.system.is_empty() {
                true => request.system = blocks,
                false => request.system.extend(blocks),
            }
        } else {
            request.turns.push(Turn { at, role, blocks });
        }
        Ok(())
    })
}

#[derive(Default)]
struct Message<'a> {
    role: Option<Text<'a>>,
    content: Vec<Block<'a>>,
    refusal: Option<Text<'a>>,
    thinking: Vec<Block<'a>>,
    calls: Vec<Block<'a>>,
    function_call: Option<(Text<'a>, Cow<'a, str>)>,
    tool_call_id: Option<Text<'a>>,
    name: Option<Text<'a>>,
    cache: Option<Cache>,
}

/// Calls of the time before ids: a function's result belongs to the last call of that name.
#[derive(Default)]
struct LegacyCalls {
    count: usize,
}

impl LegacyCalls {
    fn id(&self) -> Text<'static> {
        Text::new(&format!("call_function_{}", self.count))
    }
}

impl<'a> Message<'a> {
    fn read(
        &mut self,
        cursor: &mut Cursor<'a>,
        key: &str,
        at: At,
        losses: &mut Losses,
    ) -> Result<(), Refusal> {
        match key {
            "role" => self.role = field::text(cursor, format_args!("{at}.role"))?,
            "content" => self.content = part::content(cursor, at, losses)?,
            "refusal" => self.refusal = field::text(cursor, format_args!("{at}.refusal"))?,
            "name" => self.name = field::text(cursor, format_args!("{at}.name"))?,
            "tool_call_id" => {
                self.tool_call_id = field::text(cursor, format_args!("{at}.tool_call_id"))?;
            }
            "tool_calls" => {
                let name = format!("{at}.tool_calls");
                field::list(cursor, &name, |cursor, index| {
                    let kind = Kind::Call(call(cursor, &format!("{name}[{index}]"))?);
                    let cache = None;
                    self.calls.push(Block { at, kind, cache });
                    Ok(())
                })?;
            }
            "function_call" => {
                let mut called = Called::default();
                let name = format!("{at}.function_call");
                if field::object(cursor, &name, |cursor, key| called.read(cursor, key, &name))? {
                    self.function_call = Some(called.function(&name)?);
                }
            }
            "thinking_blocks" => {
                field::list(
                    cursor,
                    format_args!("{at}.thinking_blocks"),
                    |cursor, index| {
                        let name = format!("{at}.thinking_blocks[{index}]");
                        let kind = anthropic::thinking_block(cursor, &name)?;
                        let cache = None;
                        self.thinking.push(Block { at, kind, cache });
                        Ok(())
                    },
                )?;
            }
            "cache_control" => self.cache = anthropic::cache_control(cursor, at)?,
            "audio" => {
                if field::raw(cursor)?.is_some() {
                    let name = format!("{at}.audio");
                    return Err(unsupported(name, "the target has no audio"));
                }
            }
            // What an answer held beside its content, sent back by callers that keep whole messages.
            "annotations" | "reasoning_content" | "reasoning" => cursor.skip()?,
            _ => {
                if field::raw(cursor)?.is_some() {
                    losses.dropped(format!("{at}.{key}"));
                }
            }
        }
        Ok(())
    }

    fn blocks(
        mut self,
        at: At,
        legacy: &mut LegacyCalls,
        losses: &mut Losses,
    ) -> Result<(Role, Vec<Block<'a>>), Refusal> {
        let Some(role) = self.role.take() else {
            return Err(field::missing(format_args!("{at}.role")));
        };
        let role = role.escaped();
        // Of a tool's answer the call has told it already.
        if self.name.is_some() && !matches!(role, "tool" | "function") {
            losses.dropped(format!("{at}.name"));
        }
        if let (Some(cache), Some(last)) = (self.cache, self.content.last_mut()) {
            last.cache = Some(cache);
        }
        match role {
            "system" | "developer" => Ok((Role::System, self.content)),
            "user" => Ok((Role::User, self.content)),
            "assistant" => Ok((Role::Assistant, self.assistant(at, legacy))),
            "tool" => match self.tool_call_id.take() {
                Some(id) => Ok((Role::User, vec![self.result(at, id)])),
                None => Err(field::missing(format_args!("{at}.tool_call_id"))),
            },
            "function" => Ok((Role::User, vec![self.result(at, legacy.id())])),
            _ => {
                let expected = "`system`, `developer`, `user`, `assistant`, `tool` or `function`";
                Err(field::wrong(format_args!("{at}.role"), expected))
            }
        }
    }

    fn assistant(self, at: At, legacy: &mut LegacyCalls) -> Vec<Block<'a>> {
        let mut blocks = self.thinking;
        blocks.extend(self.content);
        let cache = None;
        blocks.extend(self.refusal.map(|text| Block {
            at,
            kind: Kind::Refusal(text),
            cache,
        }));
        blocks.extend(self.calls);
        if let Some((name, input)) = self.function_call {
            legacy.count += 1;
            let id = legacy.id();
            let kind = Kind::Call(ToolCall { id, name, input });
            blocks.push(Block { at, kind, cache });
        }
        blocks
    }

    fn result(self, at: At, id: Text<'a>) -> Block<'a> {
        // The mark of a tool's answer stands on the answer as a whole.
        let mut content = self.content;
        let cache = content.last_mut().and_then(|last| last.cache.take());
        let kind = Kind::Result(ToolResult {
            id,
            content,
            is_error: false,
        });
        Block { at, kind, cache }
    }
}

#[derive(Default)]
struct Called<'a> {
    name: Option<Text<'a>>,
    arguments: Option<Text<'a>>,
}

impl<'a> Called<'a> {
    fn read(&mut self, cursor: &mut Cursor<'a>, key: &str, name: &str) -> Result<(), Refusal> {
        match key {
            "name" => self.name = field::text(cursor, format_args!("{name}.name"))?,
            "arguments" => self.arguments = field::text(cursor, format_args!("{name}.arguments"))?,
            _ => cursor.skip()?,
        }
        Ok(())
    }

    fn function(self, name: &str) -> Result<(Text<'a>, Cow<'a, str>), Refusal> {
        let Some(function) = self.name else {
            return Err(field::missing(format_args!("{name}.name")));
        };
        let arguments = self.arguments.unwrap_or_default();
        Ok((function, arguments_object(&arguments)))
    }
}

fn call<'a>(cursor: &mut Cursor<'a>, name: &str) -> Result<ToolCall<'a>, Refusal> {
    let mut id = None;
    let mut is_custom = false;
    let mut called = None;
    field::object(cursor, name, |cursor, key| {
        match key {
            "id" => id = field::text(cursor, format_args!("{name}.id"))?,
            "custom" => {
                is_custom = true;
                cursor.skip()?;
            }
            "function" => {
                let mut function = Called::default();
                let name = format!("{name}.function");
                field::object(cursor, &name, |cursor, key| {
                    function.read(cursor, key, &name)
                })?;
                called = Some(function.function(&name)?);
            }
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    match (id, called) {
        _ if is_custom => Err(unsupported(name, "the target has no custom tools")),
        (Some(id), Some((name, input))) => Ok(ToolCall { id, name, input }),
        (None, _) => Err(field::missing(format_args!("{name}.id"))),
        (_, None) => Err(field::missing(format_args!("{name}.function"))),
    }
}

/// Arguments in a text, as an object. Nothing at all is an empty one; what is no object is wrapped, so that a model's
/// slip in the past does not end the conversation.
pub(crate) fn arguments_object(arguments: &Text<'_>) -> Cow<'static, str> {
    let text = arguments.decode();
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Cow::Borrowed("{}");
    }
    if trimmed.starts_with('{') && check(trimmed.as_bytes()).is_ok() {
        return Cow::Owned(whole_letters(trimmed).into_owned());
    }
    Cow::Owned(format!("{{\"raw_arguments\":\"{}\"}}", arguments.escaped()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_an_object_whatever_a_model_wrote() {
        for (escaped, expected) in [
            ("", "{}"),
            (" ", "{}"),
            (r#"{\"n\":1e400}"#, r#"{"n":1e400}"#),
            (r#"{\"n\":"#, r#"{"raw_arguments":"{\"n\":"}"#),
            ("5", r#"{"raw_arguments":"5"}"#),
            (r#"{\"s\":\"\\ud83d\"}"#, "{\"s\":\"\u{fffd}\"}"),
        ] {
            assert_eq!(arguments_object(&Text::plain(escaped)), expected);
        }
    }
}
