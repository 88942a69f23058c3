//! `tools` and `tool_choice`.

use super::block::cache_control;
use crate::canonical::{Choice, Losses, Named, Request, Text, Tool, ToolChoice, unsupported};
use crate::dialect::field;
use crate::wire::json::Cursor;
use std::borrow::Cow;
use tollgate_domain::Refusal;

/// Reads `tools`.
pub(super) fn tools<'a>(
    cursor: &mut Cursor<'a>,
    request: &mut Request<'a>,
    losses: &mut Losses,
) -> Result<(), Refusal> {
    field::list(cursor, "tools", |cursor, index| {
        let at = format!("tools[{index}]");
        let mut kind = None;
        let mut name = None;
        let mut tool = Tool {
            at: String::new(),
            name: Cow::Borrowed(""),
            description: None,
            schema: None,
            is_strict: false,
            cache: None,
        };
        let mut others = Vec::new();
        field::object(cursor, &at, |cursor, key| {
            match key {
                "type" => kind = field::text(cursor, format_args!("{at}.type"))?,
                "name" => name = field::text(cursor, format_args!("{at}.name"))?,
                "description" => {
                    tool.description = field::text(cursor, format_args!("{at}.description"))?;
                }
                "input_schema" => {
                    tool.schema = field::raw_object(cursor, format_args!("{at}.input_schema"))?;
                }
                "strict" => {
                    let strict = field::flag(cursor, format_args!("{at}.strict"))?;
                    tool.is_strict = strict.unwrap_or(false);
                }
                "cache_control" => tool.cache = cache_control(cursor, &at)?,
                // How arguments are streamed: as they come, here.
                "eager_input_streaming" => cursor.skip()?,
                _ => {
                    if let Some(value) = field::raw(cursor)? {
                        others.push((key.to_owned(), value));
                    }
                }
            }
            Ok(())
        })?;
        if let Some(kind) = kind.filter(|kind| kind.escaped() != "custom") {
            return Err(unsupported(
                format_args!("{at}.type"),
                format_args!(
                    "`{}` is a tool that only Anthropic's models have",
                    kind.escaped()
                ),
            ));
        }
        for (key, value) in others {
            let is_default = matches!(value, "false" | "[]" | r#"["direct"]"#);
            if !is_default {
                losses.dropped(format!("{at}.{key}"));
            }
        }
        let Some(name) = name else {
            return Err(field::missing(format_args!("{at}.name")));
        };
        tool.name = Cow::Owned(name.decode().into_owned());
        tool.at = at;
        request.tools.push(tool);
        Ok(())
    })
}

/// Reads `tool_choice`.
pub(super) fn choice<'a>(
    cursor: &mut Cursor<'a>,
    choice: &mut ToolChoice<'a>,
) -> Result<(), Refusal> {
    let name = "tool_choice";
    let mut kind = None;
    let mut tool = None;
    let mut one_at_a_time = None;
    let is_there = field::object(cursor, name, |cursor, key| {
        match key {
            "type" => kind = field::text(cursor, "tool_choice.type")?,
            "name" => tool = field::text(cursor, "tool_choice.name")?,
            "disable_parallel_tool_use" => {
                one_at_a_time = field::flag(cursor, "tool_choice.disable_parallel_tool_use")?;
            }
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    if !is_there {
        return Ok(());
    }
    let value = match (kind.as_ref().map(Text::escaped), tool) {
        (Some("auto"), _) => Choice::Auto,
        (Some("any"), _) => Choice::Required,
        (Some("none"), _) => Choice::None,
        (Some("tool"), Some(tool)) => Choice::Named(Cow::Owned(tool.decode().into_owned())),
        (Some("tool"), None) => return Err(field::missing("tool_choice.name")),
        _ => {
            return Err(field::wrong(
                "tool_choice.type",
                "`auto`, `any`, `tool` or `none`",
            ));
        }
    };
    choice.choice = Some(Named { value, name });
    choice.one_at_a_time = one_at_a_time.map(|value| Named {
        value,
        name: "tool_choice.disable_parallel_tool_use",
    });
    Ok(())
}
