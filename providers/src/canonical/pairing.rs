//! Every tool call is answered in the next turn, and nothing is answered that was not called.

use super::{At, Kind, Role, Text, Turn};
use tollgate_domain::Refusal;

/// Checks a conversation: each provider refuses these, in words about its own messages.
pub(crate) fn check_pairing(turns: &[Turn<'_>]) -> Result<(), Refusal> {
    let mut open: Vec<(At, &Text<'_>)> = Vec::new();
    let mut is_answering = false;
    for turn in turns {
        let is_assistant = turn.role == Role::Assistant;
        if let (true, true, Some((_, id))) = (is_assistant, is_answering, open.first()) {
            return Err(unanswered(turn.at, id));
        }
        is_answering = !is_assistant;
        for block in &turn.blocks {
            match &block.kind {
                Kind::Call(call) => open.push((block.at, &call.id)),
                Kind::Result(result) => {
                    let waiting = open.iter().position(|(_, id)| **id == result.id);
                    match waiting {
                        Some(at) => drop(open.remove(at)),
                        None => return Err(stray(block.at, &result.id)),
                    }
                }
                _ => {}
            }
        }
    }
    match open.first() {
        Some((at, id)) => Err(unanswered(*at, id)),
        None => Ok(()),
    }
}

fn stray(at: At, id: &Text<'_>) -> Refusal {
    let message = format!(
        "`{at}`: no tool call of the message before has the id `{}`",
        id.decode()
    );
    Refusal::bad_request(message, at.to_string())
}

fn unanswered(at: At, id: &Text<'_>) -> Refusal {
    let message = format!(
        "`{at}`: the tool call `{}` must be answered right after the message that made it",
        id.decode()
    );
    Refusal::bad_request(message, at.to_string())
}
