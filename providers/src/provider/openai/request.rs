//! The canonical request as the body of `POST /v1/chat/completions`, by the table in `docs/TRANSLATION.md`.

use super::message::Pen;
use super::{NAME_MAX, models, options};
use crate::TargetModel;
use crate::canonical::{Block, Kind, Losses, Names, Request, Role, check_pairing, unsupported};
use crate::wire::json::Writer;
use tollgate_domain::Refusal;

/// About the bytes of a request beside its text.
const ENVELOPE: usize = 512;

/// A request as OpenAI reads it.
pub(crate) struct Written {
    pub(crate) body: Vec<u8>,
    pub(crate) names: Names,
}

/// Writes the body for a model.
pub(crate) fn write(
    request: &Request<'_>,
    model: &str,
    is_stream: bool,
    target: &TargetModel<'_>,
    losses: &mut Losses,
) -> Result<Written, Refusal> {
    check_pairing(&request.turns)?;
    let mut blocks = request.turns.iter().flat_map(|turn| &turn.blocks);
    if request.system.is_empty() && blocks.all(is_nothing) {
        return Err(unsupported("messages", "there is nothing to answer"));
    }
    if let Some(last) = request
        .turns
        .last()
        .filter(|last| last.role == Role::Assistant)
    {
        // The model answers anew instead of going on.
        losses.weakened(last.at.to_string());
    }
    let facts = models::facts(model);
    let mut names = Names::within(NAME_MAX);
    let mut result = Ok(());
    let mut w = Writer::with_capacity(ENVELOPE + request.about_bytes() as usize);
    w.object(|w| {
        w.field("model", model);
        if is_stream {
            w.field_raw("stream", "true");
            if target.stream_usage {
                w.field_raw("stream_options", r#"{"include_usage":true}"#);
            }
        }
        options::write_max(request, &facts, target.facts.max_output, w, losses);
        options::write_tools(request, &facts, &mut names, w, losses);
        w.key("messages");
        w.array(|w| {
            let (names, losses) = (&names, &mut *losses);
            let facts = &facts;
            let mut pen = Pen {
                facts,
                names,
                losses,
            };
            pen.system(&request.system, w);
            for turn in &request.turns {
                result = result.clone().and(pen.turn(turn, w));
            }
        });
        result = result
            .clone()
            .and(options::write_choice(request, &names, w))
            .and(options::write_stop(request, &facts, w, losses));
        let is_reasoning = options::write_effort(request, &facts, w, losses);
        options::write_sampling(request, &facts, is_reasoning, w, losses);
        options::write_shape(request, w, losses);
        options::write_user(request, &facts, w, losses);
        options::write_tier(request, w, losses);
    });
    result?;
    Ok(Written {
        body: w.finish(),
        names,
    })
}

/// A block that comes to no part of a message.
fn is_nothing(block: &Block<'_>) -> bool {
    match &block.kind {
        Kind::Text(text) | Kind::Refusal(text) => text.is_empty(),
        _ => false,
    }
}
