//! Every tool call is answered in the next turn, and nothing is answered that was not called.

use super::{At, Block, Kind, Role, Text, Turn};
use std::collections::HashSet;
use tollgate_domain::Refusal;

/// Checks a conversation: each provider refuses these, in words about its own messages.
pub(crate) fn check_pairing(turns: &[Turn<'_>]) -> Result<(), Refusal> {
    let mut open = Open::default();
    let mut is_answering = false;
    for turn in turns {
        let is_assistant = turn.role == Role::Assistant;
        if is_assistant && is_answering {
            open.check(Some(turn.at))?;
            open.called.clear();
        }
        is_answering = !is_assistant;
        for block in &turn.blocks {
            match &block.kind {
                Kind::Call(call) => open.call(block, &call.id)?,
                Kind::Result(result) => open.answer(block.at, &result.id)?,
                _ => {}
            }
        }
    }
    open.check(None)
}

/// The calls of a turn that are still to be answered.
#[derive(Default)]
struct Open<'t> {
    called: Vec<(At, &'t str)>,
    waiting: HashSet<&'t str>,
}

impl<'t> Open<'t> {
    fn call(&mut self, block: &Block<'_>, id: &'t Text<'_>) -> Result<(), Refusal> {
        if self.waiting.insert(id.escaped()) {
            self.called.push((block.at, id.escaped()));
            return Ok(());
        }
        Err(wrong(
            block.at,
            format!("two tool calls have the id `{}`", id.decode()),
        ))
    }

    fn answer(&mut self, at: At, id: &Text<'_>) -> Result<(), Refusal> {
        if self.waiting.remove(id.escaped()) {
            return Ok(());
        }
        let id = id.decode();
        Err(wrong(
            at,
            format!("no open tool call of the message before has the id `{id}`"),
        ))
    }

    /// Whether all is answered; else it was missed at that place, or where the call was made.
    fn check(&self, at: Option<At>) -> Result<(), Refusal> {
        let missed = self.called.iter().find(|(_, id)| self.waiting.contains(id));
        let Some((called_at, id)) = missed else {
            return Ok(());
        };
        let id = Text::plain(id);
        let why = format!(
            "the tool call `{}` must be answered right after the message that made it",
            id.decode()
        );
        Err(wrong(at.unwrap_or(*called_at), why))
    }
}

fn wrong(at: At, why: String) -> Refusal {
    Refusal::bad_request(format!("`{at}`: {why}"), at.to_string())
}
