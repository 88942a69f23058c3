//! Citations of an answer's texts. Those of documents, which have no address, have no counterpart elsewhere.

use crate::canonical::{Citation, Text};
use crate::wire::json::{Cursor, SyntaxError};
use std::ops::Range;

/// What a citation tells, before it is known which letters rest on it.
#[derive(Debug)]
pub(super) struct Source<'a> {
    url: Text<'a>,
    title: Option<Text<'a>>,
    quote: Option<Text<'a>>,
}

impl<'a> Source<'a> {
    /// Reads a citation; none where it names no page of the web.
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Result<Option<Self>, SyntaxError> {
        if cursor.peek() != Some(b'{') {
            cursor.skip()?;
            return Ok(None);
        }
        let mut url = None;
        let mut title = None;
        let mut quote = None;
        cursor.object(|cursor, key| {
            match key {
                // A web search's `url`; what the caller's search results name, which may be anything, is `source`.
                "url" | "source" => url = Text::read_or_skip(cursor)?,
                "title" => title = Text::read_or_skip(cursor)?,
                "cited_text" => quote = Text::read_or_skip(cursor)?,
                _ => cursor.skip()?,
            }
            Ok::<(), SyntaxError>(())
        })?;
        let is_web = |url: &Text<'_>| {
            let url = url.decode();
            url.starts_with("https://") || url.starts_with("http://")
        };
        let quote = quote.filter(|quote| !quote.is_empty());
        Ok(url.filter(is_web).map(|url| Self { url, title, quote }))
    }

    pub(super) fn into_owned(self) -> Source<'static> {
        Source {
            url: self.url.into_owned(),
            title: self.title.map(Text::into_owned),
            quote: self.quote.map(Text::into_owned),
        }
    }

    pub(super) fn of(self, range: Range<usize>) -> Citation<'a> {
        let Self { url, title, quote } = self;
        Citation {
            url,
            title,
            quote,
            range,
        }
    }
}
