//! `keys`: virtual keys that the file defines.

use super::limit::{self, LimitSection, Of};
use crate::config::read::{List, Located, Named, Reader, SecretText, choices, list, section};
use crate::config::snapshot::{KeyEntry, NamePattern, NameTable, Scope, Scopes};
use crate::config::suggest;
use ring::digest::{SHA256, digest};
use std::collections::{BTreeMap, HashMap};
use tollgate_domain::KeyName;

section! {
    /// A virtual key: the key itself, or its hash.
    pub(crate) struct KeySection {
        /// The key, of any form; only its hash is kept in memory. Either this or `hash`.
        key: SecretText,
        /// `sha256:` and 64 hexadecimal digits: `printf %s "$KEY" | sha256sum`. Either this or `key`.
        hash: SecretText,
        /// Who holds it. Default: the tag `owner`.
        owner: String,
        /// Whose use it counts to. Default: the tag `team`.
        team: String,
        /// Kept on each trace.
        tags: Named<String>,
        /// The routes that it may use, by name, alias or beginning (`gpt-*`). Default: all.
        routes: List<String>,
        /// What it may be used for: `invoke`, `read`, `metrics`, `admin`. Default: `[invoke]`.
        scopes: List<Scope>,
        /// Limits of this key, beside those of every key.
        limits: List<LimitSection>,
        /// From when on it is refused: `2027-01-31T00:00:00Z`, or a day (in UTC).
        expires: String,
        /// `false` refuses it. Default: true.
        enabled: bool,
    }
}

choices! {
    Scope: "invoke" => Invoke, "read" => Read, "metrics" => Metrics, "admin" => Admin;
}

pub(crate) fn resolve(
    section: Option<Located<Named<KeySection>>>,
    routes: &NameTable<Option<usize>>,
    reader: &mut Reader<'_>,
) -> Vec<KeyEntry> {
    let entries = section.map(|section| section.value.into_entries());
    let mut seen: HashMap<[u8; 32], String> = HashMap::new();
    let mut keys = Vec::new();
    for entry in entries.into_iter().flatten() {
        let name = &entry.name;
        if name.is_empty() || name.len() > 128 || !name.bytes().all(|b| b.is_ascii_graphic()) {
            reader.note_at(
                name,
                "a key's name has 1 to 128 visible ASCII characters, no spaces",
            );
        }
        let Some(section) = entry.value else {
            continue;
        };
        let hash = hash(name, &section, reader);
        if let Some(other) = hash.and_then(|hash| seen.insert(hash, name.value.clone())) {
            reader.note_at(name, format!("is the same key as `{other}`"));
        }
        // Without a hash a mistake is noted: the entry is made for its other checks and never used.
        keys.push(resolve_one(
            name,
            hash.unwrap_or_default(),
            &section,
            routes,
            reader,
        ));
    }
    keys
}

fn hash(name: &Located<String>, section: &KeySection, reader: &mut Reader<'_>) -> Option<[u8; 32]> {
    match (&section.key, &section.hash) {
        (Some(key), None) => {
            if !key.0.expose().bytes().all(|b| b.is_ascii_graphic()) {
                reader.note_at(key, "a key has visible ASCII characters only, no spaces");
            }
            Some(hash_key(key.0.expose()))
        }
        (None, Some(hash)) => {
            let bytes = hash
                .0
                .expose()
                .strip_prefix("sha256:")
                .and_then(hexadecimal);
            if bytes.is_none() {
                reader.note_at(hash, "expected `sha256:` and 64 hexadecimal digits");
            }
            bytes
        }
        (Some(_), Some(hash)) => {
            reader.note_at(hash, "`key` and `hash` exclude each other; give one");
            None
        }
        (None, None) => {
            let field = &name.field;
            if reader.is_sound(&format!("{field}.key")) && reader.is_sound(&format!("{field}.hash"))
            {
                reader.note_at(name, "`key` or `hash` is missing");
            }
            None
        }
    }
}

fn resolve_one(
    name: &Located<String>,
    hash: [u8; 32],
    section: &KeySection,
    routes: &NameTable<Option<usize>>,
    reader: &mut Reader<'_>,
) -> KeyEntry {
    let tags = section.tags.iter().flat_map(|tags| tags.iter());
    let tags: BTreeMap<String, String> = tags
        .filter_map(|tag| Some((tag.name.value.clone(), tag.value.clone()?)))
        .collect();
    let field_or_tag = |field: Option<&Located<String>>, tag: &str| {
        let field = field.map(|field| field.value.clone());
        field.or_else(|| tags.get(tag).cloned()).unwrap_or_default()
    };
    let allowed = section.routes.as_ref().map(|list| {
        let names = list.iter().filter(|name| check_route(name, routes, reader));
        names.map(|name| NamePattern::new(name.as_str())).collect()
    });
    let scopes = section.scopes.as_ref().map(|scopes| {
        if scopes.is_empty() && reader.is_sound(&scopes.field) {
            reader.note_at(
                scopes,
                "a key without scopes is of no use; `enabled: false` turns it off",
            );
        }
        scopes.iter().map(|scope| scope.value).collect::<Scopes>()
    });
    KeyEntry {
        name: KeyName::from(name.as_str()),
        hash,
        owner: field_or_tag(section.owner.as_ref(), "owner"),
        team: field_or_tag(section.team.as_ref(), "team"),
        routes: allowed,
        scopes: scopes.unwrap_or_default(),
        limits: limit::resolve(list(&section.limits), Of::Key, reader),
        expires_ms: section
            .expires
            .as_ref()
            .and_then(|time| expiry(time, reader)),
        enabled: section.enabled.as_ref().is_none_or(|enabled| enabled.value),
        tags,
    }
}

/// Whether a key's route is one: a name that leads to a route, or the beginning of one's name.
fn check_route(
    name: &Located<String>,
    routes: &NameTable<Option<usize>>,
    reader: &mut Reader<'_>,
) -> bool {
    let pattern = NamePattern::new(name.as_str());
    let is_one = routes.find(name).is_some() || routes.names().any(|n| pattern.matches(n));
    if !is_one {
        let hint = suggest::hint(name, routes.names());
        reader.note_at(name, format!("no route named `{}`{hint}", name.value));
    }
    is_one
}

/// From when on a key is refused, in milliseconds of Unix time: RFC 3339, or a day in UTC.
pub fn parse_expiry(text: &str) -> Option<i64> {
    let time: Result<jiff::Timestamp, _> = if text.len() == "2027-01-31".len() {
        format!("{text}T00:00:00Z").parse()
    } else {
        text.parse()
    };
    time.ok().map(jiff::Timestamp::as_millisecond)
}

/// The hash by which a virtual key is known.
pub fn hash_key(key: &str) -> [u8; 32] {
    let digest = digest(&SHA256, key.as_bytes());
    let mut hash = [0; 32];
    for (to, from) in hash.iter_mut().zip(digest.as_ref()) {
        *to = *from;
    }
    hash
}

fn expiry(time: &Located<String>, reader: &mut Reader<'_>) -> Option<i64> {
    let expiry = parse_expiry(time);
    if expiry.is_none() {
        let message = "expected a time such as `2027-01-31T00:00:00Z` (RFC 3339), or a day such as `2027-01-31`";
        reader.note_at(time, message);
    }
    expiry
}

fn hexadecimal(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0u8; 32];
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}
