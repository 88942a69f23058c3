//! The parts of a message's content.

use crate::canonical::{
    At, Block, Cache, Document, Image, Kind, Losses, Source, Text, unsupported,
};
use crate::dialect::{anthropic, field};
use crate::wire::json::Cursor;
use tollgate_domain::Refusal;

/// Reads `content`: a text, or a list of parts.
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
        blocks.push(part(cursor, at.part(index), losses)?);
        Ok(())
    })?;
    Ok(blocks)
}

#[derive(Default)]
struct Fields<'a> {
    kind: Option<Text<'a>>,
    text: Option<Text<'a>>,
    refusal: Option<Text<'a>>,
    url: Option<Text<'a>>,
    detail: Option<Text<'a>>,
    file_data: Option<Text<'a>>,
    file_id: Option<Text<'a>>,
    filename: Option<Text<'a>>,
    audio_data: Option<Text<'a>>,
    audio_format: Option<Text<'a>>,
    cache: Option<Cache>,
}

fn part<'a>(cursor: &mut Cursor<'a>, at: At, losses: &mut Losses) -> Result<Block<'a>, Refusal> {
    let mut fields = Fields::default();
    let is_there = field::object(cursor, at, |cursor, key| {
        fields.read(cursor, key, at, losses)
    })?;
    if !is_there {
        return Err(field::wrong(at, "an object"));
    }
    let cache = fields.cache;
    let kind = fields.kind(at)?;
    Ok(Block { at, kind, cache })
}

impl<'a> Fields<'a> {
    fn read(
        &mut self,
        cursor: &mut Cursor<'a>,
        key: &str,
        at: At,
        losses: &mut Losses,
    ) -> Result<(), Refusal> {
        match key {
            "type" => self.kind = field::text(cursor, format_args!("{at}.type"))?,
            "text" => self.text = field::text(cursor, format_args!("{at}.text"))?,
            "refusal" => self.refusal = field::text(cursor, format_args!("{at}.refusal"))?,
            // Compatible servers take the URL alone, too.
            "image_url" if cursor.peek() == Some(b'"') => self.url = Some(Text::read(cursor)?),
            "image_url" => self.texts(cursor, at, "image_url")?,
            "file" => self.texts(cursor, at, "file")?,
            "input_audio" => self.texts(cursor, at, "input_audio")?,
            "prompt_cache_breakpoint" => self.cache = breakpoint(cursor, at, losses)?,
            "cache_control" => self.cache = anthropic::cache_control(cursor, at)?,
            _ => {
                if field::raw(cursor)?.is_some() {
                    losses.dropped(format!("{at}.{key}"));
                }
            }
        }
        Ok(())
    }

    /// Reads the object under `part`, whose fields are all texts.
    fn texts(&mut self, cursor: &mut Cursor<'a>, at: At, part: &str) -> Result<(), Refusal> {
        field::object(cursor, format_args!("{at}.{part}"), |cursor, key| {
            let slot = match key {
                "url" => &mut self.url,
                "detail" => &mut self.detail,
                "file_data" => &mut self.file_data,
                "file_id" => &mut self.file_id,
                "filename" => &mut self.filename,
                "data" => &mut self.audio_data,
                "format" => &mut self.audio_format,
                _ => return Ok(cursor.skip()?),
            };
            *slot = field::text(cursor, format_args!("{at}.{part}.{key}"))?;
            Ok(())
        })?;
        Ok(())
    }

    fn kind(self, at: At) -> Result<Kind<'a>, Refusal> {
        let Some(kind) = &self.kind else {
            return Err(field::missing(format_args!("{at}.type")));
        };
        match kind.escaped() {
            "text" => match self.text {
                Some(text) => Ok(Kind::Text(text)),
                None => Err(field::missing(format_args!("{at}.text"))),
            },
            "refusal" => match self.refusal {
                Some(text) => Ok(Kind::Refusal(text)),
                None => Err(field::missing(format_args!("{at}.refusal"))),
            },
            "image_url" => match self.url {
                Some(url) => Ok(Kind::Image(Image {
                    source: source(url),
                    detail: self.detail,
                })),
                None => Err(field::missing(format_args!("{at}.image_url.url"))),
            },
            "file" => self.file(at),
            "input_audio" => Ok(Kind::Audio {
                data: self.audio_data.unwrap_or_default(),
                format: self.audio_format.unwrap_or_default(),
            }),
            other => Err(unsupported(
                format_args!("{at}.type"),
                format_args!("parts of type `{other}` are not known"),
            )),
        }
    }

    fn file(self, at: At) -> Result<Kind<'a>, Refusal> {
        let source = match (self.file_data, self.file_id) {
            (Some(data), _) => match source(data) {
                // Data without its type is what the field was first made for.
                Source::Url(data) if !data.escaped().starts_with("http") => Source::Base64 {
                    media: Text::plain("application/pdf"),
                    data,
                },
                source => source,
            },
            (None, Some(id)) if id.escaped().starts_with("http") => Source::Url(id),
            (None, Some(_)) => {
                let name = format_args!("{at}.file.file_id").to_string();
                return Err(unsupported(name, "the target does not have that file"));
            }
            (None, None) => return Err(field::missing(format_args!("{at}.file.file_data"))),
        };
        Ok(Kind::Document(Document {
            source,
            title: self.filename,
            context: None,
        }))
    }
}

fn source(url: Text<'_>) -> Source<'_> {
    match url.data_url() {
        Some((media, data)) => Source::Base64 { media, data },
        None => Source::Url(url),
    }
}

/// A mark that the prompt up to here is worth keeping for `ttl`.
fn breakpoint(
    cursor: &mut Cursor<'_>,
    at: At,
    losses: &mut Losses,
) -> Result<Option<Cache>, Refusal> {
    let name = "prompt_cache_breakpoint";
    let mut ttl = None;
    let is_there = field::object(cursor, format_args!("{at}.{name}"), |cursor, key| {
        match key {
            "ttl" => ttl = field::text(cursor, format_args!("{at}.{name}.ttl"))?,
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    if !is_there {
        return Ok(None);
    }
    Ok(Some(match ttl.as_ref().map(Text::escaped) {
        None => Cache::Short,
        Some("12h") => {
            losses.clamped(format!("{at}.{name}.ttl"));
            Cache::Long
        }
        Some(_) => Cache::Long,
    }))
}
