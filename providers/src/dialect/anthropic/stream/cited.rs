//! Which block of text a citation is told in.
//!
//! Anthropic's citations are of the block in which they come, OpenAI's of letters of the whole text. A block's beginning
//! cannot be moved once it is out, but its end can: what is cited ahead of its text gets a block of exactly that text, and
//! what is cited right behind it a block that ends there. Where all citations follow all of the text, as OpenAI's own
//! servers send them, they are told in the block that is open.

use super::{Open, Stream, citation, event};
use crate::canonical::{Citation, Text};
use std::ops::Range;

/// The most citations that a stream can have.
const CITATIONS_MAX: usize = 1024;

/// How far the text has come, and what is still to be cited.
#[derive(Debug, Default)]
pub(super) struct Cited {
    /// Letters that were written.
    letters: usize,
    /// Where the letters end that the open block's citations stand for.
    until: Option<usize>,
    /// Citations of letters that are still to come, or of none at all.
    ahead: Vec<Citation<'static>>,
    /// All that were told: some servers repeat them with each chunk.
    told: Vec<(Range<usize>, Text<'static>)>,
}

impl Cited {
    /// Whether text is written as it comes.
    pub(super) fn is_plain(&self) -> bool {
        self.until.is_none() && self.ahead.is_empty()
    }

    /// Counts text that is written as it comes.
    pub(super) fn pass(&mut self, text: &Text<'_>) {
        self.letters += text.letters();
    }

    /// A block of text begins.
    pub(super) fn open(&mut self) {
        self.until = None;
    }

    fn is_known(&mut self, citation: &Citation<'_>) -> bool {
        let Citation { range, url, .. } = citation;
        let is_known = self
            .told
            .iter()
            .any(|told| told.0 == *range && told.1 == *url);
        if is_known || self.told.len() >= CITATIONS_MAX {
            return true;
        }
        self.told.push((range.clone(), url.clone().into_owned()));
        false
    }

    /// Takes those whose letters begin here.
    fn beginning(&mut self) -> Vec<Citation<'static>> {
        let here = self.letters;
        let begins =
            |citation: &mut Citation<'_>| citation.range.start <= here && here < citation.range.end;
        self.ahead.extract_if(.., begins).collect()
    }

    /// How many letters there are until something that is cited begins or ends.
    fn next_cut(&self) -> usize {
        let starts = self
            .ahead
            .iter()
            .filter(|citation| !citation.range.is_empty());
        let starts = starts.map(|citation| citation.range.start);
        let cuts = starts.chain(self.until).filter(|cut| *cut > self.letters);
        cuts.min().unwrap_or(usize::MAX) - self.letters
    }
}

impl Stream {
    /// A citation: told where its letters are, as far as they are still to come.
    pub(super) fn cite(&mut self, citation: Citation<'_>, out: &mut Vec<u8>) {
        if self.cited.is_known(&citation) {
            return;
        }
        let Range { start, end } = citation.range;
        let is_open = self.open == Some(Open::Text);
        if start >= end || start >= self.cited.letters {
            self.cited.ahead.push(citation.into_owned());
        } else if is_open {
            self.tell(&citation, out);
            let until = end.max(self.cited.letters);
            self.cited.until = self.cited.until.max(Some(until));
        }
    }

    /// Text of which some is cited: a block for each part with citations of its own.
    pub(super) fn cited_text(&mut self, text: &Text<'_>, out: &mut Vec<u8>) {
        let text = text.decode();
        let mut rest = &*text;
        while !rest.is_empty() {
            let beginning = self.cited.beginning();
            let is_over = self
                .cited
                .until
                .is_some_and(|until| until <= self.cited.letters);
            let is_apart = self.cited.until.is_none() && !beginning.is_empty();
            if self.open == Some(Open::Text) && (is_over || is_apart) {
                self.close(out);
            }
            self.open(Open::Text, out);
            for citation in beginning {
                self.tell(&citation, out);
                self.cited.until = self.cited.until.max(Some(citation.range.end));
            }
            let cut = rest.char_indices().nth(self.cited.next_cut());
            let (piece, after) = rest.split_at(cut.map_or(rest.len(), |(at, _)| at));
            let piece = Text::new(piece);
            self.cited.pass(&piece);
            self.text(&piece, out);
            rest = after;
        }
    }

    /// Tells what was cited of no letters in particular, or of letters that never came.
    pub(super) fn cite_rest(&mut self, out: &mut Vec<u8>) {
        if self.open == Some(Open::Text) {
            for citation in std::mem::take(&mut self.cited.ahead) {
                self.tell(&citation, out);
            }
        }
    }

    fn tell(&self, citation: &Citation<'_>, out: &mut Vec<u8>) {
        event("content_block_delta", out, |w| {
            w.field_count("index", self.index);
            w.key("delta");
            w.object(|w| {
                w.field("type", "citations_delta");
                w.key("citation");
                citation::write(citation, w);
            });
        });
    }
}
