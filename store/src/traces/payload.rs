//! A span's wide half: attributes, events, links and the status message as JSON.

use crate::error::{Result, StoreError};
use crate::traces::json::{Json, Members};
use crate::traces::row::{SpanEvent, SpanLink, SpanRow, SpanStatus, push_json_string};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tollgate_domain::Usage;

/// The JSON that is stored for a span, appended to `out`.
pub(crate) fn write_json(
    span: &SpanRow,
    extra_link: Option<&SpanLink>,
    out: &mut String,
) -> Result<()> {
    out.push_str("{\"a\":{");
    out.push_str(span.attributes.members());
    out.push('}');
    if let SpanStatus::Error(message) = &span.status {
        out.push_str(",\"m\":");
        push_json_string(out, message);
    }
    if let Some(usage) = &span.usage {
        out.push_str(",\"u\":");
        let usage =
            serde_json::to_string(usage).map_err(|error| StoreError::damaged("usage", error))?;
        out.push_str(&usage);
    }
    if !span.events.is_empty() {
        let events: Vec<Value> = span
            .events
            .iter()
            .map(|event| json!({ "n": event.name, "t": event.unix_nanos, "a": event.attributes }))
            .collect();
        out.push_str(",\"e\":");
        out.push_str(&Value::from(events).to_string());
    }
    let links: Vec<Value> = span
        .links
        .iter()
        .chain(extra_link)
        .map(|link| json!({ "t": link.trace.to_string(), "s": link.span.to_string(), "a": link.attributes }))
        .collect();
    if !links.is_empty() {
        out.push_str(",\"l\":");
        out.push_str(&Value::from(links).to_string());
    }
    out.push('}');
    Ok(())
}

/// A payload, opened.
#[derive(Default)]
pub(crate) struct Payload {
    pub(crate) attributes: Members,
    pub(crate) message: String,
    pub(crate) usage: Option<Usage>,
    pub(crate) events: Vec<SpanEvent>,
    pub(crate) links: Vec<SpanLink>,
}

#[derive(serde::Deserialize)]
struct Stored<'a> {
    #[serde(borrow)]
    a: RawMembers<'a>,
    #[serde(default)]
    m: String,
    #[serde(default)]
    u: Option<Usage>,
    #[serde(default)]
    e: Vec<StoredEvent>,
    #[serde(default)]
    l: Vec<StoredLink>,
}

/// An object's members in their order, values unread.
struct RawMembers<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for RawMembers<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(entry) = entries.next_entry()? {
                    members.push(entry);
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(Reader).map(RawMembers)
    }
}

#[derive(serde::Deserialize)]
struct StoredEvent {
    n: String,
    t: u64,
    a: Map<String, Value>,
}

#[derive(serde::Deserialize)]
struct StoredLink {
    t: String,
    s: String,
    a: Map<String, Value>,
}

impl Payload {
    pub(crate) fn parse(json: &str) -> Result<Self> {
        let damaged = |error: &dyn std::fmt::Display| StoreError::damaged("span", error);
        let stored: Stored<'_> = serde_json::from_str(json).map_err(|error| damaged(&error))?;
        let links = stored.l.into_iter().map(|link| {
            Ok(SpanLink {
                trace: link.t.parse().map_err(|error| damaged(&error))?,
                span: link.s.parse().map_err(|error| damaged(&error))?,
                attributes: link.a,
            })
        });
        Ok(Self {
            // A captured body can be JSON that no tree holds (nested a thousand deep): it is shown as text.
            attributes: stored
                .a
                .0
                .into_iter()
                .map(|(key, raw)| {
                    let value = serde_json::from_str(raw.get());
                    (key, value.unwrap_or_else(|_| Json::from(raw.get())))
                })
                .collect(),
            message: stored.m,
            usage: stored.u,
            events: stored
                .e
                .into_iter()
                .map(|event| SpanEvent {
                    name: event.n,
                    unix_nanos: event.t,
                    attributes: event.a,
                })
                .collect(),
            links: links.collect::<Result<_>>()?,
        })
    }
}
