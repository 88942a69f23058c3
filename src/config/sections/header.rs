//! Headers that are sent to others.

use crate::config::read::{Located, Named, Reader, SecretText};
use crate::vault::Secret;
use http::{HeaderName, HeaderValue};

/// Headers of the connection, the message's framing, or made by the gateway itself.
const OURS: [&str; 13] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

pub(crate) fn resolve(
    headers: Option<Located<Named<SecretText>>>,
    reader: &mut Reader<'_>,
) -> Vec<(HeaderName, Secret)> {
    let mut out: Vec<(HeaderName, Secret)> = Vec::new();
    let entries = headers.map(|headers| headers.value.into_entries());
    for entry in entries.into_iter().flatten() {
        let Ok(name) = HeaderName::try_from(entry.name.as_str()) else {
            reader.note_at(&entry.name, "not the name of an HTTP header");
            continue;
        };
        if OURS.contains(&name.as_str()) {
            reader.note_at(
                &entry.name,
                "this header is made by the gateway and cannot be set",
            );
            continue;
        }
        if out.iter().any(|(other, _)| *other == name) {
            reader.note_at(
                &entry.name,
                "given twice: names of headers do not differ by case",
            );
            continue;
        }
        let Some(SecretText(value)) = entry.value else {
            continue;
        };
        if HeaderValue::from_str(value.expose()).is_err() {
            reader.note_at(&entry.name, "its value cannot be sent in an HTTP header");
            continue;
        }
        out.push((name, value));
    }
    out
}
