//! Single values. Any of them may be written as a reference (`${env:PORT}`).

use super::{Read, Reader, Text};
use crate::config::yaml::Node;
use crate::config::{suggest, units};
use crate::vault::Secret;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::Value as Json;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tollgate_domain::PicoUsd;
use tollgate_governance::limit::{BadRate, Rate};
use tollgate_governance::pricing::usd_per_million;

/// A value that is written as one string or number.
pub(crate) trait Scalar: Sized {
    /// "expected …".
    const EXPECTED: &'static str;

    /// The value, or what is wrong beyond what was expected (may be empty).
    fn parse(text: &str) -> Result<Self, String>;

    fn json() -> Json;
}

fn read_scalar<T: Scalar>(node: &Node, reader: &mut Reader<'_>) -> Option<T> {
    let text = reader.text(node, T::EXPECTED, false)?;
    match T::parse(text.as_str()) {
        Ok(value) => Some(value),
        Err(detail) => {
            let found = text.shown;
            let message = match detail.strip_prefix("expected ") {
                Some(better) => format!("expected {better}, found {found}"),
                None if detail.is_empty() => format!("expected {}, found {found}", T::EXPECTED),
                None => format!("expected {}, found {found}: {detail}", T::EXPECTED),
            };
            reader.note(node.place, message);
            None
        }
    }
}

/// A scalar's schema, or a string with a reference in it.
fn or_reference(own: Json) -> Schema {
    let Json::Object(mut own) = own else {
        return Schema::default();
    };
    let is_text = own.get("type").is_some_and(|own| own == "string");
    match own.get("pattern").and_then(Json::as_str) {
        Some(pattern) => {
            let pattern = format!("{pattern}|{REFERENCE}");
            own.insert("pattern".to_owned(), pattern.into());
        }
        None if is_text => {}
        None => {
            let types = vec![own.remove("type").unwrap_or_default(), "string".into()];
            own.insert("type".to_owned(), types.into());
            own.insert("pattern".to_owned(), REFERENCE.into());
        }
    }
    own.into()
}

/// What a string with a reference in it matches.
pub(crate) const REFERENCE: &str = r"\$\{";

macro_rules! scalars {
    ($($type:ty: $expected:literal, $parse:expr, $json:tt;)*) => {$(
        impl Scalar for $type {
            const EXPECTED: &'static str = $expected;
            fn parse(text: &str) -> Result<Self, String> {
                let parse: fn(&str) -> Result<Self, String> = $parse;
                parse(text)
            }
            fn json() -> Json {
                serde_json::json!($json)
            }
        }
        impl Read for $type {
            fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
                read_scalar(node, reader)
            }
            fn schema(_generator: &mut SchemaGenerator) -> Schema {
                or_reference(<Self as Scalar>::json())
            }
        }
    )*};
}

scalars! {
    String: "text", |text| Ok(text.to_owned()), { "type": "string" };
    bool: "true or false", |text| text.parse().map_err(|_| String::new()), { "type": "boolean" };
    u32: "a whole number", |text| text.parse().map_err(|_| String::new()), { "type": "integer", "minimum": 0 };
    u64: "a whole number", |text| text.parse().map_err(|_| String::new()), { "type": "integer", "minimum": 0 };
    usize: "a whole number above 0", |text| match text.parse() {
        Ok(0) | Err(_) => Err(String::new()),
        Ok(count) => Ok(count),
    }, { "type": "integer", "minimum": 1 };
    Duration: "a duration such as `500ms`, `2s` or `10m`", |text| units::duration(text).map_err(str::to_owned),
        { "type": "string", "pattern": "^([0-9]+(ms|s|m|min|h|d))+$" };
    Bytes: "a size such as `64KiB` or `10GiB`", |text| units::bytes(text).map(Bytes).map_err(str::to_owned),
        { "type": "string", "pattern": "^[0-9.]+ ?([KMGT]iB|[kKMGT]?B)$" };
    Rate: "a rate such as `600/min` or `200k/min`", |text| text.parse().map_err(|wrong: BadRate| wrong.to_string()),
        { "type": "string", "pattern": "^[0-9_.]+[kKmM]? ?/ ?(s|sec|second|m|min|minute|h|hour|d|day)$" };
    PicoUsd: "dollars a million tokens such as `0.25`", |text| usd_per_million(text).map_err(|wrong| wrong.to_string()),
        { "type": "number", "minimum": 0, "maximum": 10_000 };
    SocketAddr: "an address and a port such as `127.0.0.1:4000` or `[::1]:4000`", |text| {
        let text = text.strip_prefix("localhost:").map_or(text.to_owned(), |port| format!("127.0.0.1:{port}"));
        text.parse().map_err(|_| String::new())
    }, { "type": "string" };
    PathText: "a path", |text| match text {
        "" => Err("it is empty".to_owned()),
        _ => Ok(PathText(text.into())),
    }, { "type": "string" };
}

/// A size in bytes.
#[derive(Clone, Copy)]
pub(crate) struct Bytes(pub(crate) u64);

pub(crate) struct PathText(pub(crate) PathBuf);

/// A value that is kept from sight: its line is blotted out in messages.
pub(crate) struct SecretText(pub(crate) Secret);

impl Read for SecretText {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(node, "text", true)?;
        let wrong = if text.as_str().is_empty() {
            "it is empty"
        } else if text.as_str().chars().any(char::is_control) {
            "it contains a line break or another control character"
        } else {
            return Some(Self(Secret::new(text.as_str().to_owned())));
        };
        reader.note(node.place, format!("expected a credential, but {wrong}"));
        None
    }

    fn schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1 })
    }
}

/// One of a few words.
pub(crate) trait Choice: Copy + 'static {
    const ALL: &'static [(&'static str, Self)];
}

pub(crate) fn read_choice<T: Choice>(node: &Node, reader: &mut Reader<'_>) -> Option<T> {
    let words = || T::ALL.iter().map(|(word, _)| *word);
    let expected = format!("one of {}", words().collect::<Vec<_>>().join(", "));
    let text: Text = reader.text(node, &expected, false)?;
    let found = T::ALL.iter().find(|(word, _)| *word == text.as_str());
    if found.is_none() {
        let hint = match suggest::nearest(text.as_str(), words()) {
            Some(word) => format!(" (did you mean `{word}`?)"),
            None => String::new(),
        };
        let message = format!("expected {expected}, found {}{hint}", text.shown);
        reader.note(node.place, message);
    }
    found.map(|(_, value)| *value)
}

pub(crate) fn choice_schema<T: Choice>() -> Schema {
    let words: Vec<&str> = T::ALL.iter().map(|(word, _)| *word).collect();
    json_schema!({ "type": "string", "anyOf": [{ "enum": words }, { "pattern": REFERENCE }] })
}

/// Makes an enum readable by its words.
macro_rules! choices {
    ($($type:ty: $($word:literal => $variant:ident),+;)*) => {$(
        impl $crate::config::read::Choice for $type {
            const ALL: &'static [(&'static str, Self)] = &[$(($word, <$type>::$variant)),+];
        }
        impl $crate::config::read::Read for $type {
            fn read(
                node: &$crate::config::yaml::Node,
                reader: &mut $crate::config::read::Reader<'_>,
            ) -> Option<Self> {
                $crate::config::read::read_choice(node, reader)
            }
            fn schema(_generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $crate::config::read::choice_schema::<Self>()
            }
        }
    )*};
}
pub(crate) use choices;
