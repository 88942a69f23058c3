//! Everything of a request but what was said: lengths, sampling, effort, tools, the answer's form.

use super::models::{Facts, Off, When};
use super::schema::is_strict;
use crate::canonical::{
    Choice, Effort, Losses, Mode, Names, Request, Shape, Text, Tier, unsupported,
};
use crate::provider::anthropic::effort_of;
use crate::wire::json::Writer;
use tollgate_domain::Refusal;

/// The longest `safety_identifier`, in characters.
const USER_MAX: usize = 128;

const STOP_MAX: usize = 4;

pub(super) fn write_max(
    request: &Request<'_>,
    facts: &Facts,
    most: Option<u64>,
    w: &mut Writer,
    losses: &mut Losses,
) {
    let Some(asked) = request.max_output else {
        return;
    };
    // 0 is Anthropic's way to warm a cache.
    let taken = asked
        .value
        .min(most.filter(|most| *most > 0).unwrap_or(u64::MAX))
        .max(1);
    if taken != asked.value {
        losses.clamped(asked.name);
    }
    let key = if facts.is_foreign {
        "max_tokens"
    } else {
        "max_completion_tokens"
    };
    w.field_count(key, taken);
}

pub(super) fn write_stop(
    request: &Request<'_>,
    facts: &Facts,
    w: &mut Writer,
    losses: &mut Losses,
) -> Result<(), Refusal> {
    let stop: Vec<_> = request
        .stop
        .iter()
        .filter(|text| !text.is_empty())
        .collect();
    if stop.len() > STOP_MAX {
        let why = format!("the target takes {STOP_MAX} at most, not {}", stop.len());
        return Err(unsupported("stop_sequences", why));
    }
    if stop.is_empty() {
        return Ok(());
    }
    if !facts.has_stop {
        losses.dropped("stop_sequences");
        return Ok(());
    }
    w.key("stop");
    w.array(|w| stop.iter().for_each(|text| text.write(w)));
    Ok(())
}

/// Writes the effort; whether the model will reason.
pub(super) fn write_effort(
    request: &Request<'_>,
    facts: &Facts,
    w: &mut Writer,
    losses: &mut Losses,
) -> bool {
    let effort = if facts.tools_stop_reasoning && !request.tools.is_empty() {
        let reasoning = &request.reasoning;
        let mode = reasoning.mode.filter(|mode| !is_off(mode.value));
        let effort = reasoning.effort.map(|effort| effort.name);
        for name in [mode.map(|mode| mode.name), effort].into_iter().flatten() {
            losses.dropped(name);
        }
        Some("none")
    } else {
        effort(request, facts, losses)
    };
    if let Some(effort) = effort {
        w.field("reasoning_effort", effort);
    }
    effort.is_some_and(|effort| effort != "none")
}

fn is_off(mode: Mode) -> bool {
    matches!(mode, Mode::Off | Mode::BetweenTools)
}

fn effort(request: &Request<'_>, facts: &Facts, losses: &mut Losses) -> Option<&'static str> {
    let reasoning = &request.reasoning;
    let effort = reasoning.effort;
    let (wanted, name) = match (reasoning.mode, effort) {
        (None, None) => return None,
        (Some(mode), _) if is_off(mode.value) => {
            if let Some(effort) = effort {
                losses.dropped(effort.name);
            }
            return match facts.off {
                Off::ByItself => None,
                Off::None => Some("none"),
                Off::Least => {
                    losses.weakened(mode.name);
                    facts.efforts.first().map(|least| least.name())
                }
                Off::Unknown => {
                    losses.dropped(mode.name);
                    None
                }
            };
        }
        (_, Some(effort)) => (effort.value, effort.name),
        (Some(mode), None) => match mode.value {
            Mode::Budget(budget) => {
                if !facts.efforts.is_empty() {
                    losses.weakened(mode.name);
                }
                (effort_of(budget), mode.name)
            }
            // What adaptive thinking does unless told otherwise.
            _ => (Effort::High, mode.name),
        },
    };
    let nearest = wanted.nearest(facts.efforts);
    match nearest {
        None => losses.dropped(name),
        Some(nearest) if nearest != wanted => losses.clamped(name),
        Some(_) => {}
    }
    nearest.map(Effort::name)
}

pub(super) fn write_sampling(
    request: &Request<'_>,
    facts: &Facts,
    is_reasoning: bool,
    w: &mut Writer,
    losses: &mut Losses,
) {
    let sampling = &request.sampling;
    let is_taken = match facts.sampling {
        When::Always => true,
        When::NotReasoning => !is_reasoning,
        When::Never => false,
    };
    for (key, value) in [
        ("temperature", sampling.temperature),
        ("top_p", sampling.top_p),
    ] {
        let Some(value) = value else { continue };
        if is_taken {
            w.field_raw(key, value);
        } else if value.parse::<f64>() != Ok(1.0) {
            losses.dropped(key);
        }
    }
    if sampling.top_k.is_some() {
        losses.dropped("top_k");
    }
}

pub(super) fn write_tools(
    request: &Request<'_>,
    facts: &Facts,
    names: &mut Names,
    w: &mut Writer,
    losses: &mut Losses,
) {
    if request.tools.is_empty() {
        return;
    }
    w.key("tools");
    w.array(|w| {
        for tool in &request.tools {
            names.note(&tool.name);
            if tool.cache.is_some() {
                losses.dropped("cache_control");
            }
            w.object(|w| {
                w.field("type", "function");
                w.key("function");
                w.object(|w| {
                    w.field("name", &names.outward(&tool.name));
                    if let Some(description) = &tool.description {
                        description.field(w, "description");
                    }
                    let schema = tool
                        .schema
                        .unwrap_or(r#"{"type":"object","properties":{}}"#);
                    w.field_raw("parameters", schema);
                    if tool.is_strict && is_strict(schema) {
                        w.field_raw("strict", "true");
                    } else if tool.is_strict {
                        losses.dropped(format!("{}.strict", tool.at));
                    }
                });
            });
        }
    });
    let one_at_a_time = request.choice.one_at_a_time.is_some_and(|one| one.value);
    if one_at_a_time && facts.has_parallel {
        w.field_raw("parallel_tool_calls", "false");
    }
}

pub(super) fn write_choice(
    request: &Request<'_>,
    names: &Names,
    w: &mut Writer,
) -> Result<(), Refusal> {
    let Some(named) = &request.choice.choice else {
        return Ok(());
    };
    if request.tools.is_empty() {
        return match request.choice.is_forced() {
            true => Err(unsupported(
                named.name,
                "a tool must be called, but the request has none",
            )),
            false => Ok(()),
        };
    }
    match &named.value {
        Choice::Auto => w.field("tool_choice", "auto"),
        Choice::None => w.field("tool_choice", "none"),
        Choice::Required => w.field("tool_choice", "required"),
        Choice::Named(name) if request.tools.iter().any(|tool| tool.name == *name) => {
            w.key("tool_choice");
            w.object(|w| {
                w.field("type", "function");
                w.key("function");
                w.object(|w| w.field("name", &names.outward(name)));
            });
        }
        Choice::Named(name) => {
            let why = format!("no tool of the request is named `{name}`");
            return Err(unsupported(named.name, why));
        }
    }
    Ok(())
}

pub(super) fn write_shape(request: &Request<'_>, w: &mut Writer, losses: &mut Losses) {
    let Some(shape) = &request.shape else { return };
    w.key("response_format");
    w.object(|w| match &shape.value {
        Shape::Object => w.field("type", "json_object"),
        Shape::Schema {
            schema,
            description,
        } => {
            w.field("type", "json_schema");
            w.key("json_schema");
            w.object(|w| {
                w.field("name", "answer");
                if let Some(description) = description {
                    description.field(w, "description");
                }
                w.field_raw("schema", schema);
                if is_strict(schema) {
                    w.field_raw("strict", "true");
                } else {
                    // The schema is then a wish.
                    losses.weakened(shape.name);
                }
            });
        }
    });
}

pub(super) fn write_user(
    request: &Request<'_>,
    facts: &Facts,
    w: &mut Writer,
    losses: &mut Losses,
) {
    let is_said = |text: &Text<'_>| !text.is_blank();
    let Some(user) = request.user.as_ref().filter(|user| is_said(&user.value)) else {
        return;
    };
    w.key(if facts.is_foreign {
        "user"
    } else {
        "safety_identifier"
    });
    let text = user.value.decode();
    match text.char_indices().nth(USER_MAX) {
        Some((end, _)) => {
            losses.clamped(user.name);
            w.string(text.get(..end).unwrap_or_default());
        }
        None => w.string(&text),
    }
}

pub(super) fn write_tier(request: &Request<'_>, w: &mut Writer, losses: &mut Losses) {
    match request.tier {
        None => {}
        Some(Tier::Auto) => w.field("service_tier", "auto"),
        Some(Tier::Standard) => w.field("service_tier", "default"),
        Some(Tier::Priority) => w.field("service_tier", "priority"),
        Some(Tier::Flex) => w.field("service_tier", "flex"),
        Some(Tier::Other) => losses.dropped("service_tier"),
    }
}
