//! The words of a filter.

use crate::error::{Result, StoreError};
use std::str::Chars;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    /// A name such as `trace.status` or ``tag.`my tag` ``, its quoted parts as they are inside their quotes; or a
    /// keyword.
    Name {
        text: String,
        is_quoted: bool,
    },
    Text(String),
    Number(String),
    Operator(&'static str),
    Open,
    Close,
    Comma,
}

impl Token {
    /// The token as a keyword in capitals, where it can be one.
    pub(crate) fn keyword(&self) -> Option<String> {
        match self {
            Self::Name {
                text,
                is_quoted: false,
            } => Some(text.to_ascii_uppercase()),
            _ => None,
        }
    }

    /// As the caller wrote it, more or less.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Name { text, .. } | Self::Number(text) => text.clone(),
            Self::Text(text) => format!("'{text}'"),
            Self::Operator(text) => (*text).to_string(),
            Self::Open => "(".into(),
            Self::Close => ")".into(),
            Self::Comma => ",".into(),
        }
    }
}

/// Two characters first: the longest fits.
const OPERATORS: [&str; 8] = ["==", "!=", "<>", "<=", ">=", "=", "<", ">"];

pub(crate) fn tokens(filter: &str) -> Result<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = filter.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            '(' => (Token::Open, after(rest, 1)),
            ')' => (Token::Close, after(rest, 1)),
            ',' => (Token::Comma, after(rest, 1)),
            '\'' | '"' => {
                let (text, after) = quoted(rest, first)?;
                (Token::Text(text), after)
            }
            '0'..='9' | '-' | '+' => number(rest)?,
            _ => match OPERATORS
                .into_iter()
                .find(|operator| rest.starts_with(operator))
            {
                Some(operator) => (Token::Operator(operator), after(rest, operator.len())),
                None => name(rest)?,
            },
        };
        tokens.push(token);
        rest = after.trim_start();
    }
    Ok(tokens)
}

fn after(text: &str, bytes: usize) -> &str {
    text.get(bytes..).unwrap_or_default()
}

/// A quoted text at the start; its quote doubled stands for itself.
fn quoted(text: &str, quote: char) -> Result<(String, &str)> {
    let mut value = String::new();
    let mut characters: Chars<'_> = text.chars();
    characters.next();
    while let Some(character) = characters.next() {
        if character != quote {
            value.push(character);
            continue;
        }
        match characters.as_str().strip_prefix(quote) {
            Some(rest) => {
                value.push(quote);
                characters = rest.chars();
            }
            None => return Ok((value, characters.as_str())),
        }
    }
    Err(StoreError::Invalid(format!(
        "Invalid clause(s) in filter string: the quote {quote} that begins at {text} is not closed"
    )))
}

fn number(text: &str) -> Result<(Token, &str)> {
    let end = text
        .char_indices()
        .find(|(at, c)| {
            !(c.is_ascii_alphanumeric() || *c == '.' || (*at == 0 && matches!(c, '-' | '+')))
        })
        .map_or(text.len(), |(at, _)| at);
    let (number, rest) = text.split_at(end);
    match number.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok((Token::Number(number.to_string()), rest)),
        _ => Err(StoreError::Invalid(format!(
            "Invalid clause(s) in filter string: '{number}'"
        ))),
    }
}

/// Letters, digits, `_`, `/`, `:`, `@`, `$` and dots; parts in backticks or, after a dot, in quotes hold anything.
fn name(text: &str) -> Result<(Token, &str)> {
    let mut name = String::new();
    let mut is_quoted = false;
    let mut rest = text;
    loop {
        let mut characters = rest.chars();
        match characters.next() {
            Some('`') => {
                let (part, after) = quoted(rest, '`')?;
                name.push_str(&part);
                is_quoted = true;
                rest = after;
            }
            Some(quote @ ('"' | '\'')) if name.ends_with('.') => {
                let (part, after) = quoted(rest, quote)?;
                name.push_str(&part);
                is_quoted = true;
                rest = after;
            }
            Some(character) if character.is_alphanumeric() || "_./:@$".contains(character) => {
                name.push(character);
                rest = characters.as_str();
            }
            Some(other) if name.is_empty() && !is_quoted => {
                return Err(StoreError::Invalid(format!(
                    "Invalid clause(s) in filter string: '{other}' is not understood in {text}"
                )));
            }
            Some('-') => {
                return Err(StoreError::Invalid(format!(
                    "Invalid clause(s) in filter string: a name with '-' needs backticks: `{name}-...`"
                )));
            }
            _ => {
                return Ok((
                    Token::Name {
                        text: name,
                        is_quoted,
                    },
                    rest,
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_texts_numbers_and_operators_are_told_apart() {
        let described: Vec<String> = tokens(r#"tag.`my tag`>='it''s "so"' and x IN("a",'b') -1.5"#)
            .unwrap()
            .iter()
            .map(Token::describe)
            .collect();
        assert_eq!(
            described,
            [
                "tag.my tag",
                ">=",
                "'it's \"so\"'",
                "and",
                "x",
                "IN",
                "(",
                "'a'",
                ",",
                "'b'",
                ")",
                "-1.5"
            ]
        );
    }

    #[test]
    fn what_is_no_token_is_named() {
        for (filter, part) in [
            ("a = 'b", "not closed"),
            ("a = 1x", "'1x'"),
            ("tag.my-tag = 'x'", "backticks"),
            ("a ; b", "';'"),
        ] {
            let error = tokens(filter).unwrap_err().to_string();
            assert!(error.contains(part), "{filter}: {error}");
        }
    }
}
