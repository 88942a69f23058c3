//! The canonical request as the body of `POST /v1/messages`, by the table in `docs/TRANSLATION.md`.

use super::cache::Marks;
use super::history::{self, History, Reader};
use super::message::Conversation;
use super::models::{self, Facts, Thinks};
use super::reasoning::Plan;
use super::{NAME_MAX, schema, tool};
use crate::canonical::{
    Block, Effort, Kind, Losses, Mode, Names, Request, Role, Sampling, Shape, Text, Tier, Turn,
    unsupported,
};
use crate::wire::json::Writer;
use crate::{NoMemory, TargetModel, ThinkingMemory};
use tollgate_domain::Refusal;

/// The largest answer asked for where neither the caller nor the price table says.
const MAX_TOKENS: u64 = 8192;

/// About the bytes of a request beside its text.
const ENVELOPE: usize = 512;

/// The longest `metadata.user_id`, in characters.
const USER_MAX: usize = 256;

/// A request as Anthropic reads it.
pub(crate) struct Written {
    pub(crate) body: Vec<u8>,
    pub(crate) names: Names,
    /// Whether the model will think, so that its thinking has to be kept for the next turn.
    pub(crate) thinks: bool,
}

/// Writes the body for a model.
pub(crate) fn write(
    mut request: Request<'_>,
    model: &str,
    is_stream: bool,
    target: &TargetModel<'_>,
    memory: &dyn ThinkingMemory,
    losses: &mut Losses,
) -> Result<Written, Refusal> {
    refuse(&request)?;
    let facts = models::facts(model, target.facts);
    let max_tokens = max_tokens(&request, target, losses);
    let mode = request.reasoning.mode.map(|mode| mode.value);
    let is_off = match facts.thinks {
        Thinks::Never => true,
        Thinks::Always => false,
        _ => mode == Some(Mode::Off),
    };
    let reader = Reader {
        provider: target.provider,
        model,
        memory: if is_off { &NoMemory } else { memory },
    };
    let history = History::restore(&mut request, reader, losses);
    let plan = Plan::new(&request, &facts, max_tokens, history.in_loop, losses);
    let thinks = plan.thinks(&facts);
    if thinks || plan.was_given_up(&request, history.in_loop) {
        history.name_missed(&facts, losses);
    }
    if !thinks && (plan == Plan::Disabled || facts.thinks == Thinks::Never) {
        history::forget(&mut request, losses);
    }
    let mut names = Names::within(NAME_MAX);
    let mut marks = Marks::of(&request, losses);
    let mut w = Writer::with_capacity(ENVELOPE + request.about_bytes() as usize);
    let mut result = Ok(());
    w.object(|w| {
        w.field("model", model);
        w.field_count("max_tokens", max_tokens);
        if is_stream {
            w.field_raw("stream", "true");
        }
        tool::write_tools(&request, &facts, &mut names, &mut marks, w, losses);
        result = write_said(&mut request, &facts, &names, &mut marks, w, losses)
            .and_then(|()| tool::write_choice(&request, &facts, &names, w, losses));
        plan.write(w);
        write_output_config(&request, &facts, plan.effort(), w, losses);
        write_stop(&request.stop, w, losses);
        write_sampling(&request.sampling, &facts, plan.is_on(), w, losses);
        write_user(&request, w, losses);
        write_tier(request.tier, w, losses);
    });
    result?;
    Ok(Written {
        body: w.finish(),
        names,
        thinks: plan.thinks(&facts),
    })
}

/// What no answer of this provider could be.
fn refuse(request: &Request<'_>) -> Result<(), Refusal> {
    if request.choices.is_some_and(|choices| choices > 1) {
        return Err(unsupported("n", "the target gives one answer a request"));
    }
    if let Some(name) = request.logprobs {
        return Err(unsupported(name, "the target has no log probabilities"));
    }
    if let Some(name) = request.audio {
        return Err(unsupported(name, "the target has no audio"));
    }
    if let Some(name) = request.web_search {
        return Err(unsupported(
            name,
            "the target does not search the web for chats",
        ));
    }
    Ok(())
}

fn max_tokens(request: &Request<'_>, target: &TargetModel<'_>, losses: &mut Losses) -> u64 {
    let most = target.facts.max_output.filter(|most| *most > 0);
    match (request.max_output, most) {
        (Some(asked), Some(most)) if asked.value > most => {
            losses.clamped(asked.name);
            most
        }
        (Some(asked), _) => asked.value,
        (None, most) => most.unwrap_or(MAX_TOKENS),
    }
}

fn write_said(
    request: &mut Request<'_>,
    facts: &Facts,
    names: &Names,
    marks: &mut Marks,
    w: &mut Writer,
    losses: &mut Losses,
) -> Result<(), Refusal> {
    let words: Vec<String> = [
        tool::choice_in_words(request, facts, names),
        shape_in_words(request, facts, losses),
    ]
    .into_iter()
    .flatten()
    .collect();
    let is_only_system = request.turns.iter().all(|turn| turn.blocks.is_empty());
    if is_only_system && let Some(first) = request.system.first() {
        // Instructions alone are what the user says.
        let at = first.at;
        losses.weakened(at.to_string());
        let blocks = std::mem::take(&mut request.system);
        let role = Role::User;
        request.turns = vec![Turn { at, role, blocks }];
    }
    write_system(&request.system, &words, marks, w)?;
    let conversation = Conversation::of(request, facts, losses)?;
    if conversation.is_empty() {
        return Err(unsupported("messages", "there is nothing to answer"));
    }
    conversation.write(names, marks, w, losses)
}

fn write_system(
    system: &[Block<'_>],
    words: &[String],
    marks: &mut Marks,
    w: &mut Writer,
) -> Result<(), Refusal> {
    let mut texts = Vec::new();
    for block in system {
        match &block.kind {
            Kind::Text(text) => texts.push((text, block.cache)),
            _ => return Err(unsupported(block.at, "instructions can only be text")),
        }
    }
    let is_blank = |(text, _): &(&Text<'_>, _)| text.is_blank();
    if texts.iter().all(is_blank) && words.is_empty() {
        return Ok(());
    }
    w.key("system");
    if let ([(text, None)], []) = (texts.as_slice(), words) {
        text.write(w);
        return Ok(());
    }
    w.array(|w| {
        for (text, cache) in texts.iter().filter(|text| !is_blank(text)) {
            w.object(|w| {
                w.field("type", "text");
                text.field(w, "text");
                marks.write(*cache, w);
            });
        }
        for words in words {
            w.object(|w| {
                w.field("type", "text");
                w.field("text", words);
            });
        }
    });
    Ok(())
}

/// The form of the answer in words, where the provider has no field for it.
fn shape_in_words(request: &Request<'_>, facts: &Facts, losses: &mut Losses) -> Option<String> {
    let shape = request.shape.as_ref()?;
    let words = match &shape.value {
        Shape::Object => "Answer with one JSON object and nothing else.".to_owned(),
        Shape::Schema { .. } if facts.has_schema => return None,
        Shape::Schema { schema, .. } => {
            format!("Answer with JSON and nothing else. It must fit this JSON schema:\n{schema}")
        }
    };
    losses.weakened(shape.name);
    Some(words)
}

fn write_output_config(
    request: &Request<'_>,
    facts: &Facts,
    effort: Option<Effort>,
    w: &mut Writer,
    losses: &mut Losses,
) {
    let shape = request.shape.as_ref().filter(|_| facts.has_schema);
    let schema = shape.and_then(|shape| {
        let Shape::Schema {
            schema,
            description,
        } = &shape.value
        else {
            return None;
        };
        if schema::has_maps(schema) {
            losses.weakened(shape.name);
        }
        let description = description.as_ref().map(Text::escaped);
        Some(schema::rewrite(schema, description))
    });
    if effort.is_none() && schema.is_none() {
        return;
    }
    w.key("output_config");
    w.object(|w| {
        if let Some(effort) = effort {
            w.field("effort", effort.name());
        }
        if let Some(schema) = schema {
            w.key("format");
            w.object(|w| {
                w.field("type", "json_schema");
                w.field_raw("schema", &schema);
            });
        }
    });
}

/// Stop sequences; those of nothing but white space are refused there.
fn write_stop(stop: &[Text<'_>], w: &mut Writer, losses: &mut Losses) {
    if stop.iter().any(|text| text.is_blank() && !text.is_empty()) {
        losses.dropped("stop");
    }
    if stop.iter().all(Text::is_blank) {
        return;
    }
    w.key("stop_sequences");
    w.array(|w| {
        for text in stop.iter().filter(|text| !text.is_blank()) {
            text.write(w);
        }
    });
}

fn write_sampling(
    sampling: &Sampling<'_>,
    facts: &Facts,
    is_thinking: bool,
    w: &mut Writer,
    losses: &mut Losses,
) {
    let number = |value: &str| value.parse::<f64>().unwrap_or(0.0);
    let has_temperature = sampling.temperature.is_some();
    if let Some(value) = sampling.temperature {
        match number(value) {
            // What it is anyway.
            1.0 if is_thinking || !facts.has_sampling => {}
            _ if is_thinking || !facts.has_sampling => losses.dropped("temperature"),
            temperature if temperature > 1.0 => {
                losses.clamped("temperature");
                w.field_raw("temperature", "1");
            }
            _ => w.field_raw("temperature", value),
        }
    }
    if let Some(value) = sampling.top_p {
        let is_refused = !facts.has_sampling
            || (is_thinking && number(value) < 0.95)
            || (has_temperature && !facts.has_both_samplings);
        if !is_refused {
            w.field_raw("top_p", value);
        } else if number(value) != 1.0 {
            losses.dropped("top_p");
        }
    }
    if let Some(value) = sampling.top_k {
        if facts.has_sampling && !is_thinking {
            w.field_raw("top_k", value);
        } else {
            losses.dropped("top_k");
        }
    }
    let is_said = |value: Option<&str>| value.is_some_and(|value| number(value) != 0.0);
    if sampling.seed.is_some() {
        losses.dropped("seed");
    }
    if is_said(sampling.frequency_penalty) {
        losses.dropped("frequency_penalty");
    }
    if is_said(sampling.presence_penalty) {
        losses.dropped("presence_penalty");
    }
    let bias = sampling.logit_bias.map(str::trim).unwrap_or("{}");
    if bias
        .get(1..bias.len().saturating_sub(1))
        .is_some_and(|inside| !inside.trim().is_empty())
    {
        losses.dropped("logit_bias");
    }
}

fn write_user(request: &Request<'_>, w: &mut Writer, losses: &mut Losses) {
    let Some(user) = request.user.as_ref().filter(|user| !user.value.is_blank()) else {
        return;
    };
    w.key("metadata");
    w.object(|w| {
        w.key("user_id");
        let text = user.value.decode();
        match text.char_indices().nth(USER_MAX) {
            Some((end, _)) => {
                losses.clamped(user.name);
                w.string(text.get(..end).unwrap_or_default());
            }
            None => w.string(&text),
        }
    });
}

fn write_tier(tier: Option<Tier>, w: &mut Writer, losses: &mut Losses) {
    match tier {
        None => {}
        Some(Tier::Auto) => w.field("service_tier", "auto"),
        Some(Tier::Standard) => w.field("service_tier", "standard_only"),
        Some(Tier::Priority) => {
            losses.weakened("service_tier");
            w.field("service_tier", "auto");
        }
        Some(Tier::Flex | Tier::Other) => losses.dropped("service_tier"),
    }
}
