//! Where an answer has its words from.

use super::Text;
use std::ops::Range;

/// A page of the web that a part of an answer rests on.
#[derive(Debug)]
pub(crate) struct Citation<'a> {
    pub(crate) url: Text<'a>,
    pub(crate) title: Option<Text<'a>>,
    /// What the page says, where that was told.
    pub(crate) quote: Option<Text<'a>>,
    /// The letters of the answer's whole text that rest on it.
    pub(crate) range: Range<usize>,
}

impl Citation<'_> {
    pub(crate) fn into_owned(self) -> Citation<'static> {
        Citation {
            url: self.url.into_owned(),
            title: self.title.map(Text::into_owned),
            quote: self.quote.map(Text::into_owned),
            range: self.range,
        }
    }
}
