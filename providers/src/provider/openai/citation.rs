//! Annotations of an answer's text: of the kinds that there are, chat completions have `url_citation` alone. OpenRouter
//! adds what the page says as `content` (its SDKs' `URLCitation`).

use crate::canonical::{Citation, Text};
use crate::wire::json::{Cursor, SyntaxError};

/// Reads an annotation; none where it is no citation of a page.
pub(super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Citation<'a>>, SyntaxError> {
    let mut found = None;
    if cursor.peek() != Some(b'{') {
        cursor.skip()?;
        return Ok(None);
    }
    cursor.object(|cursor, key| match (key, cursor.peek()) {
        ("url_citation", Some(b'{')) => {
            found = citation(cursor)?;
            Ok(())
        }
        _ => cursor.skip(),
    })?;
    Ok(found)
}

fn citation<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Citation<'a>>, SyntaxError> {
    let mut url = None;
    let mut title = None;
    let mut quote = None;
    let mut range = 0..0;
    let letters = |count: Option<u64>| usize::try_from(count.unwrap_or(0)).unwrap_or(usize::MAX);
    cursor.object(|cursor, key| {
        match key {
            "url" => url = Text::read_or_skip(cursor)?,
            "title" => title = Text::read_or_skip(cursor)?,
            "content" => quote = Text::read_or_skip(cursor)?,
            "start_index" => range.start = letters(cursor.count()?),
            "end_index" => range.end = letters(cursor.count()?),
            _ => cursor.skip()?,
        }
        Ok::<(), SyntaxError>(())
    })?;
    let quote = quote.filter(|quote| !quote.is_empty());
    Ok(url.map(|url| Citation {
        url,
        title,
        quote,
        range,
    }))
}
