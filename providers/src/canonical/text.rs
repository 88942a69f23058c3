//! Text as it stood in JSON.

use super::whole_letters;
use crate::wire::json::{Cursor, SyntaxError, Writer, quote};
use std::borrow::Cow;

/// What stands between the quotes of a JSON string, still escaped. Going from one JSON text to another it is copied;
/// halves of surrogate pairs are mended on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text<'a>(Cow<'a, str>);

impl<'a> Text<'a> {
    /// Reads a string.
    pub(crate) fn read(cursor: &mut Cursor<'a>) -> Result<Self, SyntaxError> {
        let text = cursor.string()?;
        Ok(Self(match text.is_escaped() {
            true => whole_letters(text.raw()),
            false => Cow::Borrowed(text.raw()),
        }))
    }

    /// Reads a string; any other value is skipped.
    pub(crate) fn read_or_skip(cursor: &mut Cursor<'a>) -> Result<Option<Self>, SyntaxError> {
        if cursor.peek() == Some(b'"') {
            Self::read(cursor).map(Some)
        } else {
            cursor.skip()?;
            Ok(None)
        }
    }

    /// Text that needs no escaping.
    pub(crate) const fn plain(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// Any text.
    pub(crate) fn new(text: &str) -> Text<'static> {
        let quoted = quote(text);
        let inner = quoted.get(1..quoted.len().saturating_sub(1));
        Text(Cow::Owned(inner.unwrap_or_default().to_owned()))
    }

    pub(crate) fn escaped(&self) -> &str {
        &self.0
    }

    /// Splits a `data:` URL into its media type and its base64 data; `None` where it is another URL.
    pub(crate) fn data_url(&self) -> Option<(Text<'a>, Text<'a>)> {
        let has_escapes = memchr::memchr(b'\\', self.0.as_bytes()).is_some();
        match &self.0 {
            Cow::Borrowed(url) if !has_escapes => {
                let (media, data) = split_data_url(url)?;
                Some((Text::plain(media), Text::plain(data)))
            }
            // Some encoders escape slashes.
            _ => {
                let url = self.decode();
                let (media, data) = split_data_url(&url)?;
                Some((Text::new(media), Text::new(data)))
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is nothing but white space.
    pub(crate) fn is_blank(&self) -> bool {
        match self.0.trim_start().as_bytes().first() {
            None => true,
            Some(b'\\') => self.decode().trim().is_empty(),
            Some(_) => false,
        }
    }

    /// The text itself. An escape that names half a surrogate pair is no letter.
    pub(crate) fn decode(&self) -> Cow<'_, str> {
        if memchr::memchr(b'\\', self.0.as_bytes()).is_none() {
            return Cow::Borrowed(&self.0);
        }
        let quoted = ["\"", &self.0, "\""].concat();
        match serde_json::from_str::<String>(&quoted) {
            Ok(text) => Cow::Owned(text),
            Err(_) => Cow::Owned(lossy(&self.0)),
        }
    }

    /// How many letters it has. Nothing is decoded for that: an escape is a letter, and so is a pair of surrogates.
    pub(crate) fn letters(&self) -> usize {
        let mut count = 0;
        let mut bytes = self.0.bytes();
        while let Some(byte) = bytes.next() {
            count += match byte {
                b'\\' => match bytes.next() {
                    Some(b'u') => {
                        let digits = [(); 4].map(|()| bytes.next().unwrap_or_default());
                        let is_second_half =
                            matches!(digits, [b'd' | b'D', b'c'..=b'f' | b'C'..=b'F', ..]);
                        usize::from(!is_second_half)
                    }
                    _ => 1,
                },
                // A letter goes on.
                0x80..=0xbf => 0,
                _ => 1,
            };
        }
        count
    }

    pub(crate) fn push(&mut self, more: &Text<'_>) {
        self.0.to_mut().push_str(&more.0);
    }

    /// The same text without what follows its last letter.
    pub(crate) fn trim_end(&self) -> Text<'_> {
        match self.0.ends_with(char::is_whitespace) || self.0.ends_with(['n', 't', 'r']) {
            true => Text::new(self.decode().trim_end()),
            false => Text(Cow::Borrowed(&self.0)),
        }
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.escaped([&*self.0]);
    }

    pub(crate) fn field(&self, writer: &mut Writer, key: &str) {
        writer.key(key);
        self.write(writer);
    }

    pub(crate) fn into_owned(self) -> Text<'static> {
        Text(Cow::Owned(self.0.into_owned()))
    }
}

/// Decodes one escape after the other, so that half a surrogate pair spoils nothing but itself.
fn lossy(escaped: &str) -> String {
    let mut out = String::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some((plain, after)) = rest.split_once('\\') {
        out.push_str(plain);
        let width = match after.as_bytes().first() {
            Some(b'u') if after.get(5..7) == Some("\\u") => 11,
            Some(b'u') => 5,
            _ => 1,
        };
        let decode = |width: usize| {
            let escape = after.get(..width)?;
            serde_json::from_str::<String>(&["\"\\", escape, "\""].concat()).ok()
        };
        let (width, letter) = match (decode(width), width) {
            (Some(letter), _) => (width, letter),
            (None, 11) => (5, decode(5).unwrap_or("\u{fffd}".to_owned())),
            (None, _) => (width, "\u{fffd}".to_owned()),
        };
        out.push_str(&letter);
        rest = after.get(width..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

fn split_data_url(url: &str) -> Option<(&str, &str)> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    let head = head.strip_suffix(";base64")?;
    let media = head.split_once(';').map_or(head, |(media, _)| media);
    Some((media, data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_blank_however_it_is_spelt() {
        for (escaped, expected) in [
            ("", true),
            (" ", true),
            (r" \n\t", true),
            (r"\u0020", true),
            (r"\u0041", false),
            ("a", false),
        ] {
            assert_eq!(Text::plain(escaped).is_blank(), expected, "{escaped}");
        }
    }

    #[test]
    fn text_is_escaped_once() {
        assert_eq!(Text::new("a\"\n").escaped(), r#"a\"\n"#);
        assert_eq!(Text::plain(r"\u00e9").decode(), "é");
        let halves = Text::plain(r#"\ud83d\"\ude00\ud83d\ude00\n"#);
        assert_eq!(halves.decode(), "\u{fffd}\"\u{fffd}\u{1f600}\n");
        assert_eq!(Text::plain(r"a \n").trim_end().decode(), "a");
        assert_eq!(Text::plain("turn").trim_end().decode(), "turn");
    }

    #[test]
    fn letters_are_counted_as_they_are_decoded() {
        for (escaped, expected) in [
            ("", 0),
            ("aé☃😀", 4),
            (r#"a\n\"b"#, 4),
            (r"\\\\u00e9", 7),
            (r"\\\u00e9", 2),
            (r"\u00e9x\u2603\ud83d\ude00y", 5),
            (r"\uD83D\uDE00\\", 2),
            (r"\\", 1),
            ("\u{fffd}\\n", 2),
        ] {
            let text = Text::plain(escaped);
            assert_eq!(text.letters(), expected, "{escaped}");
            assert_eq!(text.decode().chars().count(), expected, "{escaped}");
        }
    }

    #[test]
    fn data_urls_are_split() {
        let split = |url: &'static str| {
            let (media, data) = Text::plain(url).data_url()?;
            Some((media.decode().into_owned(), data.decode().into_owned()))
        };
        let expected = Some(("image/png".to_owned(), "aGk=".to_owned()));
        assert_eq!(split("data:image/png;base64,aGk="), expected);
        assert_eq!(split(r"data:image\/png;charset=x;base64,aGk="), expected);
        assert_eq!(split("data:text/plain,hi"), None);
        assert_eq!(split("https://a/b.png"), None);
    }
}
