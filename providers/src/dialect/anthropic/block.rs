//! The content blocks of a message.

use super::citation;
use crate::canonical::{
    At, Block, Cache, Document, Image, Kind, Losses, Source, Text, ToolCall, ToolResult,
    unsupported, whole_letters,
};
use crate::dialect::field;
use crate::wire::json::Cursor;
use std::fmt::Display;
use tollgate_domain::Refusal;

/// Reads `content`: a text, or a list of blocks.
pub(super) fn content<'a>(
    cursor: &mut Cursor<'a>,
    at: At,
    losses: &mut Losses,
) -> Result<Vec<Block<'a>>, Refusal> {
    if cursor.peek() == Some(b'"') {
        return Ok(vec![Block {
            at,
            kind: Kind::Text(Text::read(cursor)?),
            cache: None,
        }]);
    }
    let mut blocks = Vec::new();
    field::list(cursor, format_args!("{at}.content"), |cursor, index| {
        blocks.push(read(cursor, at.part(index), losses)?);
        Ok(())
    })?;
    Ok(blocks)
}

#[derive(Default)]
struct Fields<'a> {
    kind: Option<Text<'a>>,
    text: Option<Text<'a>>,
    id: Option<Text<'a>>,
    name: Option<Text<'a>>,
    input: Option<&'a str>,
    source: Option<Source<'a>>,
    /// The source of a search result is a text.
    source_name: Option<Text<'a>>,
    title: Option<Text<'a>>,
    context: Option<Text<'a>>,
    content: Option<Vec<Block<'a>>>,
    is_error: bool,
    thinking: Option<Text<'a>>,
    signature: Option<Text<'a>>,
    data: Option<Text<'a>>,
    cache: Option<Cache>,
    has_citations: bool,
}

/// Reads one block.
pub(super) fn read<'a>(
    cursor: &mut Cursor<'a>,
    at: At,
    losses: &mut Losses,
) -> Result<Block<'a>, Refusal> {
    let mut fields = Fields::default();
    let mut others: Vec<String> = Vec::new();
    let is_there = field::object(cursor, at, |cursor, key| {
        fields.read(cursor, key, at, losses, &mut others)
    })?;
    if !is_there {
        return Err(field::wrong(at, "an object"));
    }
    let cache = fields.cache;
    let has_citations = fields.has_citations;
    let kind = fields.kind(at, losses)?;
    if has_citations {
        losses.dropped(format!("{at}.citations"));
    }
    for key in others {
        losses.dropped(format!("{at}.{key}"));
    }
    Ok(Block { at, kind, cache })
}

impl<'a> Fields<'a> {
    fn read(
        &mut self,
        cursor: &mut Cursor<'a>,
        key: &str,
        at: At,
        losses: &mut Losses,
        others: &mut Vec<String>,
    ) -> Result<(), Refusal> {
        match key {
            "type" => self.kind = field::text(cursor, format_args!("{at}.type"))?,
            "text" => self.text = field::text(cursor, format_args!("{at}.text"))?,
            "id" | "tool_use_id" => self.id = field::text(cursor, format_args!("{at}.{key}"))?,
            "name" => self.name = field::text(cursor, format_args!("{at}.name"))?,
            "input" => self.input = field::raw(cursor)?,
            "source" if cursor.peek() == Some(b'"') => {
                self.source_name = Some(Text::read(cursor)?);
            }
            "source" => self.source = source(cursor, at, losses)?,
            "title" => self.title = field::text(cursor, format_args!("{at}.title"))?,
            "context" => self.context = field::text(cursor, format_args!("{at}.context"))?,
            // The results of server tools hold objects of their own; their type refuses them.
            "content" if cursor.peek() != Some(b'{') => {
                self.content = Some(content(cursor, at, losses)?);
            }
            "is_error" => {
                let is_error = field::flag(cursor, format_args!("{at}.is_error"))?;
                self.is_error = is_error.unwrap_or(false);
            }
            "thinking" => self.thinking = field::text(cursor, format_args!("{at}.thinking"))?,
            "signature" => self.signature = field::text(cursor, format_args!("{at}.signature"))?,
            "data" => self.data = field::text(cursor, format_args!("{at}.data"))?,
            "cache_control" => self.cache = cache_control(cursor, at)?,
            "citations" => self.has_citations = citation::are_told(cursor)?,
            // Who called a tool: the model itself, where it was not a server tool.
            "caller" => cursor.skip()?,
            _ => {
                if field::raw(cursor)?.is_some() {
                    others.push(key.to_owned());
                }
            }
        }
        Ok(())
    }

    fn kind(self, at: At, losses: &mut Losses) -> Result<Kind<'a>, Refusal> {
        let Some(kind) = &self.kind else {
            return Err(field::missing(format_args!("{at}.type")));
        };
        match kind.escaped() {
            "text" => need(self.text, at, "text").map(Kind::Text),
            "image" => Ok(Kind::Image(Image {
                source: need(self.source, at, "source")?,
                detail: None,
            })),
            "document" => Ok(Kind::Document(Document {
                source: need(self.source, at, "source")?,
                title: self.title,
                context: self.context,
            })),
            "search_result" => {
                losses.weakened(at.to_string());
                Ok(Kind::Text(self.search_result()))
            }
            "thinking" => Ok(Kind::Thinking {
                text: need(self.thinking, at, "thinking")?,
                signature: self.signature.unwrap_or_default(),
            }),
            "redacted_thinking" => need(self.data, at, "data").map(Kind::Redacted),
            "tool_use" => Ok(Kind::Call(ToolCall {
                id: need(self.id, at, "id")?,
                name: need(self.name, at, "name")?,
                input: match self.input {
                    Some(input) if input.starts_with('{') => whole_letters(input),
                    Some(_) => return Err(field::wrong(format_args!("{at}.input"), "an object")),
                    None => return Err(field::missing(format_args!("{at}.input"))),
                },
            })),
            "tool_result" => Ok(Kind::Result(ToolResult {
                id: need(self.id, at, "tool_use_id")?,
                content: self.content.unwrap_or_default(),
                is_error: self.is_error,
            })),
            other => Err(unsupported(
                format_args!("{at}.type"),
                format_args!("blocks of type `{other}` can't be given to the target"),
            )),
        }
    }

    /// A search result in words: what it is, where it is from, what it says.
    fn search_result(self) -> Text<'static> {
        let mut text = Text::default();
        let content = self.content.unwrap_or_default();
        let lines = content.into_iter().filter_map(|block| match block.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        });
        for line in [self.title, self.source_name]
            .into_iter()
            .flatten()
            .chain(lines)
        {
            if !text.is_empty() {
                text.push(&Text::plain("\\n"));
            }
            text.push(&line);
        }
        text.into_owned()
    }
}

fn need<T>(value: Option<T>, at: At, name: &str) -> Result<T, Refusal> {
    value.ok_or_else(|| field::missing(format_args!("{at}.{name}")))
}

fn source<'a>(
    cursor: &mut Cursor<'a>,
    at: At,
    losses: &mut Losses,
) -> Result<Option<Source<'a>>, Refusal> {
    let mut kind = None;
    let mut media = None;
    let mut data = None;
    let mut url = None;
    let mut blocks = None;
    let is_there = field::object(cursor, format_args!("{at}.source"), |cursor, key| {
        let name = format_args!("{at}.source.{key}");
        match key {
            "type" => kind = field::text(cursor, name)?,
            "media_type" => media = field::text(cursor, name)?,
            "data" => data = field::text(cursor, name)?,
            "url" => url = field::text(cursor, name)?,
            "content" => blocks = Some(content(cursor, at, losses)?),
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    if !is_there {
        return Ok(None);
    }
    match kind.as_ref().map(Text::escaped) {
        Some("base64") => Ok(Some(Source::Base64 {
            media: need(media, at, "source.media_type")?,
            data: need(data, at, "source.data")?,
        })),
        Some("text") => Ok(Some(Source::Plain(need(data, at, "source.data")?))),
        Some("url") => Ok(Some(Source::Url(need(url, at, "source.url")?))),
        Some("content") => Ok(Some(Source::Blocks(need(blocks, at, "source.content")?))),
        Some("file") => Err(unsupported(
            format_args!("{at}.source"),
            "the target does not have Anthropic's files",
        )),
        _ => {
            let expected = "`base64`, `text`, `url` or `content`";
            Err(field::wrong(format_args!("{at}.source.type"), expected))
        }
    }
}

/// Reads `cache_control`.
pub(crate) fn cache_control(
    cursor: &mut Cursor<'_>,
    at: impl Display,
) -> Result<Option<Cache>, Refusal> {
    let mut cache = Cache::Short;
    let is_there = field::object(cursor, format_args!("{at}.cache_control"), |cursor, key| {
        match key {
            "ttl" => {
                let ttl = field::text(cursor, format_args!("{at}.cache_control.ttl"))?;
                if ttl.is_some_and(|ttl| ttl.escaped() == "1h") {
                    cache = Cache::Long;
                }
            }
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    Ok(is_there.then_some(cache))
}
