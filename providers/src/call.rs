//! A caller's request: the few fields that the gateway reads, and where they lie.
//!
//! Formats: OpenAI's `POST /chat/completions`, `/completions`, `/embeddings`, `/responses` (Python SDK 3.54.0) and
//! Anthropic's `POST /v1/messages`, `/v1/messages/count_tokens` (Python SDK 2.12.0).

use crate::wire::json::{Cursor, SyntaxError};
use bytes::Bytes;
use std::ops::Range;
use tollgate_domain::{Endpoint, Refusal};

#[cfg(test)]
mod tests;

/// A scanned request. The body is syntactically right JSON; fields that were not read are not checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The endpoint that was called.
    pub endpoint: Endpoint,
    /// The body as it came.
    pub body: Bytes,
    /// The model that the caller named; never empty.
    pub model: String,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// Whether the caller asked for usage on the stream (`stream_options.include_usage`).
    pub include_usage: bool,
    /// The most output tokens that the caller wants.
    pub max_output: Option<u64>,
    /// How many answers the caller wants (`n`).
    pub choices: u32,
    pub(crate) model_at: Range<usize>,
    pub(crate) stream_options: StreamOptions,
    /// Where the value of `stream_options` lies.
    pub(crate) stream_options_at: Option<Range<usize>>,
}

/// Where a stream's usage can be asked for in the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StreamOptions {
    Absent,
    /// `null`, or `include_usage` is there and not true: this value is replaced.
    Null(Range<usize>),
    IncludeUsage(Range<usize>),
    /// An object without `include_usage`: the offset after its brace, and whether it is empty.
    Object {
        inside: usize,
        is_empty: bool,
    },
}

/// What of the caller's head matters to a provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallerHeaders<'a> {
    /// `anthropic-version`.
    pub anthropic_version: Option<&'a str>,
    /// `anthropic-beta`, a comma list.
    pub anthropic_beta: Option<&'a str>,
    /// `openai-beta`.
    pub openai_beta: Option<&'a str>,
    /// `idempotency-key`.
    pub idempotency_key: Option<&'a str>,
}

impl Call {
    /// Reads a body in one pass. Every mistake is a 400 that names the field: syntax, a field given twice, a wrong
    /// type among the fields that are read.
    pub fn scan(endpoint: Endpoint, body: Bytes) -> Result<Self, Refusal> {
        let mut found = Found::default();
        found.read(endpoint, &body).map_err(Refusal::from)?;
        let Some((model, model_at)) = found.model else {
            return Err(Refusal::bad_request(
                "`model` is missing",
                "model".to_owned(),
            ));
        };
        Ok(Self {
            endpoint,
            model,
            stream: found.stream.unwrap_or(false),
            include_usage: found.include_usage,
            max_output: found
                .max_output
                .flatten()
                .or(found.max_output_old.flatten()),
            choices: found.choices.unwrap_or(1),
            model_at,
            stream_options: found.stream_options.unwrap_or(StreamOptions::Absent),
            stream_options_at: found.stream_options_at,
            body,
        })
    }
}

/// Why a body is refused.
#[derive(Debug)]
enum Mistake {
    Syntax(SyntaxError),
    Field {
        param: &'static str,
        expected: &'static str,
    },
    Twice(&'static str),
}

impl From<SyntaxError> for Mistake {
    fn from(error: SyntaxError) -> Self {
        Self::Syntax(error)
    }
}

impl From<Mistake> for Refusal {
    fn from(mistake: Mistake) -> Self {
        let (message, param) = match mistake {
            Mistake::Syntax(error) => (format!("the body is not valid: {error}"), None),
            Mistake::Field { param, expected } => {
                (format!("`{param}` must be {expected}"), Some(param))
            }
            Mistake::Twice(param) => (format!("`{param}` is given twice"), Some(param)),
        };
        Refusal::bad_request(message, param.map(str::to_owned))
    }
}

#[derive(Default)]
struct Found {
    model: Option<(String, Range<usize>)>,
    stream: Option<bool>,
    include_usage: bool,
    stream_options: Option<StreamOptions>,
    stream_options_at: Option<Range<usize>>,
    /// `max_completion_tokens`, or the endpoint's only such field; it wins over the deprecated one.
    max_output: Option<Option<u64>>,
    max_output_old: Option<Option<u64>>,
    choices: Option<u32>,
}

/// The fields of an endpoint that are read.
#[derive(Clone, Copy)]
enum Field {
    Model,
    Stream,
    StreamOptions,
    MaxOutput(&'static str),
    MaxOutputOld(&'static str),
    Choices,
}

impl Field {
    fn of(endpoint: Endpoint, key: &str) -> Option<Self> {
        use Endpoint as E;
        Some(match (key, endpoint) {
            ("model", _) => Self::Model,
            ("stream", E::ChatCompletions | E::Completions | E::Responses | E::Messages) => {
                Self::Stream
            }
            ("stream_options", E::ChatCompletions | E::Completions) => Self::StreamOptions,
            ("max_completion_tokens", E::ChatCompletions) => {
                Self::MaxOutput("max_completion_tokens")
            }
            ("max_tokens", E::ChatCompletions) => Self::MaxOutputOld("max_tokens"),
            ("max_tokens", E::Completions | E::Messages) => Self::MaxOutput("max_tokens"),
            ("max_output_tokens", E::Responses) => Self::MaxOutput("max_output_tokens"),
            ("n", E::ChatCompletions | E::Completions) => Self::Choices,
            _ => return None,
        })
    }
}

impl Found {
    fn read(&mut self, endpoint: Endpoint, body: &[u8]) -> Result<(), Mistake> {
        let mut cursor = Cursor::new(body)?;
        cursor.object(|cursor, key| match Field::of(endpoint, key) {
            Some(field) => self.field(cursor, field),
            None => cursor.skip().map_err(Mistake::from),
        })?;
        cursor.finish()?;
        Ok(())
    }

    fn field(&mut self, cursor: &mut Cursor<'_>, field: Field) -> Result<(), Mistake> {
        match field {
            Field::Model => set(&mut self.model, "model", model(cursor)?),
            Field::Stream => {
                let value = boolean(cursor, "stream")?.unwrap_or(false);
                set(&mut self.stream, "stream", value)
            }
            Field::StreamOptions => {
                cursor.peek();
                let start = cursor.position();
                let value = self.stream_options(cursor)?;
                self.stream_options_at = Some(start..cursor.position());
                set(&mut self.stream_options, "stream_options", value)
            }
            Field::MaxOutput(param) => set(&mut self.max_output, param, tokens(cursor, param)?),
            Field::MaxOutputOld(param) => {
                set(&mut self.max_output_old, param, tokens(cursor, param)?)
            }
            Field::Choices => set(&mut self.choices, "n", choices(cursor)?),
        }
    }

    fn stream_options(&mut self, cursor: &mut Cursor<'_>) -> Result<StreamOptions, Mistake> {
        const PARAM: &str = "stream_options";
        match cursor.peek() {
            Some(b'n') => Ok(StreamOptions::Null(cursor.span()?)),
            Some(b'{') => {
                let inside = cursor.position() + 1;
                let mut is_empty = true;
                let mut include_usage = None;
                cursor.object(|cursor, key| {
                    is_empty = false;
                    if key != "include_usage" {
                        return cursor.skip().map_err(Mistake::from);
                    }
                    cursor.peek();
                    let start = cursor.position();
                    let value = boolean(cursor, "stream_options.include_usage")?;
                    let found = (value.unwrap_or(false), start..cursor.position());
                    set(&mut include_usage, "stream_options.include_usage", found)
                })?;
                Ok(match include_usage {
                    Some((value, range)) => {
                        self.include_usage = value;
                        StreamOptions::IncludeUsage(range)
                    }
                    None => StreamOptions::Object { inside, is_empty },
                })
            }
            _ => Err(wrong(cursor, PARAM, "an object")),
        }
    }
}

fn set<T>(slot: &mut Option<T>, param: &'static str, value: T) -> Result<(), Mistake> {
    if slot.replace(value).is_some() {
        Err(Mistake::Twice(param))
    } else {
        Ok(())
    }
}

/// A value of the wrong type, unless it is no value at all.
fn wrong(cursor: &mut Cursor<'_>, param: &'static str, expected: &'static str) -> Mistake {
    match cursor.skip() {
        Ok(_) => Mistake::Field { param, expected },
        Err(error) => Mistake::Syntax(error),
    }
}

fn model(cursor: &mut Cursor<'_>) -> Result<(String, Range<usize>), Mistake> {
    const EXPECTED: &str = "a string that is not empty";
    if cursor.peek() != Some(b'"') {
        return Err(wrong(cursor, "model", EXPECTED));
    }
    let text = cursor.string()?;
    match text.decode() {
        Some(name) if !name.is_empty() => Ok((name.into_owned(), text.range())),
        _ => Err(Mistake::Field {
            param: "model",
            expected: EXPECTED,
        }),
    }
}

fn boolean(cursor: &mut Cursor<'_>, param: &'static str) -> Result<Option<bool>, Mistake> {
    let range = cursor.span()?;
    match cursor.slice(range) {
        "true" => Ok(Some(true)),
        "false" => Ok(Some(false)),
        "null" => Ok(None),
        _ => Err(Mistake::Field {
            param,
            expected: "true or false",
        }),
    }
}

/// A number of tokens. Larger than 64 bits saturates: whether it is too much is the provider's to say.
fn tokens(cursor: &mut Cursor<'_>, param: &'static str) -> Result<Option<u64>, Mistake> {
    let range = cursor.span()?;
    let value = cursor.slice(range);
    if value == "null" {
        return Ok(None);
    }
    whole(value).map(Some).ok_or(Mistake::Field {
        param,
        expected: "a whole number, 0 or more",
    })
}

fn choices(cursor: &mut Cursor<'_>) -> Result<u32, Mistake> {
    let range = cursor.span()?;
    let value = cursor.slice(range);
    if value == "null" {
        return Ok(1);
    }
    match whole(value).map(u32::try_from) {
        Some(Ok(count)) if count > 0 => Ok(count),
        _ => Err(Mistake::Field {
            param: "n",
            expected: "a whole number, 1 or more",
        }),
    }
}

/// A JSON number that is whole and not negative (`12`, `12.0`, `1e3`), saturating.
fn whole(value: &str) -> Option<u64> {
    if let Ok(exact) = value.parse::<u64>() {
        return Some(exact);
    }
    if !value.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let number = value.parse::<f64>().ok()?;
    (number.fract() == 0.0 || number.is_infinite()).then_some(number as u64)
}
