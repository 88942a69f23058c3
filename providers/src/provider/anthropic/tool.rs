//! `tools` and `tool_choice`.

use super::cache::Marks;
use super::models::Facts;
use super::schema;
use crate::canonical::{Choice, Losses, Names, Request, unsupported};
use crate::wire::json::Writer;
use tollgate_domain::Refusal;

/// Writes the tools that may be called.
pub(super) fn write_tools(
    request: &Request<'_>,
    facts: &Facts,
    names: &mut Names,
    marks: &mut Marks,
    writer: &mut Writer,
    losses: &mut Losses,
) {
    let allowed = |name: &str| request.choice.allows(name);
    if !request.tools.iter().any(|tool| allowed(&tool.name)) {
        return;
    }
    writer.key("tools");
    writer.array(|w| {
        for tool in request.tools.iter().filter(|tool| allowed(&tool.name)) {
            names.note(&tool.name);
            w.object(|w| {
                w.field("name", &names.outward(&tool.name));
                if let Some(description) = &tool.description {
                    description.field(w, "description");
                }
                w.key("input_schema");
                let arguments = schema::of_arguments(tool.schema);
                if tool.is_strict && facts.has_schema {
                    w.raw(&schema::rewrite(&arguments, None));
                    w.field_raw("strict", "true");
                } else {
                    w.raw(&arguments);
                    if tool.is_strict {
                        losses.dropped(format!("{}.strict", tool.at));
                    }
                }
                marks.write(tool.cache, w);
            });
        }
    });
}

/// Writes which tools must be called. Where the model refuses to be made to, it is asked to in words.
pub(super) fn write_choice(
    request: &Request<'_>,
    facts: &Facts,
    names: &Names,
    writer: &mut Writer,
    losses: &mut Losses,
) -> Result<(), Refusal> {
    let choice = &request.choice;
    let has_tools = request.tools.iter().any(|tool| choice.allows(&tool.name));
    if !has_tools {
        return match &choice.choice {
            Some(named) if choice.is_forced() => Err(unsupported(
                named.name,
                "a tool must be called, but the request has none that may be",
            )),
            Some(named)
                if choice
                    .allowed
                    .as_ref()
                    .is_some_and(|names| !names.is_empty()) =>
            {
                Err(unsupported(
                    named.name,
                    "the request has none of the tools that it allows",
                ))
            }
            _ => Ok(()),
        };
    }
    let one_at_a_time = choice.one_at_a_time.is_some_and(|one| one.value);
    let (kind, tool) = match choice.choice.as_ref().map(|choice| &choice.value) {
        None if one_at_a_time => ("auto", None),
        None => return Ok(()),
        Some(Choice::Auto) => ("auto", None),
        Some(Choice::None) => ("none", None),
        Some(Choice::Required | Choice::Named(_)) if !facts.has_forced_tool => {
            losses.weakened(
                choice
                    .choice
                    .as_ref()
                    .map_or("tool_choice", |named| named.name),
            );
            ("auto", None)
        }
        Some(Choice::Required) => ("any", None),
        Some(Choice::Named(name)) => {
            if !request.tools.iter().any(|tool| tool.name == *name) {
                let why = format!("no tool of the request is named `{name}`");
                return Err(unsupported("tool_choice", why));
            }
            ("tool", Some(names.outward(name)))
        }
    };
    writer.key("tool_choice");
    writer.object(|w| {
        w.field("type", kind);
        if let Some(tool) = tool {
            w.field("name", &tool);
        }
        if one_at_a_time && kind != "none" {
            w.field_raw("disable_parallel_tool_use", "true");
        }
    });
    Ok(())
}

/// The words that ask for a call where a model can't be made to.
pub(super) fn choice_in_words(
    request: &Request<'_>,
    facts: &Facts,
    names: &Names,
) -> Option<String> {
    if facts.has_forced_tool {
        return None;
    }
    match &request.choice.choice.as_ref()?.value {
        Choice::Required => Some("You must answer by calling one of the tools.".to_owned()),
        Choice::Named(name) => Some(format!(
            "You must answer by calling the tool `{}`.",
            names.outward(name)
        )),
        Choice::Auto | Choice::None => None,
    }
}
