//! The pull reader: objects, arrays, and skipping what nobody asked for.

use super::{SyntaxError, scalar};
use std::borrow::Cow;
use std::ops::Range;

/// Containers may lie this deep in one another.
pub const MAX_DEPTH: u32 = 128;

/// Reads one JSON text from front to back.
#[derive(Debug)]
pub struct Cursor<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
}

/// A string of the input, not yet decoded.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    raw: &'a str,
    escaped: bool,
    start: usize,
}

impl<'a> Text<'a> {
    /// The decoded text; `None` where escapes name half a surrogate pair.
    pub fn decode(&self) -> Option<Cow<'a, str>> {
        if self.escaped {
            scalar::unescape(self.raw).map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(self.raw))
        }
    }

    /// What stands between the quotes.
    pub fn raw(&self) -> &'a str {
        self.raw
    }

    /// Whether there are escapes in it.
    pub fn is_escaped(&self) -> bool {
        self.escaped
    }

    /// Where the string lies in the input, quotes included.
    pub fn range(&self) -> Range<usize> {
        self.start..self.start + self.raw.len() + 2
    }

    /// Whether nothing is between the quotes.
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }
}

impl<'a> Cursor<'a> {
    /// A cursor before the first byte. Checks that the input is UTF-8.
    pub fn new(bytes: &'a [u8]) -> Result<Self, SyntaxError> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Self {
                text,
                at: 0,
                depth: 0,
            }),
            Err(error) => Err(SyntaxError {
                at: error.valid_up_to(),
                expected: "UTF-8",
            }),
        }
    }

    /// Offset of the next byte.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The first byte of the next token, white space skipped.
    pub fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    /// Checks that only white space is left.
    pub fn finish(&mut self) -> Result<(), SyntaxError> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.expected("the end of the input")),
        }
    }

    /// Reads an object. `field` gets each key and must read exactly its value.
    pub fn object<E: From<SyntaxError>>(
        &mut self,
        mut field: impl FnMut(&mut Self, &str) -> Result<(), E>,
    ) -> Result<(), E> {
        self.open(b'{', "an object")?;
        if self.eat(b'}') {
            self.depth -= 1;
            return Ok(());
        }
        loop {
            let key = self.key()?;
            match key.decode() {
                Some(name) => field(self, &name)?,
                None => field(self, key.raw)?,
            }
            if self.eat(b'}') {
                self.depth -= 1;
                return Ok(());
            }
            if !self.eat(b',') {
                return Err(self.expected("`,` or `}`").into());
            }
        }
    }

    /// Reads an array. `item` must read exactly one value each time.
    pub fn array<E: From<SyntaxError>>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.open(b'[', "an array")?;
        if self.eat(b']') {
            self.depth -= 1;
            return Ok(());
        }
        loop {
            item(self)?;
            if self.eat(b']') {
                self.depth -= 1;
                return Ok(());
            }
            if !self.eat(b',') {
                return Err(self.expected("`,` or `]`").into());
            }
        }
    }

    /// Reads a string.
    pub fn string(&mut self) -> Result<Text<'a>, SyntaxError> {
        if self.peek() != Some(b'"') {
            return Err(self.expected("a string"));
        }
        let start = self.at;
        let (end, escaped) = scalar::string_end(self.text.as_bytes(), start + 1)?;
        self.at = end + 1;
        Ok(Text {
            raw: self.text.get(start + 1..end).unwrap_or_default(),
            escaped,
            start,
        })
    }

    /// Skips one value of any kind, checking it; gives where it lies.
    pub fn span(&mut self) -> Result<Range<usize>, SyntaxError> {
        self.peek();
        let start = self.at;
        self.skip()?;
        Ok(start..self.at)
    }

    /// Skips one value of any kind, checking it.
    pub fn skip(&mut self) -> Result<(), SyntaxError> {
        let outer = self.depth;
        // One bit a level that was opened here, the innermost lowest: 1 is an object.
        let mut objects: u128 = 0;
        loop {
            match self.peek() {
                Some(b'{') => {
                    self.open(b'{', "a value")?;
                    if self.eat(b'}') {
                        self.depth -= 1;
                    } else {
                        objects = objects << 1 | 1;
                        self.key()?;
                        continue;
                    }
                }
                Some(b'[') => {
                    self.open(b'[', "a value")?;
                    if self.eat(b']') {
                        self.depth -= 1;
                    } else {
                        objects <<= 1;
                        continue;
                    }
                }
                _ => self.scalar()?,
            }
            loop {
                if self.depth == outer {
                    return Ok(());
                }
                let in_object = objects & 1 == 1;
                if self.eat(b',') {
                    if in_object {
                        self.key()?;
                    }
                    break;
                }
                if !self.eat(if in_object { b'}' } else { b']' }) {
                    return Err(self.expected(if in_object {
                        "`,` or `}`"
                    } else {
                        "`,` or `]`"
                    }));
                }
                self.depth -= 1;
                objects >>= 1;
            }
        }
    }

    /// The input between two offsets.
    pub fn slice(&self, range: Range<usize>) -> &'a str {
        self.text.get(range).unwrap_or_default()
    }

    /// Skips a `null`, if that is what comes next.
    pub fn null(&mut self) -> bool {
        let is_null = self.peek() == Some(b'n')
            && self
                .text
                .as_bytes()
                .get(self.at..)
                .is_some_and(|rest| rest.starts_with(b"null"));
        if is_null {
            self.at += 4;
        }
        is_null
    }

    /// The text of a string; any other value is skipped.
    pub fn text(&mut self) -> Result<Option<Cow<'a, str>>, SyntaxError> {
        if self.peek() == Some(b'"') {
            Ok(self.string()?.decode())
        } else {
            self.skip()?;
            Ok(None)
        }
    }

    /// A number that counts something: not negative, a fraction cut off, saturating. Any other value is skipped.
    pub fn count(&mut self) -> Result<Option<u64>, SyntaxError> {
        let range = self.span()?;
        Ok(scalar::count(self.slice(range)))
    }

    fn scalar(&mut self) -> Result<(), SyntaxError> {
        let bytes = self.text.as_bytes();
        self.at = match self.peek() {
            Some(b'"') => scalar::string_end(bytes, self.at + 1)?.0 + 1,
            Some(b'-' | b'0'..=b'9') => scalar::number_end(bytes, self.at)?,
            Some(b't') => scalar::word_end(bytes, self.at, "true")?,
            Some(b'f') => scalar::word_end(bytes, self.at, "false")?,
            Some(b'n') => scalar::word_end(bytes, self.at, "null")?,
            _ => return Err(self.expected("a value")),
        };
        Ok(())
    }

    fn key(&mut self) -> Result<Text<'a>, SyntaxError> {
        if self.peek() != Some(b'"') {
            return Err(self.expected("a key"));
        }
        let key = self.string()?;
        if !self.eat(b':') {
            return Err(self.expected("`:`"));
        }
        Ok(key)
    }

    fn open(&mut self, bracket: u8, expected: &'static str) -> Result<(), SyntaxError> {
        if !self.eat(bracket) {
            return Err(self.expected(expected));
        }
        if self.depth == MAX_DEPTH {
            return Err(SyntaxError {
                at: self.at - 1,
                expected: "at most 128 levels",
            });
        }
        self.depth += 1;
        Ok(())
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expected(&self, expected: &'static str) -> SyntaxError {
        SyntaxError {
            at: self.at,
            expected,
        }
    }
}
