//! Thinking of earlier turns: it goes back to the provider and model that made it, unchanged, and to nobody else.
//!
//! Callers of chat completions may send `thinking_blocks`; where their program rebuilt the message from the standard
//! fields they are put back from memory, by the ids of the turn's tool calls.

use super::models::Facts;
use crate::canonical::{Block, Kind, Losses, Request, Role, Text, Turn, fingerprint};
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
        let ids = turn.blocks.iter().filter_map(|block| match &block.kind {
            Kind::Call(call) => Some(call.id.decode()),
            _ => None,
        });
        let mut known: Option<Arc<StoredThinking>> = None;
        let mut has_calls = false;
        for id in ids {
            has_calls = true;
            known = known.or_else(|| self.memory.recall(&id));
        }
        let has_thinking = turn.blocks.iter().any(is_thinking);
        if has_thinking {
            let is_foreign = known.is_some_and(|known| !self.made(&known))
                || turn.blocks.iter().any(|block| self.is_foreign(block));
            if is_foreign {
                turn.blocks.retain(|block| !is_thinking(block));
                losses.dropped(format!("{}.thinking_blocks", turn.at));
            }
            return false;
        }
        match known {
            Some(known) if self.made(&known) => {
                let at = turn.at;
                let blocks = known.blocks.iter().filter_map(stored);
                let blocks = blocks.map(|kind| Block {
                    at,
                    kind,
                    cache: None,
                });
                turn.blocks.splice(0..0, blocks.collect::<Vec<_>>());
                false
            }
            Some(known) if !known.blocks.is_empty() => {
                losses.dropped(format!("{}.thinking_blocks", turn.at));
                false
            }
            Some(_) => false,
            None => has_calls,
        }
    }

    fn made(&self, thinking: &StoredThinking) -> bool {
        thinking.provider == self.provider && thinking.model == self.model
    }

    /// Whether a block is known to be another model's, or is signed by nobody.
    fn is_foreign(&self, block: &Block<'_>) -> bool {
        let signature = match &block.kind {
            Kind::Thinking { signature, .. } => signature,
            Kind::Redacted(data) => data,
            _ => return false,
        };
        if signature.is_empty() {
            return true;
        }
        let known = self.memory.recall(&signature_key(&signature.decode()));
        known.is_some_and(|known| !self.made(&known))
    }
}

fn stored(block: &Value) -> Option<Kind<'static>> {
    let text = |key: &str| Text::new(block.get(key).and_then(Value::as_str).unwrap_or_default());
    match block.get("type").and_then(Value::as_str)? {
        "thinking" => Some(Kind::Thinking {
            text: text("thinking"),
            signature: text("signature"),
        }),
        "redacted_thinking" => Some(Kind::Redacted(text("data"))),
        _ => None,
    }
}
