//! `keys`: virtual keys that the file defines.

use super::limit::{self, LimitSection, Of};
use super::route::RouteNames;
use crate::config::read::{List, Located, Named, Reader, SecretText, choices, list, section};
use crate::config::snapshot::KeyEntry;
use ring::digest::{SHA256, digest};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tollgate_domain::KeyName;
use tollgate_governance::NamePattern;
use tollgate_governance::principal::{
    BadKeyHash, KeyHash, MAX_TAGS, Principal, Scope, Scopes, check_tag,
};

section! {
    /// A virtual key: the key itself, or its hash.
    #[schemars(extend("oneOf" = [{ "required": ["key"] }, { "required": ["hash"] }]))]
    pub(crate) struct KeySection {
        /// The key, of any form; only its hash is kept in memory. Either this or `hash`.
        key: SecretText,
        /// `sha256:` and 64 hexadecimal digits: `printf %s "$KEY" | sha256sum`. Either this or `key`.
        #[schemars(extend("pattern" = r"^sha256:[0-9a-fA-F]{64}$|\$\{"))]
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
        #[schemars(extend("pattern" = r"^\d{4}-\d{2}-\d{2}([Tt ]|$)|\$\{"))]
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
    routes: &RouteNames,
    reader: &mut Reader<'_>,
) -> Vec<KeyEntry> {
    let entries = section.map(|section| section.value.into_entries());
    let mut seen: HashMap<KeyHash, String> = HashMap::new();
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
        let principal = Arc::new(principal(name, &section, routes, reader));
        keys.extend(hash.map(|hash| KeyEntry { hash, principal }));
    }
    keys
}

fn hash(name: &Located<String>, section: &KeySection, reader: &mut Reader<'_>) -> Option<KeyHash> {
    match (&section.key, &section.hash) {
        (Some(key), None) => {
            if !key.0.expose().bytes().all(|b| b.is_ascii_graphic()) {
                reader.note_at(key, "a key has visible ASCII characters only, no spaces");
            }
            Some(hash_key(key.0.expose()))
        }
        (None, Some(hash)) => {
            let parsed: Result<KeyHash, BadKeyHash> = hash.0.expose().parse();
            parsed
                .map_err(|wrong| reader.note_at(hash, wrong.to_string()))
                .ok()
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

fn principal(
    name: &Located<String>,
    section: &KeySection,
    routes: &RouteNames,
    reader: &mut Reader<'_>,
) -> Principal {
    let tags = section.tags.iter().flat_map(|tags| tags.iter());
    let tags: BTreeMap<String, String> = tags
        .filter_map(|tag| {
            let value = tag.value.clone()?;
            if let Err(wrong) = check_tag(&tag.name.value, &value) {
                reader.note_at(&tag.name, wrong);
            }
            Some((tag.name.value.clone(), value))
        })
        .collect();
    if let Some(given) = section.tags.as_ref().filter(|_| tags.len() > MAX_TAGS) {
        reader.note_at(given, format!("a key has {MAX_TAGS} tags at most"));
    }
    let field_or_tag = |field: Option<&Located<String>>, tag: &str| {
        let field = field.map(|field| field.value.clone());
        field.or_else(|| tags.get(tag).cloned()).unwrap_or_default()
    };
    let allowed = section.routes.as_ref().map(|list| {
        let names = list.iter().filter(|name| routes.check(name, reader));
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
    Principal {
        name: KeyName::from(name.as_str()),
        owner: field_or_tag(section.owner.as_ref(), "owner"),
        team: field_or_tag(section.team.as_ref(), "team"),
        routes: allowed,
        scopes: scopes.unwrap_or_default(),
        limits: limit::resolve(list(&section.limits), Of::Key, reader),
        expires_unix_ms: section
            .expires
            .as_ref()
            .and_then(|time| expiry(time, reader)),
        is_enabled: section.enabled.as_ref().is_none_or(|enabled| enabled.value),
        tags,
    }
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
pub fn hash_key(key: &str) -> KeyHash {
    let mut hash = [0; 32];
    let digest = digest(&SHA256, key.as_bytes());
    for (to, from) in hash.iter_mut().zip(digest.as_ref()) {
        *to = *from;
    }
    KeyHash::from_bytes(hash)
}

fn expiry(time: &Located<String>, reader: &mut Reader<'_>) -> Option<i64> {
    let expiry = parse_expiry(time);
    if expiry.is_none() {
        let message = "expected a time such as `2027-01-31T00:00:00Z` (RFC 3339), or a day such as `2027-01-31`";
        reader.note_at(time, message);
    }
    expiry
}
