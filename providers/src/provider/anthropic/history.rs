//! Thinking of earlier turns: it goes back to the provider and model that made it, unchanged, and to nobody else.
//!
//! Callers of chat completions may send `thinking_blocks`; where their program rebuilt the message from the standard
//! fields they are put back from memory, by the ids of the turn's tool calls.

use super::models::Facts;
use crate::canonical::{At, Block, Kind, Losses, Request, Role, Text, Turn, fingerprint};
use crate::{StoredThinking, ThinkingMemory};
use serde_json::Value;
use std::sync::Arc;

/// Who is about to read the thinking.
#[derive(Clone, Copy)]
pub(super) struct Reader<'r> {
    pub(super) provider: &'r str,
    pub(super) model: &'r str,
    pub(super) memory: &'r dyn ThinkingMemory,
}

/// What is known of the conversation's thinking.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct History {
    /// Of a conversation that ends with results of tools: whether the turn that called them begins with thinking.
    pub(super) in_loop: Option<bool>,
    /// Turns whose thinking, if there was any, is forgotten.
    missed: Vec<usize>,
    /// The first turn of the loop.
    loop_start: usize,
}

/// What memory keeps a signature's maker under.
pub(crate) fn signature_key(signature: &str) -> String {
    ["thinking:", &fingerprint(signature)].concat()
}

impl History {
    /// Puts back what was left out, and takes out what another model made.
    pub(super) fn restore(
        request: &mut Request<'_>,
        reader: Reader<'_>,
        losses: &mut Losses,
    ) -> Self {
        let mut history = Self::default();
        for (index, turn) in request.turns.iter_mut().enumerate() {
            if turn.role == Role::Assistant && reader.restore(turn, losses) {
                history.missed.push(index);
            }
        }
        history.look(&request.turns);
        history
    }

    fn look(&mut self, turns: &[Turn<'_>]) {
        let is_plain_user = |turn: &Turn<'_>| turn.role == Role::User && !has_results(turn);
        self.loop_start = turns.iter().rposition(is_plain_user).unwrap_or(0);
        let Some(last) = turns.iter().rposition(|turn| turn.role == Role::Assistant) else {
            return;
        };
        let (before, after) = turns.split_at(last + 1);
        if after.iter().any(has_results) {
            // Messages of one role in a row are one turn.
            let is_before = |turn: &&Turn<'_>| turn.role == Role::Assistant;
            let first = before.iter().rev().take_while(is_before).last();
            let block = first.and_then(|turn| turn.blocks.first());
            self.in_loop = Some(block.is_some_and(is_thinking));
        }
    }

    /// Names what is forgotten, where the model would have read it.
    pub(super) fn name_missed(&self, facts: &Facts, losses: &mut Losses) {
        let matters = |index: &usize| *index >= self.loop_start || facts.binds_thinking;
        if self.missed.iter().any(matters) {
            losses.dropped("thinking_blocks");
        }
    }
}

/// Takes all thinking out of a conversation that goes on without.
pub(super) fn forget(request: &mut Request<'_>, losses: &mut Losses) {
    for turn in &mut request.turns {
        let before = turn.blocks.len();
        turn.blocks.retain(|block| !is_thinking(block));
        if turn.blocks.len() < before {
            losses.dropped(format!("{}.thinking_blocks", turn.at));
        }
    }
}

fn has_results(turn: &Turn<'_>) -> bool {
    turn.blocks
        .iter()
        .any(|block| matches!(block.kind, Kind::Result(_)))
}

fn is_thinking(block: &Block<'_>) -> bool {
    matches!(block.kind, Kind::Thinking { .. } | Kind::Redacted(_))
}

impl Reader<'_> {
    /// Sees to one turn; whether its thinking is forgotten.
    fn restore(&self, turn: &mut Turn<'_>, losses: &mut Losses) -> bool {
        let known = self.known(turn);
        let has_thinking = turn.blocks.iter().any(is_thinking);
        match known {
            Known::Nothing { has_calls } => has_calls && !has_thinking,
            Known::Made(known) => {
                let is_theirs = !has_thinking || said(&turn.blocks) == stored_signatures(&known);
                if is_theirs && let Some(blocks) = layout(turn, &known.blocks) {
                    turn.blocks = blocks;
                } else if !has_thinking {
                    let at = turn.at;
                    let blocks: Vec<_> =
                        known.blocks.iter().filter_map(|b| stored(b, at)).collect();
                    turn.blocks.splice(0..0, blocks);
                }
                false
            }
            Known::Foreign {
                has_thinking: is_lost,
            } => {
                turn.blocks.retain(|block| !is_thinking(block));
                if is_lost || has_thinking {
                    losses.dropped(format!("{}.thinking_blocks", turn.at));
                }
                false
            }
        }
    }

    /// What memory tells of a turn's thinking, by its calls and by its signatures.
    fn known(&self, turn: &Turn<'_>) -> Known {
        let mut has_calls = false;
        let mut made = None;
        for block in &turn.blocks {
            let key = match &block.kind {
                Kind::Call(call) => {
                    has_calls = true;
                    call.id.decode().into_owned()
                }
                kind => match signature(kind) {
                    // Signed by nobody: no model of this provider's.
                    Some(signature) if signature.is_empty() => {
                        return Known::Foreign { has_thinking: true };
                    }
                    Some(signature) => signature_key(&signature.decode()),
                    None => continue,
                },
            };
            match self.memory.recall(&key) {
                Some(known) if !self.made(&known) => {
                    let has_thinking = !known.blocks.is_empty();
                    return Known::Foreign { has_thinking };
                }
                known => made = made.or(known),
            }
        }
        match made {
            Some(made) => Known::Made(made),
            None => Known::Nothing { has_calls },
        }
    }

    fn made(&self, thinking: &StoredThinking) -> bool {
        thinking.provider == self.provider && thinking.model == self.model
    }
}

/// What memory tells of a turn.
enum Known {
    Nothing { has_calls: bool },
    Made(Arc<StoredThinking>),
    Foreign { has_thinking: bool },
}

fn signature<'t, 'a>(kind: &'t Kind<'a>) -> Option<&'t Text<'a>> {
    match kind {
        Kind::Thinking { signature, .. } => Some(signature),
        Kind::Redacted(data) => Some(data),
        _ => None,
    }
}

fn said(blocks: &[Block<'_>]) -> Vec<String> {
    let signatures = blocks.iter().filter_map(|block| signature(&block.kind));
    signatures.map(|text| text.decode().into_owned()).collect()
}

fn stored_signatures(known: &StoredThinking) -> Vec<String> {
    let signature = |block: &Value| {
        Some(
            text_at(block, "signature")
                .or(text_at(block, "data"))?
                .to_owned(),
        )
    };
    known.blocks.iter().filter_map(signature).collect()
}

fn text_at<'v>(block: &'v Value, key: &str) -> Option<&'v str> {
    block.get(key).and_then(Value::as_str)
}

fn stored(block: &Value, at: At) -> Option<Block<'static>> {
    let text = |key: &str| Text::new(text_at(block, key).unwrap_or_default());
    let kind = match text_at(block, "type")? {
        "thinking" => Kind::Thinking {
            text: text("thinking"),
            signature: text("signature"),
        },
        "redacted_thinking" => Kind::Redacted(text("data")),
        _ => return None,
    };
    let cache = None;
    Some(Block { at, kind, cache })
}

/// The turn's blocks in the order in which they were made, where that was kept and the turn still says the same.
fn layout<'a>(turn: &Turn<'a>, made: &[Value]) -> Option<Vec<Block<'a>>> {
    let mut text = String::new();
    let mut calls = Vec::new();
    let mut cache = None;
    for block in turn.blocks.iter().filter(|block| !is_thinking(block)) {
        match &block.kind {
            Kind::Text(said) => {
                text.push_str(&said.decode());
                cache = cache.or(block.cache);
            }
            Kind::Call(_) => calls.push(block),
            _ => return None,
        }
    }
    let mut text = text.as_str();
    let mut calls = calls.into_iter();
    let mut blocks = Vec::new();
    for block in made {
        blocks.push(match text_at(block, "type")? {
            "text" => {
                let piece = text_at(block, "text")?;
                text = text.strip_prefix(piece)?;
                Block {
                    at: turn.at,
                    kind: Kind::Text(Text::new(piece)),
                    cache: if text.is_empty() { cache } else { None },
                }
            }
            "tool_use" => {
                let call = calls.next()?;
                match &call.kind {
                    Kind::Call(said) if Some(&*said.id.decode()) == text_at(block, "id") => {}
                    _ => return None,
                }
                call.clone()
            }
            _ => stored(block, turn.at)?,
        });
    }
    (text.is_empty() && calls.next().is_none()).then_some(blocks)
}
