//! Thinking in chats: the fields that Tollgate adds to translated answers, sent back by a caller that goes on with another
//! model. Blocks are for the provider and model that made them, and OpenAI's own models refuse fields that they do not
//! know.

use crate::canonical::Losses;
use crate::provider::anthropic::signature_key;
use crate::provider::openai::is_foreign;
use crate::wire::json::{Cursor, Edit, SyntaxError, quote};
use crate::{Call, TargetModel, ThinkingMemory};
use memchr::memmem::Finder;
use serde_json::Value;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;
use tollgate_domain::Endpoint;

const BLOCKS: &str = "thinking_blocks";
const TEXT: &str = "reasoning_content";

/// Edits that take another model's thinking out of a chat.
pub(super) fn edits(
    call: &Call,
    target: &TargetModel<'_>,
    memory: &dyn ThinkingMemory,
    losses: &mut Losses,
) -> Vec<Edit<'static>> {
    static BLOCKS_KEY: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(BLOCKS));
    let is_chat = call.endpoint == Endpoint::ChatCompletions;
    if !is_chat || BLOCKS_KEY.find(&call.body).is_none() {
        return Vec::new();
    }
    let model = target.model.unwrap_or(&call.model);
    let reader = Reader {
        provider: target.provider,
        model,
        knows_neither: !is_foreign(model),
        memory,
    };
    let mut edits = Vec::new();
    // The body was checked when it was scanned.
    let _ = reader.read(call, &mut edits, losses);
    edits
}

/// Who is about to read the chat.
struct Reader<'r> {
    provider: &'r str,
    model: &'r str,
    /// A model of OpenAI's, which takes neither field.
    knows_neither: bool,
    memory: &'r dyn ThinkingMemory,
}

impl Reader<'_> {
    fn read(
        &self,
        call: &Call,
        edits: &mut Vec<Edit<'static>>,
        losses: &mut Losses,
    ) -> Result<(), SyntaxError> {
        let mut cursor = Cursor::new(&call.body)?;
        cursor.object(|cursor, key| match (key, cursor.peek()) {
            ("messages", Some(b'[')) => {
                let mut index = 0;
                cursor.array(|cursor| {
                    if let Some(edit) = self.message(cursor)? {
                        losses.dropped(format!("messages[{index}].{BLOCKS}"));
                        edits.push(edit);
                    }
                    index += 1;
                    Ok(())
                })
            }
            _ => cursor.skip(),
        })
    }

    /// The edit that one message needs.
    fn message(&self, cursor: &mut Cursor<'_>) -> Result<Option<Edit<'static>>, SyntaxError> {
        if cursor.peek() != Some(b'{') {
            cursor.skip()?;
            return Ok(None);
        }
        let start = cursor.position();
        let mut members: Vec<(String, Range<usize>)> = Vec::new();
        cursor.object(|cursor, key| {
            members.push((key.to_owned(), cursor.span()?));
            Ok::<(), SyntaxError>(())
        })?;
        let range = start..cursor.position();
        let blocks = members.iter().find(|(key, _)| key == BLOCKS);
        let is_readers = |blocks: &str| !self.knows_neither && !self.is_anothers(blocks);
        if blocks.is_none_or(|(_, value)| is_readers(cursor.slice(value.clone()))) {
            return Ok(None);
        }
        members.retain(|(key, _)| key != BLOCKS && !(self.knows_neither && key == TEXT));
        let kept = members.iter().map(|(key, value)| {
            let value = cursor.slice(value.clone());
            [&quote(key), ":", value].concat()
        });
        let kept: Vec<String> = kept.collect();
        let with = Cow::Owned(format!("{{{}}}", kept.join(",")));
        Ok(Some(Edit { range, with }))
    }

    /// Whether memory knows another maker of the blocks.
    fn is_anothers(&self, blocks: &str) -> bool {
        let blocks: Vec<Value> = serde_json::from_str(blocks).unwrap_or_default();
        blocks.iter().any(|block| {
            let signature = block.get("signature").or_else(|| block.get("data"));
            let signature = signature.and_then(Value::as_str).unwrap_or_default();
            let known = self.memory.recall(&signature_key(signature));
            known.is_some_and(|made| made.provider != self.provider || made.model != self.model)
        })
    }
}
