//! The body of `POST /v1/messages` into the canonical form.

use super::{block, thinking, tool};
use crate::canonical::{
    At, Block, Kind, Losses, Named, Request, Role, Shape, Text, Tier, Turn, unsupported,
};
use crate::dialect::field;
use crate::wire::json::Cursor;
use tollgate_domain::Refusal;

/// What runs at the provider or lives there: leaving it out would answer another question.
const SERVER_SIDE: [&str; 3] = ["mcp_servers", "container", "compaction"];

/// A conversation that the server keeps. By this code Anthropic's SDKs know to go on without: they send all of it again.
fn no_threads() -> Refusal {
    Refusal::BadRequest {
        message: "`thread`: only Anthropic's servers keep conversations; send all of it".to_owned(),
        param: Some("thread".to_owned()),
        code: Some("thread_unsupported_request"),
    }
}

/// Reads the body of a request for an answer.
pub(crate) fn read<'a>(body: &'a [u8], losses: &mut Losses) -> Result<Request<'a>, Refusal> {
    let request = read_prompt(body, losses)?;
    if request.max_output.is_none() {
        return Err(field::missing("max_tokens"));
    }
    Ok(request)
}

/// Reads the body of a request whose prompt is to be counted.
pub(crate) fn read_prompt<'a>(body: &'a [u8], losses: &mut Losses) -> Result<Request<'a>, Refusal> {
    let mut request = Request::default();
    let mut has_messages = false;
    let mut cursor = Cursor::new(body)?;
    cursor.object(|cursor, key| {
        has_messages |= key == "messages";
        field(cursor, key, &mut request, losses)
    })?;
    if !has_messages {
        return Err(field::missing("messages"));
    }
    if request.turns.is_empty() {
        return Err(field::wrong("messages", "a list that is not empty"));
    }
    Ok(request)
}

fn field<'a>(
    cursor: &mut Cursor<'a>,
    key: &str,
    request: &mut Request<'a>,
    losses: &mut Losses,
) -> Result<(), Refusal> {
    let sampling = &mut request.sampling;
    match key {
        // Read by `Call::scan`.
        "model" | "stream" => cursor.skip()?,
        "messages" => messages(cursor, request, losses)?,
        "system" => system(cursor, request, losses)?,
        "max_tokens" => {
            let value = field::whole(cursor, key)?;
            let name = "max_tokens";
            request.max_output = value.map(|value| Named { value, name });
        }
        "stop_sequences" => field::list(cursor, key, |cursor, index| {
            let stop = field::text(cursor, format_args!("stop_sequences[{index}]"))?;
            request.stop.extend(stop);
            Ok(())
        })?,
        "temperature" => sampling.temperature = field::number(cursor, key)?,
        "top_p" => sampling.top_p = field::number(cursor, key)?,
        "top_k" => sampling.top_k = field::number(cursor, key)?,
        "tools" => tool::tools(cursor, request, losses)?,
        "tool_choice" => tool::choice(cursor, &mut request.choice)?,
        "thinking" => thinking::thinking(cursor, &mut request.reasoning)?,
        "output_config" => output_config(cursor, request, losses)?,
        // The name of `output_config.format` while it was in beta.
        "output_format" => format(cursor, request, "output_format")?,
        "metadata" => metadata(cursor, request, losses)?,
        "service_tier" => {
            let tier = field::text(cursor, key)?;
            request.tier = tier.map(|tier| match tier.escaped() {
                "auto" => Tier::Auto,
                "standard_only" => Tier::Standard,
                _ => Tier::Other,
            });
        }
        "speed" => {
            if field::text(cursor, key)?.is_some_and(|speed| speed.escaped() != "standard") {
                losses.dropped("speed");
            }
        }
        // To keep the prompt as far as it goes is what others do unasked.
        "cache_control" => cursor.skip()?,
        _ => {
            if field::raw(cursor)?.is_some() {
                if key == "thread" {
                    return Err(no_threads());
                }
                if SERVER_SIDE.contains(&key) {
                    return Err(unsupported(key, "only Anthropic's servers have this"));
                }
                losses.dropped(key.to_owned());
            }
        }
    }
    Ok(())
}

fn system<'a>(
    cursor: &mut Cursor<'a>,
    request: &mut Request<'a>,
    losses: &mut Losses,
) -> Result<(), Refusal> {
    if cursor.peek() == Some(b'"') {
        let kind = Kind::Text(Text::read(cursor)?);
        let (at, cache) = (At::system(0), None);
        request.system = vec![Block { at, kind, cache }];
        return Ok(());
    }
    field::list(cursor, "system", |cursor, index| {
        let block = block::read(cursor, At::system(index), losses)?;
        match block.kind {
            Kind::Text(_) => request.system.push(block),
            _ => return Err(field::wrong(block.at, "a text block")),
        }
        Ok(())
    })
}

fn messages<'a>(
    cursor: &mut Cursor<'a>,
    request: &mut Request<'a>,
    losses: &mut Losses,
) -> Result<(), Refusal> {
    field::list(cursor, "messages", |cursor, index| {
        let at = At::message(index);
        let mut role = None;
        let mut blocks = None;
        let is_there = field::object(cursor, at, |cursor, key| {
            match key {
                "role" => role = field::text(cursor, format_args!("{at}.role"))?,
                "content" => blocks = Some(block::content(cursor, at, losses)?),
                _ => {
                    losses.dropped(format!("{at}.{key}"));
                    cursor.skip()?;
                }
            }
            Ok(())
        })?;
        if !is_there {
            return Err(field::wrong(at, "an object"));
        }
        let role = match role.as_ref().map(Text::escaped) {
            Some("user") => Role::User,
            Some("assistant") => Role::Assistant,
            Some("system") => Role::System,
            Some(_) => {
                let expected = "`user`, `assistant` or `system`";
                return Err(field::wrong(format_args!("{at}.role"), expected));
            }
            None => return Err(field::missing(format_args!("{at}.role"))),
        };
        let Some(blocks) = blocks else {
            return Err(field::missing(format_args!("{at}.content")));
        };
        request.turns.push(Turn { at, role, blocks });
        Ok(())
    })
}

fn output_config<'a>(
    cursor: &mut Cursor<'a>,
    request: &mut Request<'a>,
    losses: &mut Losses,
) -> Result<(), Refusal> {
    field::object(cursor, "output_config", |cursor, key| {
        match key {
            "effort" => thinking::effort(cursor, &mut request.reasoning)?,
            "format" => format(cursor, request, "output_config.format")?,
            _ => {
                if field::raw(cursor)?.is_some() {
                    losses.dropped(format!("output_config.{key}"));
                }
            }
        }
        Ok(())
    })?;
    Ok(())
}

fn format<'a>(
    cursor: &mut Cursor<'a>,
    request: &mut Request<'a>,
    name: &'static str,
) -> Result<(), Refusal> {
    let mut schema = None;
    let is_there = field::object(cursor, name, |cursor, key| {
        match key {
            "schema" => schema = field::raw_object(cursor, format_args!("{name}.schema"))?,
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    match (is_there, schema) {
        (false, _) => Ok(()),
        (true, None) => Err(field::missing(format_args!("{name}.schema"))),
        (true, Some(schema)) => {
            let description = None;
            let value = Shape::Schema {
                schema,
                description,
            };
            request.shape = Some(Named { value, name });
            Ok(())
        }
    }
}

fn metadata<'a>(
    cursor: &mut Cursor<'a>,
    request: &mut Request<'a>,
    losses: &mut Losses,
) -> Result<(), Refusal> {
    let name = "metadata.user_id";
    field::object(cursor, "metadata", |cursor, key| {
        match key {
            "user_id" => {
                let user = field::text(cursor, name)?;
                request.user = user.map(|value| Named { value, name });
            }
            _ => {
                if field::raw(cursor)?.is_some() {
                    losses.dropped(format!("metadata.{key}"));
                }
            }
        }
        Ok(())
    })?;
    Ok(())
}
