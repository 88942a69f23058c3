//! `tools`, `functions`, and whether they must be called.

use crate::canonical::{Choice, Named, Request, Text, Tool, ToolChoice, unsupported};
use crate::dialect::{anthropic, field};
use crate::wire::json::Cursor;
use std::borrow::Cow;
use tollgate_domain::Refusal;

/// Reads `tools`.
pub(super) fn tools<'a>(cursor: &mut Cursor<'a>, request: &mut Request<'a>) -> Result<(), Refusal> {
    field::list(cursor, "tools", |cursor, index| {
        let at = format!("tools[{index}]");
        let mut kind = None;
        let mut tool = None;
        let mut cache = None;
        field::object(cursor, &at, |cursor, key| {
            match key {
                "type" => kind = field::text(cursor, format_args!("{at}.type"))?,
                "function" => tool = Some(function(cursor, format!("{at}.function"))?),
                "cache_control" => cache = anthropic::cache_control(cursor, &at)?,
                _ => cursor.skip()?,
            }
            Ok(())
        })?;
        match (kind.as_ref().map(Text::escaped), tool) {
            (Some("function") | None, Some(tool)) => request.tools.push(Tool {
                at,
                cache: cache.or(tool.cache),
                ..tool
            }),
            (Some("function") | None, None) => {
                return Err(field::missing(format_args!("{at}.function")));
            }
            (Some(other), _) => {
                let why = format!("tools of type `{other}` are not known to the target");
                return Err(unsupported(at, why));
            }
        }
        Ok(())
    })
}

/// Reads `functions`, which came before `tools`.
pub(super) fn functions<'a>(
    cursor: &mut Cursor<'a>,
    request: &mut Request<'a>,
) -> Result<(), Refusal> {
    field::list(cursor, "functions", |cursor, index| {
        let tool = function(cursor, format!("functions[{index}]"))?;
        request.tools.push(tool);
        Ok(())
    })
}

fn function<'a>(cursor: &mut Cursor<'a>, at: String) -> Result<Tool<'a>, Refusal> {
    let mut name = None;
    let mut tool = Tool {
        at: String::new(),
        name: Cow::Borrowed(""),
        description: None,
        schema: None,
        is_strict: false,
        cache: None,
    };
    field::object(cursor, &at, |cursor, key| {
        match key {
            "name" => name = named(cursor, format_args!("{at}.name"))?,
            "description" => {
                tool.description = field::text(cursor, format_args!("{at}.description"))?;
            }
            "parameters" => {
                tool.schema = field::raw_object(cursor, format_args!("{at}.parameters"))?;
            }
            "strict" => {
                let strict = field::flag(cursor, format_args!("{at}.strict"))?;
                tool.is_strict = strict.unwrap_or(false);
            }
            "cache_control" => tool.cache = anthropic::cache_control(cursor, &at)?,
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    match name {
        Some(name) => Ok(Tool { at, name, ..tool }),
        None => Err(field::missing(format_args!("{at}.name"))),
    }
}

fn named<'a>(
    cursor: &mut Cursor<'a>,
    name: impl std::fmt::Display,
) -> Result<Option<Cow<'a, str>>, Refusal> {
    let text = field::text(cursor, name)?;
    Ok(text.map(|text| Cow::Owned(text.decode().into_owned())))
}

const NAME: &str = "tool_choice";

/// Reads `tool_choice`.
pub(super) fn choice<'a>(
    cursor: &mut Cursor<'a>,
    choice: &mut ToolChoice<'a>,
) -> Result<(), Refusal> {
    if cursor.peek() == Some(b'"') {
        let value = match Text::read(cursor)?.escaped() {
            "auto" => Choice::Auto,
            "none" => Choice::None,
            "required" => Choice::Required,
            _ => {
                return Err(field::wrong(
                    NAME,
                    "`none`, `auto`, `required` or an object",
                ));
            }
        };
        choice.choice = Some(Named { value, name: NAME });
        return Ok(());
    }
    let mut function = None;
    let mut kind = None;
    let mut allowed = None;
    let is_there = field::object(cursor, NAME, |cursor, key| {
        match key {
            "type" => kind = field::text(cursor, "tool_choice.type")?,
            "function" => function = function_name(cursor, "tool_choice.function")?,
            "allowed_tools" => allowed = Some(allowed_tools(cursor)?),
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    if !is_there {
        return Ok(());
    }
    let value = match (kind.as_ref().map(Text::escaped), function, allowed) {
        (Some("function") | None, Some(name), _) => Choice::Named(name),
        (Some("allowed_tools"), _, Some((value, names))) => {
            choice.allowed = Some(names.into_iter().collect());
            value
        }
        (Some("custom"), ..) => return Err(unsupported(NAME, "the target has no custom tools")),
        _ => return Err(field::wrong(NAME, "of type `function` or `allowed_tools`")),
    };
    choice.choice = Some(Named { value, name: NAME });
    Ok(())
}

/// Reads `function_call`, which came before `tool_choice`.
pub(super) fn legacy_choice<'a>(
    cursor: &mut Cursor<'a>,
    choice: &mut ToolChoice<'a>,
) -> Result<(), Refusal> {
    let name = "function_call";
    let value = if cursor.peek() == Some(b'"') {
        match Text::read(cursor)?.escaped() {
            "auto" => Choice::Auto,
            "none" => Choice::None,
            _ => return Err(field::wrong(name, "`none`, `auto` or an object")),
        }
    } else {
        match function_name(cursor, name)? {
            Some(function) => Choice::Named(function),
            None => return Ok(()),
        }
    };
    choice.choice = Some(Named { value, name });
    Ok(())
}

fn function_name<'a>(cursor: &mut Cursor<'a>, at: &str) -> Result<Option<Cow<'a, str>>, Refusal> {
    let mut name = None;
    let is_there = field::object(cursor, at, |cursor, key| {
        match key {
            "name" => name = named(cursor, format_args!("{at}.name"))?,
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    match (is_there, name) {
        (true, None) => Err(field::missing(format_args!("{at}.name"))),
        (_, name) => Ok(name),
    }
}

fn allowed_tools<'a>(cursor: &mut Cursor<'a>) -> Result<(Choice<'a>, Vec<Cow<'a, str>>), Refusal> {
    let at = "tool_choice.allowed_tools";
    let mut mode = Choice::Auto;
    let mut names = Vec::new();
    field::object(cursor, at, |cursor, key| {
        match key {
            "mode" => {
                let text = field::text(cursor, format_args!("{at}.mode"))?;
                if text.is_some_and(|text| text.escaped() == "required") {
                    mode = Choice::Required;
                }
            }
            "tools" => field::list(cursor, format_args!("{at}.tools"), |cursor, index| {
                let at = format!("{at}.tools[{index}]");
                field::object(cursor, &at, |cursor, key| {
                    match key {
                        "function" => {
                            names.extend(function_name(cursor, &format!("{at}.function"))?);
                        }
                        "name" => names.extend(named(cursor, format_args!("{at}.name"))?),
                        _ => cursor.skip()?,
                    }
                    Ok(())
                })?;
                Ok(())
            })?,
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    Ok((mode, names))
}
