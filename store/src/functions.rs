//! SQL functions that searches use: text matching with MLflow's rules, and a look into compressed payloads.

use crate::error::Result;
use crate::search::like;
use crate::traces::content;
use crate::traces::dictionary::Dictionaries;
use regex::Regex;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error};
use std::sync::Arc;

/// Registers on a reading connection:
///
/// - `text_like(text, pattern)`, `text_ilike(…)`, `text_rlike(…)`: 1, 0, or NULL for a NULL text;
/// - `payload_text(dictionary, body, at, length)`: what a span says, for full-text search;
/// - `payload_attribute(dictionary, body, at, length, name)`: an attribute's JSON text, or NULL.
pub(crate) fn register(connection: &Connection, dictionaries: &Arc<Dictionaries>) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection
        .create_scalar_function("text_like", 2, flags, |call| compare(call, like::matches))?;
    connection.create_scalar_function("text_ilike", 2, flags, |call| {
        compare(call, |text, pattern| {
            like::matches(&text.to_lowercase(), &pattern.to_lowercase())
        })
    })?;
    connection.create_scalar_function("text_rlike", 2, flags, |call| {
        let regex: Arc<Regex> =
            call.get_or_create_aux(1, |pattern: ValueRef<'_>| -> rusqlite::Result<_> {
                Regex::new(pattern.as_str()?)
                    .map_err(|error| Error::UserFunctionError(error.into()))
            })?;
        compare(call, |text, _| regex.is_match(text))
    })?;
    let openers = Arc::clone(dictionaries);
    connection.create_scalar_function("payload_text", 4, flags, move |call| {
        let json = open(call, &openers)?;
        Ok(json.map(|json| content::plain(&json)))
    })?;
    let openers = Arc::clone(dictionaries);
    connection.create_scalar_function("payload_attribute", 5, flags, move |call| {
        let name = call.get_raw(4).as_str()?;
        let json = open(call, &openers)?;
        Ok(json.and_then(|json| content::attribute(&json, name)))
    })?;
    Ok(())
}

/// The JSON of the span whose payload the first four arguments are; `None` for a span without one, or with one that is
/// damaged: a search finds what is left.
fn open(call: &Context<'_>, dictionaries: &Dictionaries) -> rusqlite::Result<Option<String>> {
    let ValueRef::Blob(body) = call.get_raw(1) else {
        return Ok(None);
    };
    Ok(dictionaries
        .open(call.get(0)?, body, call.get(2)?, call.get(3)?)
        .ok())
}

fn compare(
    call: &Context<'_>,
    test: impl FnOnce(&str, &str) -> bool,
) -> rusqlite::Result<Option<bool>> {
    match call.get_raw(0) {
        ValueRef::Null => Ok(None),
        text => Ok(Some(test(text.as_str()?, call.get_raw(1).as_str()?))),
    }
}
