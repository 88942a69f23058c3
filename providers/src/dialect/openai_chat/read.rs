//! The body of `POST /v1/chat/completions` into the canonical form.

use super::{message, tool};
use crate::canonical::{Effort, Losses, Mode, Named, Request, Shape, Text, Tier};
use crate::dialect::{anthropic, field};
use crate::wire::json::Cursor;
use tollgate_domain::Refusal;

/// A request, and what of it concerns the answer's form alone.
#[derive(Debug, Default)]
pub(crate) struct Read<'a> {
    pub(crate) request: Request<'a>,
    /// The caller knows `functions` only, not `tools`.
    pub(crate) is_legacy: bool,
}

/// What is settled when every field has been seen.
#[derive(Default)]
struct Pending<'a> {
    max_tokens: Option<u64>,
    user: Option<Text<'a>>,
    metadata_user: Option<Text<'a>>,
    logprobs: bool,
    has_messages: bool,
    parallel: Option<bool>,
}

/// Reads a body.
pub(crate) fn read<'a>(body: &'a [u8], losses: &mut Losses) -> Result<Read<'a>, Refusal> {
    let mut read = Read::default();
    let mut pending = Pending::default();
    let mut cursor = Cursor::new(body)?;
    cursor.object(|cursor, key| field(cursor, key, &mut read, &mut pending, losses))?;
    settle(&mut read, pending)?;
    Ok(read)
}

fn field<'a>(
    cursor: &mut Cursor<'a>,
    key: &str,
    read: &mut Read<'a>,
    pending: &mut Pending<'a>,
    losses: &mut Losses,
) -> Result<(), Refusal> {
    let request = &mut read.request;
    let sampling = &mut request.sampling;
    match key {
        // Read by `Call::scan`.
        "model" | "stream" => cursor.skip()?,
        "stream_options" => cursor.skip()?,
        "messages" => {
            pending.has_messages = true;
            message::read(cursor, request, losses)?;
        }
        "max_completion_tokens" => {
            if let Some(value) = field::whole(cursor, key)? {
                let name = "max_completion_tokens";
                request.max_output = Some(Named { value, name });
            }
        }
        "max_tokens" => pending.max_tokens = field::whole(cursor, key)?,
        "temperature" => sampling.temperature = field::number(cursor, key)?,
        "top_p" => sampling.top_p = field::number(cursor, key)?,
        // Not OpenAI's own, but many compatible servers take it.
        "top_k" => sampling.top_k = field::number(cursor, key)?,
        "seed" => sampling.seed = field::number(cursor, key)?,
        "frequency_penalty" => sampling.frequency_penalty = field::number(cursor, key)?,
        "presence_penalty" => sampling.presence_penalty = field::number(cursor, key)?,
        "logit_bias" => sampling.logit_bias = field::raw_object(cursor, key)?,
        "stop" => stop(cursor, request)?,
        "n" => request.choices = field::whole(cursor, key)?,
        "logprobs" => pending.logprobs |= field::flag(cursor, key)?.unwrap_or(false),
        "top_logprobs" => {
            if field::whole(cursor, key)?.is_some_and(|count| count > 0) {
                request.logprobs = Some("top_logprobs");
            }
        }
        "modalities" => field::list(cursor, key, |cursor, _| {
            if field::text(cursor, key)?.is_some_and(|kind| kind.escaped() != "text") {
                request.audio = Some("modalities");
            }
            Ok(())
        })?,
        "audio" => {
            if field::raw(cursor)?.is_some() {
                request.audio = request.audio.or(Some("audio"));
            }
        }
        "web_search_options" => {
            if field::raw(cursor)?.is_some() {
                request.web_search = Some("web_search_options");
            }
        }
        "response_format" => response_format(cursor, request)?,
        "reasoning_effort" => effort(cursor, request)?,
        // What LiteLLM's and our own callers send beside the standard fields.
        "thinking" => anthropic::thinking(cursor, &mut request.reasoning)?,
        "tools" => tool::tools(cursor, request)?,
        "functions" => {
            read.is_legacy = true;
            tool::functions(cursor, request)?;
        }
        "tool_choice" => tool::choice(cursor, &mut request.choice)?,
        "function_call" => tool::legacy_choice(cursor, &mut request.choice)?,
        "parallel_tool_calls" => pending.parallel = field::flag(cursor, key)?,
        "service_tier" => request.tier = tier(cursor)?,
        "safety_identifier" => {
            if let Some(value) = field::text(cursor, key)? {
                let name = "safety_identifier";
                request.user = Some(Named { value, name });
            }
        }
        "user" => pending.user = field::text(cursor, key)?,
        "metadata" => pending.metadata_user = metadata(cursor, losses)?,
        "store" => {
            if field::flag(cursor, key)? == Some(true) {
                losses.dropped("store");
            }
        }
        _ => {
            if field::raw(cursor)?.is_some() {
                losses.dropped(key.to_owned());
            }
        }
    }
    Ok(())
}

fn settle<'a>(read: &mut Read<'a>, pending: Pending<'a>) -> Result<(), Refusal> {
    let request = &mut read.request;
    if !pending.has_messages {
        return Err(field::missing("messages"));
    }
    if let (None, Some(value)) = (request.max_output, pending.max_tokens) {
        let name = "max_tokens";
        request.max_output = Some(Named { value, name });
    }
    let users = [
        (pending.user, "user"),
        (pending.metadata_user, "metadata.user_id"),
    ];
    for (value, name) in users {
        if let (None, Some(value)) = (&request.user, value) {
            request.user = Some(Named { value, name });
        }
    }
    if pending.logprobs {
        request.logprobs = Some("logprobs");
    }
    // A `function_call` holds one call.
    let one = match pending.parallel {
        Some(parallel) => Some((!parallel, "parallel_tool_calls")),
        None => (read.is_legacy && !request.tools.is_empty()).then_some((true, "functions")),
    };
    request.choice.one_at_a_time = one.map(|(value, name)| Named { value, name });
    Ok(())
}

fn stop<'a>(cursor: &mut Cursor<'a>, request: &mut Request<'a>) -> Result<(), Refusal> {
    if cursor.peek() == Some(b'"') {
        request.stop = vec![Text::read(cursor)?];
        return Ok(());
    }
    let mut list = Vec::new();
    field::list(cursor, "stop", |cursor, index| {
        let text = field::text(cursor, format_args!("stop[{index}]"))?;
        list.extend(text);
        Ok(())
    })?;
    request.stop = list;
    Ok(())
}

fn response_format<'a>(cursor: &mut Cursor<'a>, request: &mut Request<'a>) -> Result<(), Refusal> {
    const NAME: &str = "response_format";
    let mut kind = None;
    let mut schema = None;
    let mut description = None;
    field::object(cursor, NAME, |cursor, key| {
        match key {
            "type" => kind = field::text(cursor, "response_format.type")?,
            "json_schema" => {
                field::object(cursor, "response_format.json_schema", |cursor, key| {
                    match key {
                        "schema" => {
                            let name = "response_format.json_schema.schema";
                            schema = field::raw_object(cursor, name)?;
                        }
                        "description" => {
                            let name = "response_format.json_schema.description";
                            description = field::text(cursor, name)?;
                        }
                        // A label, and a promise that every schema gets here.
                        _ => cursor.skip()?,
                    }
                    Ok(())
                })?;
            }
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    let value = match kind.as_ref().map(Text::escaped) {
        None | Some("text") => return Ok(()),
        Some("json_object") => Shape::Object,
        Some("json_schema") => match schema {
            Some(schema) => Shape::Schema {
                schema,
                description,
            },
            None => Shape::Object,
        },
        Some(_) => {
            let expected = "`text`, `json_object` or `json_schema`";
            return Err(field::wrong("response_format.type", expected));
        }
    };
    request.shape = Some(Named { value, name: NAME });
    Ok(())
}

fn effort(cursor: &mut Cursor<'_>, request: &mut Request<'_>) -> Result<(), Refusal> {
    let name = "reasoning_effort";
    let Some(text) = field::text(cursor, name)? else {
        return Ok(());
    };
    match (text.escaped(), Effort::named(text.escaped())) {
        ("none", _) => {
            let value = Mode::Off;
            request.reasoning.mode = Some(Named { value, name });
        }
        (_, Some(value)) => request.reasoning.effort = Some(Named { value, name }),
        _ => {
            let expected = "`none`, `minimal`, `low`, `medium`, `high`, `xhigh` or `max`";
            return Err(field::wrong(name, expected));
        }
    }
    Ok(())
}

fn tier(cursor: &mut Cursor<'_>) -> Result<Option<Tier>, Refusal> {
    let text = field::text(cursor, "service_tier")?;
    Ok(text.map(|text| match text.escaped() {
        "auto" => Tier::Auto,
        "default" => Tier::Standard,
        "priority" => Tier::Priority,
        "flex" => Tier::Flex,
        _ => Tier::Other,
    }))
}

/// The `user_id` among the caller's labels; the others are for OpenAI's own lists.
fn metadata<'a>(cursor: &mut Cursor<'a>, losses: &mut Losses) -> Result<Option<Text<'a>>, Refusal> {
    let mut user = None;
    field::object(cursor, "metadata", |cursor, key| {
        match key {
            "user_id" => user = field::text(cursor, "metadata.user_id")?,
            _ => {
                losses.dropped("metadata");
                cursor.skip()?;
            }
        }
        Ok(())
    })?;
    Ok(user)
}
