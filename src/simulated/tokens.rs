//! The simulated models' tokenizer: a piece is the whitespace before a word and at most eight characters of it.
//! It is nobody's real tokenizer; it is simple enough to be computed by hand in a test.

/// The pieces of a text; joined, they are the text again.
pub(crate) fn pieces(text: &str) -> Pieces<'_> {
    Pieces { rest: text }
}

/// How many tokens a text has.
pub fn count(text: &str) -> u64 {
    pieces(text).count() as u64
}

/// The longest head of a text that has at most `limit` tokens.
pub(crate) fn head(text: &str, limit: u64) -> &str {
    let taken = usize::try_from(limit).unwrap_or(usize::MAX);
    let length = pieces(text).take(taken).map(str::len).sum();
    text.get(..length).unwrap_or(text)
}

#[derive(Debug)]
pub(crate) struct Pieces<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let mut letters = 0;
        let mut end = self.rest.len();
        for (at, letter) in self.rest.char_indices() {
            let is_break = letter.is_whitespace();
            if letters > 0 && (is_break || letters == 8) {
                end = at;
                break;
            }
            letters += usize::from(!is_break);
        }
        let (piece, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_words_of_at_most_eight_letters() {
        let cases: &[(&str, &[&str])] = &[
            ("", &[]),
            ("one", &["one"]),
            ("one two", &["one", " two"]),
            ("incomprehensible", &["incompre", "hensible"]),
            (" a\n\nb ", &[" a", "\n\nb", " "]),
            ("数数数数数数数数数", &["数数数数数数数数", "数"]),
        ];
        for (text, expected) in cases {
            assert_eq!(pieces(text).collect::<Vec<_>>(), *expected, "{text:?}");
            assert_eq!(pieces(text).collect::<String>(), *text);
        }
    }

    #[test]
    fn a_head_has_the_tokens_asked_for() {
        assert_eq!(head("one two three", 2), "one two");
        assert_eq!(head("one two three", 0), "");
        assert_eq!(head("one two three", 9), "one two three");
    }
}
