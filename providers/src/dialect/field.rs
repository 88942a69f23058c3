//! Typed fields of a caller's request. A wrong type is a 400 that names the field; `null` is as good as absent.

use crate::canonical::Text;
use crate::wire::json::{Cursor, SyntaxError};
use std::fmt::Display;
use tollgate_domain::Refusal;

impl From<SyntaxError> for Refusal {
    fn from(error: SyntaxError) -> Self {
        Self::bad_request(format!("the body is not valid: {error}"), None)
    }
}

/// A 400 about a field.
pub(crate) fn wrong(name: impl Display, expected: &str) -> Refusal {
    Refusal::bad_request(format!("`{name}` must be {expected}"), name.to_string())
}

pub(crate) fn missing(name: impl Display) -> Refusal {
    Refusal::bad_request(format!("`{name}` is missing"), name.to_string())
}

pub(crate) fn text<'a>(
    cursor: &mut Cursor<'a>,
    name: impl Display,
) -> Result<Option<Text<'a>>, Refusal> {
    if cursor.null() {
        return Ok(None);
    }
    if cursor.peek() != Some(b'"') {
        return Err(wrong(name, "a string"));
    }
    Ok(Some(Text::read(cursor)?))
}

pub(crate) fn flag(cursor: &mut Cursor<'_>, name: impl Display) -> Result<Option<bool>, Refusal> {
    match raw(cursor)? {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(wrong(name, "true or false")),
    }
}

/// A number as it was written.
pub(crate) fn number<'a>(
    cursor: &mut Cursor<'a>,
    name: impl Display,
) -> Result<Option<&'a str>, Refusal> {
    match raw(cursor)? {
        Some(value)
            if !value.starts_with(['-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']) =>
        {
            Err(wrong(name, "a number"))
        }
        value => Ok(value),
    }
}

pub(crate) fn whole(cursor: &mut Cursor<'_>, name: impl Display) -> Result<Option<u64>, Refusal> {
    if cursor.null() {
        return Ok(None);
    }
    match cursor.count()? {
        Some(count) => Ok(Some(count)),
        None => Err(wrong(name, "a whole number, 0 or more")),
    }
}

/// Any value but `null`, as it was written.
pub(crate) fn raw<'a>(cursor: &mut Cursor<'a>) -> Result<Option<&'a str>, Refusal> {
    let range = cursor.span()?;
    let value = cursor.slice(range);
    Ok((value != "null").then_some(value))
}

/// An object as it was written.
pub(crate) fn raw_object<'a>(
    cursor: &mut Cursor<'a>,
    name: impl Display,
) -> Result<Option<&'a str>, Refusal> {
    match raw(cursor)? {
        Some(value) if !value.starts_with('{') => Err(wrong(name, "an object")),
        value => Ok(value),
    }
}

/// Reads an object's fields; `false` where there is none.
pub(crate) fn object<'a>(
    cursor: &mut Cursor<'a>,
    name: impl Display,
    field: impl FnMut(&mut Cursor<'a>, &str) -> Result<(), Refusal>,
) -> Result<bool, Refusal> {
    if cursor.null() {
        return Ok(false);
    }
    if cursor.peek() != Some(b'{') {
        return Err(wrong(name, "an object"));
    }
    cursor.object(field)?;
    Ok(true)
}

/// Reads a list's items with their indexes; nothing where there is none.
pub(crate) fn list<'a>(
    cursor: &mut Cursor<'a>,
    name: impl Display,
    mut item: impl FnMut(&mut Cursor<'a>, usize) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    if cursor.null() {
        return Ok(());
    }
    if cursor.peek() != Some(b'[') {
        return Err(wrong(name, "a list"));
    }
    let mut index = 0;
    cursor.array(|cursor| {
        item(cursor, index)?;
        index += 1;
        Ok(())
    })
}
