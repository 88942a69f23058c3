//! JSON that was cut at the end, closed so that what is there can be read.

use serde_json::Value;

/// The value, with whatever the cut left open closed; `None` where that makes no JSON.
pub(super) fn close(cut: &[u8]) -> Option<Value> {
    let text = match std::str::from_utf8(cut) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(cut.get(..error.valid_up_to())?).ok()?,
    };
    if !matches!(
        text.trim_start().as_bytes().first(),
        Some(b'{' | b'[' | b'"')
    ) {
        return None;
    }
    let open = Open::of(text);
    let mut kept = text.trim_end().to_owned();
    if open.in_string {
        kept = text.to_owned();
        kept.truncate(open.safe);
        kept.push('"');
    }
    let closers: String = open.brackets.iter().rev().collect();
    let token_end = kept
        .trim_end_matches(|letter: char| letter.is_ascii_alphanumeric() || "+-.".contains(letter))
        .trim_end();
    let without_comma = token_end.strip_suffix(',').unwrap_or(token_end);
    // A value was cut behind it; a key has no value; a colon has none; half a number or word goes.
    [
        format!("{kept}{closers}"),
        format!("{kept}:null{closers}"),
        format!("{kept}null{closers}"),
        format!("{token_end}null{closers}"),
        format!("{without_comma}{closers}"),
    ]
    .iter()
    .find_map(|candidate| serde_json::from_str(candidate).ok())
}

/// What is open at the end of a text.
#[derive(Default)]
struct Open {
    brackets: Vec<char>,
    in_string: bool,
    /// In a string: the end of its last whole character or escape.
    safe: usize,
}

impl Open {
    fn of(text: &str) -> Self {
        let mut open = Self::default();
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            let at = text.len() - rest.len();
            let width = match (open.in_string, letter) {
                (true, '\\') => match escape_width(rest) {
                    Some(width) => width,
                    None => return open,
                },
                (_, letter) => letter.len_utf8(),
            };
            if open.in_string {
                open.in_string = letter != '"';
                open.safe = at + width;
            } else {
                match letter {
                    '"' => {
                        open.in_string = true;
                        open.safe = at + width;
                    }
                    '{' => open.brackets.push('}'),
                    '[' => open.brackets.push(']'),
                    '}' | ']' => drop(open.brackets.pop()),
                    _ => {}
                }
            }
            rest = rest.get(width..).unwrap_or_default();
        }
        open
    }
}

/// The length of the escape that the text begins with, both halves of a surrogate pair together; `None` if it is cut.
fn escape_width(text: &str) -> Option<usize> {
    if text.as_bytes().get(1)? != &b'u' {
        return Some(2);
    }
    let is_high = matches!(
        text.get(2..4)?,
        "d8" | "d9" | "da" | "db" | "D8" | "D9" | "DA" | "DB"
    );
    let width = if is_high { 12 } else { 6 };
    text.get(..width).map(str::len)
}
