//! Strings, numbers and words: where they end, and what they mean.

use super::SyntaxError;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The closing quote of a string whose first byte is at `at`, and whether there are escapes in it.
#[inline]
pub(super) fn string_end(bytes: &[u8], at: usize) -> Result<(usize, bool), SyntaxError> {
    let end = plain_end(bytes, at);
    match bytes.get(end) {
        Some(b'"') => Ok((end, false)),
        _ => escaped_end(bytes, end),
    }
}

/// The same from the first byte on that is not plain.
fn escaped_end(bytes: &[u8], mut at: usize) -> Result<(usize, bool), SyntaxError> {
    let mut escaped = false;
    loop {
        at = plain_end(bytes, at);
        match bytes.get(at) {
            Some(b'"') => return Ok((at, escaped)),
            Some(b'\\') => {
                escaped = true;
                at = escape_end(bytes, at)?;
            }
            Some(_) => {
                return Err(SyntaxError {
                    at,
                    expected: "no control character in a string",
                });
            }
            None => {
                return Err(SyntaxError {
                    at,
                    expected: "the end of a string",
                });
            }
        }
    }
}

/// Words of eight bytes in which nearly every key and name has ended.
const SHORT_WORDS: usize = 3;

/// The first byte from `at` on that is a quote, a backslash or a control character; else the end.
///
/// Keys and words are short, prompts long: a few words of eight bytes are looked at where they are needed, the rest
/// elsewhere.
#[inline]
pub(super) fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    let mut rest = bytes.get(at..).unwrap_or_default();
    for _ in 0..SHORT_WORDS {
        let Some((word, next)) = rest.split_first_chunk::<8>() else {
            break;
        };
        let hits = special(u64::from_le_bytes(*word));
        if hits != 0 {
            return at + (hits.trailing_zeros() / 8) as usize;
        }
        at += 8;
        rest = next;
    }
    at + long_plain_end(rest)
}

/// The same for what may be long: in blocks that the compiler makes vector instructions of, as long as their bytes are
/// told apart as bytes.
#[inline(never)]
fn long_plain_end(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some((block, next)) = rest.split_first_chunk::<64>() {
        let found = block.iter().fold(0, |found, byte| {
            found | u8::from(*byte == b'"') | u8::from(*byte == b'\\') | u8::from(*byte < b' ')
        });
        if found != 0 {
            break;
        }
        rest = next;
    }
    while let Some((word, next)) = rest.split_first_chunk::<8>() {
        let hits = special(u64::from_le_bytes(*word));
        if hits != 0 {
            return bytes.len() - rest.len() + (hits.trailing_zeros() / 8) as usize;
        }
        rest = next;
    }
    let tail = rest
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1F));
    bytes.len() - rest.len() + tail.unwrap_or(rest.len())
}

/// The high bit of each byte that ends plain text; exact up to the lowest one set.
fn special(word: u64) -> u64 {
    let equals = |byte: u8| {
        let difference = word ^ (ONES * u64::from(byte));
        difference.wrapping_sub(ONES) & !difference
    };
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    (equals(b'"') | equals(b'\\') | control) & HIGH
}

fn escape_end(bytes: &[u8], at: usize) -> Result<usize, SyntaxError> {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u')
            if bytes
                .get(at + 2..at + 6)
                .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) =>
        {
            Ok(at + 6)
        }
        _ => Err(SyntaxError {
            at,
            expected: "an escape of JSON",
        }),
    }
}

/// The text of a checked string with escapes; `None` where they name half a surrogate pair.
pub(super) fn unescape(raw: &str) -> Option<String> {
    let mut quoted = String::with_capacity(raw.len() + 2);
    quoted.push('"');
    quoted.push_str(raw);
    quoted.push('"');
    serde_json::from_str(&quoted).ok()
}

/// The end of a number that begins at `at`: `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`.
pub(super) fn number_end(bytes: &[u8], mut at: usize) -> Result<usize, SyntaxError> {
    if bytes.get(at) == Some(&b'-') {
        at += 1;
    }
    at = match bytes.get(at) {
        Some(b'0') => at + 1,
        _ => digits_end(bytes, at)?,
    };
    if bytes.get(at) == Some(&b'.') {
        at = digits_end(bytes, at + 1)?;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1;
        if matches!(bytes.get(at), Some(b'+' | b'-')) {
            at += 1;
        }
        at = digits_end(bytes, at)?;
    }
    Ok(at)
}

fn digits_end(bytes: &[u8], at: usize) -> Result<usize, SyntaxError> {
    let digits = bytes.get(at..).unwrap_or_default();
    let count = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if count == 0 {
        Err(SyntaxError {
            at,
            expected: "a digit",
        })
    } else {
        Ok(at + count)
    }
}

/// The end of `true`, `false` or `null`.
pub(super) fn word_end(bytes: &[u8], at: usize, word: &'static str) -> Result<usize, SyntaxError> {
    if bytes
        .get(at..)
        .is_some_and(|rest| rest.starts_with(word.as_bytes()))
    {
        Ok(at + word.len())
    } else {
        Err(SyntaxError { at, expected: word })
    }
}

/// A number's whole part, saturating; `None` for a negative one and for what is no number.
pub(super) fn count(value: &str) -> Option<u64> {
    if let Ok(exact) = value.parse::<u64>() {
        return Some(exact);
    }
    if !value.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    // A fraction, an exponent, or beyond 64 bits: `as` saturates.
    value.parse::<f64>().ok().map(|number| number as u64)
}
