//! `thinking` of a request, `output_config.effort`, and blocks of thinking in the conversation.

use crate::canonical::{Effort, Kind, Mode, Named, Reasoning, Text, unsupported};
use crate::dialect::field;
use crate::wire::json::Cursor;
use tollgate_domain::Refusal;

/// Reads `thinking`.
pub(crate) fn thinking(cursor: &mut Cursor<'_>, reasoning: &mut Reasoning) -> Result<(), Refusal> {
    let name = "thinking";
    let mut kind = None;
    let mut budget = None;
    let is_there = field::object(cursor, name, |cursor, key| {
        match key {
            "type" => kind = field::text(cursor, "thinking.type")?,
            "budget_tokens" => budget = field::whole(cursor, "thinking.budget_tokens")?,
            "display" => {
                let display = field::text(cursor, "thinking.display")?;
                reasoning.is_shown = display.map(|display| display.escaped() != "omitted");
            }
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    if !is_there {
        return Ok(());
    }
    let value = match (kind.as_ref().map(Text::escaped), budget) {
        (Some("enabled"), Some(budget)) => Mode::Budget(budget),
        (Some("enabled"), None) => return Err(field::missing("thinking.budget_tokens")),
        (Some("adaptive"), _) => Mode::Adaptive,
        (Some("disabled"), _) => Mode::Off,
        (Some("between_tools"), _) => Mode::BetweenTools,
        _ => {
            let expected = "`enabled`, `adaptive`, `disabled` or `between_tools`";
            return Err(field::wrong("thinking.type", expected));
        }
    };
    reasoning.mode = Some(Named { value, name });
    Ok(())
}

/// Reads `output_config.effort`.
pub(super) fn effort(cursor: &mut Cursor<'_>, reasoning: &mut Reasoning) -> Result<(), Refusal> {
    let name = "output_config.effort";
    let Some(text) = field::text(cursor, name)? else {
        return Ok(());
    };
    match Effort::named(text.escaped()) {
        Some(value) => {
            reasoning.effort = Some(Named { value, name });
            Ok(())
        }
        None => {
            let expected = "`low`, `medium`, `high`, `xhigh` or `max`";
            Err(field::wrong(name, expected))
        }
    }
}

/// Reads a block of thinking, open or redacted.
pub(crate) fn thinking_block<'a>(cursor: &mut Cursor<'a>, at: &str) -> Result<Kind<'a>, Refusal> {
    let mut kind = None;
    let mut text = None;
    let mut signature = None;
    let mut data = None;
    field::object(cursor, at, |cursor, key| {
        match key {
            "type" => kind = field::text(cursor, format_args!("{at}.type"))?,
            "thinking" => text = field::text(cursor, format_args!("{at}.thinking"))?,
            "signature" => signature = field::text(cursor, format_args!("{at}.signature"))?,
            "data" => data = field::text(cursor, format_args!("{at}.data"))?,
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    match (kind.as_ref().map(Text::escaped), data) {
        (Some("thinking"), _) => Ok(Kind::Thinking {
            text: text.unwrap_or_default(),
            signature: signature.unwrap_or_default(),
        }),
        (Some("redacted_thinking"), Some(data)) => Ok(Kind::Redacted(data)),
        (Some("redacted_thinking"), None) => Err(field::missing(format_args!("{at}.data"))),
        _ => Err(unsupported(
            format_args!("{at}.type"),
            "only `thinking` and `redacted_thinking` can stand here",
        )),
    }
}
