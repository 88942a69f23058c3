//! What an answer's texts rest on, as callers of messages read it: a block of text for each part with citations of its
//! own, as the results of a web search are cited.

use crate::canonical::{Citation, Text};
use crate::wire::json::{Cursor, SyntaxError, Writer};
use std::ops::Range;
use tollgate_domain::Refusal;

/// Writes a citation. What the page says is seldom told, and nobody knows the index that Anthropic has for it.
pub(super) fn write(citation: &Citation<'_>, w: &mut Writer) {
    w.object(|w| {
        w.field("type", "web_search_result_location");
        w.key("cited_text");
        match &citation.quote {
            Some(quote) => quote.write(w),
            None => w.string(""),
        }
        w.field("encrypted_index", "");
        w.key("title");
        match &citation.title {
            Some(title) => title.write(w),
            None => w.raw("null"),
        }
        citation.url.field(w, "url");
    });
}

/// Whether a block tells or asks for citations that a target elsewhere would lack. Those that were written here are sent
/// back by callers that keep whole messages.
pub(super) fn are_told(cursor: &mut Cursor<'_>) -> Result<bool, Refusal> {
    let mut is_told = false;
    match cursor.peek() {
        Some(b'[') => cursor.array(|cursor| {
            let mut is_ours = false;
            if cursor.peek() == Some(b'{') {
                cursor.object(|cursor, key| {
                    match key {
                        "encrypted_index" => is_ours = cursor.text()?.is_some_and(|i| i.is_empty()),
                        _ => cursor.skip()?,
                    }
                    Ok::<(), SyntaxError>(())
                })?;
            } else {
                cursor.skip()?;
            }
            is_told |= !is_ours;
            Ok::<(), SyntaxError>(())
        })?,
        Some(b'{') => cursor.object(|cursor, key| {
            is_told |= key == "enabled" && cursor.peek() == Some(b't');
            cursor.skip()
        })?,
        _ => cursor.skip()?,
    }
    Ok(is_told)
}

/// Splits an answer's text where what citations stand for begins and ends. Ranges that overlap share a piece, with the
/// citations of all; one that is not within the text goes to the last piece.
pub(super) fn split<'c, 'a>(
    text: &Text<'_>,
    citations: &'c [Citation<'a>],
) -> Vec<(Text<'static>, Vec<&'c Citation<'a>>)> {
    let letters: Vec<char> = text.decode().chars().collect();
    let mut sorted: Vec<&Citation<'_>> = citations.iter().collect();
    sorted.sort_by_key(|citation| citation.range.start);
    let mut pieces: Vec<(Range<usize>, Vec<&Citation<'_>>)> = Vec::new();
    let mut others = Vec::new();
    let mut told = 0;
    for citation in sorted {
        let range = citation.range.start..citation.range.end.min(letters.len());
        match pieces.last_mut() {
            _ if range.is_empty() => others.push(citation),
            Some((last, cited)) if range.start < told => {
                last.end = last.end.max(range.end);
                told = last.end;
                cited.push(citation);
            }
            _ => {
                pieces.push((told..range.start, Vec::new()));
                told = range.end;
                pieces.push((range, vec![citation]));
            }
        }
    }
    pieces.push((told..letters.len(), Vec::new()));
    pieces.retain(|(range, _)| !range.is_empty());
    if let Some((_, cited)) = pieces.last_mut() {
        cited.extend(others);
    }
    let piece = |range: Range<usize>| {
        let letters = letters.get(range).unwrap_or_default();
        Text::new(&letters.iter().collect::<String>())
    };
    let pieces = pieces.into_iter();
    pieces.map(|(range, cited)| (piece(range), cited)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ranges: &[(usize, usize)], expected: &[(&str, &[usize])]) {
        let cite = |&(start, end): &(usize, usize)| Citation {
            url: Text::plain("u"),
            title: None,
            quote: None,
            range: start..end,
        };
        let citations: Vec<Citation<'_>> = ranges.iter().map(cite).collect();
        let pieces = split(&Text::plain(r"a\u00e9\ud83d\ude00def"), &citations);
        let starts = |cited: &[&Citation<'_>]| cited.iter().map(|c| c.range.start).collect();
        let pieces: Vec<(String, Vec<usize>)> = pieces
            .iter()
            .map(|(text, cited)| (text.decode().into_owned(), starts(cited)))
            .collect();
        let expected: Vec<(String, Vec<usize>)> = expected
            .iter()
            .map(|(text, cited)| ((*text).to_owned(), cited.to_vec()))
            .collect();
        assert_eq!(pieces, expected, "{ranges:?}");
    }

    #[test]
    fn a_text_is_cut_where_what_citations_stand_for_begins_and_ends() {
        check(&[(1, 3)], &[("a", &[]), ("é😀", &[1]), ("def", &[])]);
        check(
            &[(3, 6), (0, 1)],
            &[("a", &[0]), ("é😀", &[]), ("def", &[3])],
        );
        check(&[(0, 3), (3, 6)], &[("aé😀", &[0]), ("def", &[3])]);
        check(&[(0, 6)], &[("aé😀def", &[0])]);
        check(
            &[(1, 2), (1, 2)],
            &[("a", &[]), ("é", &[1, 1]), ("😀def", &[])],
        );
        check(&[(0, 3), (2, 4)], &[("aé😀d", &[0, 2]), ("ef", &[])]);
    }

    #[test]
    fn a_citation_of_nothing_is_not_lost() {
        check(&[(0, 0)], &[("aé😀def", &[0])]);
        check(&[(4, 900)], &[("aé😀d", &[]), ("ef", &[4])]);
        check(&[(800, 900), (0, 1)], &[("a", &[0]), ("é😀def", &[800])]);
    }
}
