//! The conversation as OpenAI wants it: one message for each result of a tool, text alone in those, media after them.

use super::models::Facts;
use super::part::text_part;
use crate::canonical::{
    Block, Cache, Kind, Losses, Names, Role, Text, ToolCall, ToolResult, Turn, tool_id,
};
use crate::wire::json::Writer;
use tollgate_domain::Refusal;

/// What writing a message needs.
pub(super) struct Pen<'p> {
    pub(super) facts: &'p Facts,
    pub(super) names: &'p Names,
    pub(super) losses: &'p mut Losses,
}

impl Pen<'_> {
    /// The instructions before the conversation: one message, of a role that every server knows.
    pub(super) fn system(&mut self, blocks: &[Block<'_>], w: &mut Writer) {
        if blocks.iter().any(is_said) {
            w.object(|w| {
                w.field("role", "system");
                self.text_content("\\n\\n", blocks.iter(), w);
            });
        }
    }

    pub(super) fn turn(&mut self, turn: &Turn<'_>, w: &mut Writer) -> Result<(), Refusal> {
        match turn.role {
            Role::System => {
                self.system(&turn.blocks, w);
                Ok(())
            }
            Role::User => self.user(&turn.blocks, w),
            Role::Assistant => {
                self.assistant(&turn.blocks, w);
                Ok(())
            }
        }
    }

    fn user(&mut self, blocks: &[Block<'_>], w: &mut Writer) -> Result<(), Refusal> {
        let mut parts: Vec<&Block<'_>> = Vec::new();
        for block in blocks {
            if let Kind::Result(result) = &block.kind {
                self.result(block, result, w);
                parts.extend(result.content.iter().filter(|block| !is_text(block)));
            }
        }
        let said = blocks
            .iter()
            .filter(|block| !matches!(block.kind, Kind::Result(_)));
        parts.extend(said.filter(|block| !is_text(block) || is_said(block)));
        if parts.is_empty() {
            return Ok(());
        }
        let mut result = Ok(());
        w.object(|w| {
            w.field("role", "user");
            if let [
                Block {
                    kind: Kind::Text(text),
                    cache,
                    ..
                },
            ] = parts.as_slice()
                && self.mark(*cache).is_none()
            {
                text.field(w, "content");
                return;
            }
            w.key("content");
            w.array(|w| {
                for part in parts {
                    result = result.clone().and(self.part(part, w));
                }
            });
        });
        result
    }

    /// A result as a message of its own; only its text, what else there is follows in the user's message.
    fn result(&mut self, block: &Block<'_>, result: &ToolResult<'_>, w: &mut Writer) {
        w.object(|w| {
            w.field("role", "tool");
            w.field("tool_call_id", &tool_id(&result.id.decode()));
            let mut text = Text::default();
            if result.is_error {
                self.losses.weakened(format!("{}.is_error", block.at));
                text.push(&Text::plain("Error: "));
            }
            let mut is_first = true;
            for line in result.content.iter().filter_map(text_of) {
                if !std::mem::take(&mut is_first) {
                    text.push(&Text::plain("\\n"));
                }
                text.push(line);
            }
            if result.content.iter().any(|block| !is_text(block)) {
                let gap = if is_first { "" } else { "\\n" };
                text.push(&Text::plain(gap));
                text.push(&Text::plain(
                    "(What this tool returned besides text follows in the next message.)",
                ));
            }
            w.key("content");
            match self.mark(block.cache) {
                None => text.write(w),
                Some(mark) => w.array(|w| text_part(&text, Some(mark), w)),
            }
        });
    }

    fn assistant(&mut self, blocks: &[Block<'_>], w: &mut Writer) {
        let calls: Vec<_> = blocks
            .iter()
            .filter_map(|block| match &block.kind {
                Kind::Call(call) => Some((call, block.cache)),
                _ => None,
            })
            .collect();
        let has_text = blocks.iter().any(is_said);
        if calls.is_empty() && !has_text {
            self.reasoning(blocks);
            return;
        }
        w.object(|w| {
            w.field("role", "assistant");
            if has_text {
                self.text_content("", blocks.iter(), w);
            } else {
                w.field_raw("content", "null");
            }
            if let Some(reasoning) = self.reasoning(blocks) {
                reasoning.field(w, "reasoning_content");
            }
            if !calls.is_empty() {
                w.key("tool_calls");
                w.array(|w| {
                    calls
                        .iter()
                        .for_each(|(call, cache)| self.call(call, *cache, w))
                });
            }
        });
    }

    fn call(&mut self, call: &ToolCall<'_>, cache: Option<Cache>, w: &mut Writer) {
        if cache.is_some() {
            self.losses.dropped("cache_control");
        }
        w.object(|w| {
            w.field("id", &tool_id(&call.id.decode()));
            w.field("type", "function");
            w.key("function");
            w.object(|w| {
                w.field("name", &self.names.outward(&call.name.decode()));
                w.field("arguments", &call.input);
            });
        });
    }

    /// Thinking that nobody signed goes back to the servers that make such; there is no place for any other.
    fn reasoning(&mut self, blocks: &[Block<'_>]) -> Option<Text<'static>> {
        let mut out: Option<Text<'static>> = None;
        for block in blocks {
            match &block.kind {
                Kind::Thinking { text, signature }
                    if signature.is_empty() && self.facts.is_foreign =>
                {
                    out.get_or_insert_default().push(text);
                }
                Kind::Thinking { .. } | Kind::Redacted(_) => {
                    self.losses.dropped("messages.content.thinking");
                }
                _ => {}
            }
        }
        out
    }

    /// Texts as one, or as parts where one of them is marked.
    fn text_content<'b, 'a: 'b>(
        &mut self,
        gap: &str,
        blocks: impl Iterator<Item = &'b Block<'a>>,
        w: &mut Writer,
    ) {
        let texts: Vec<_> = blocks
            .filter(|block| is_said(block))
            .filter_map(|block| Some((text_of(block)?, self.mark(block.cache))))
            .collect();
        w.key("content");
        if texts.iter().any(|(_, mark)| mark.is_some()) {
            w.array(|w| {
                texts
                    .iter()
                    .for_each(|(text, mark)| text_part(text, *mark, w))
            });
            return;
        }
        let mut pieces = Vec::new();
        for (index, (text, _)) in texts.iter().enumerate() {
            if index > 0 {
                pieces.push(gap);
            }
            pieces.push(text.escaped());
        }
        w.escaped(pieces);
    }

    /// How a mark is said, where the model knows marks.
    pub(super) fn mark(&mut self, cache: Option<Cache>) -> Option<&'static str> {
        let cache = cache?;
        if !self.facts.has_breakpoints {
            self.losses.dropped("cache_control");
            return None;
        }
        Some(match cache {
            Cache::Short => r#"{"mode":"explicit"}"#,
            Cache::Long => r#"{"mode":"explicit","ttl":"12h"}"#,
        })
    }
}

fn text_of<'b, 'a>(block: &'b Block<'a>) -> Option<&'b Text<'a>> {
    match &block.kind {
        Kind::Text(text) | Kind::Refusal(text) => Some(text),
        _ => None,
    }
}

fn is_text(block: &Block<'_>) -> bool {
    text_of(block).is_some()
}

fn is_said(block: &Block<'_>) -> bool {
    text_of(block).is_some_and(|text| !text.is_empty())
}
