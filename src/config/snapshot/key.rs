//! Virtual keys that the file defines.

use super::LimitSpec;
use std::collections::BTreeMap;
use tollgate_domain::KeyName;

/// A virtual key. The key itself is not kept: only its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEntry {
    pub name: KeyName,
    /// SHA-256 of the key.
    pub hash: [u8; 32],
    pub owner: String,
    pub team: String,
    pub tags: BTreeMap<String, String>,
    /// None: every route.
    pub routes: Option<Vec<NamePattern>>,
    pub scopes: Scopes,
    pub limits: Vec<LimitSpec>,
    /// Unix time in milliseconds from which on the key is refused.
    pub expires_ms: Option<i64>,
    pub enabled: bool,
}

impl KeyEntry {
    /// Whether the key may use a route, called by `model` (its name, an alias, or what a pattern matched).
    pub fn allows(&self, route: &str, model: &str) -> bool {
        self.routes.as_ref().is_none_or(|allowed| {
            allowed
                .iter()
                .any(|pattern| pattern.matches(route) || pattern.matches(model))
        })
    }
}

/// A name, or the beginning of names: `gpt-*`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NamePattern(String);

impl NamePattern {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn matches(&self, name: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == self.0,
        }
    }
}

/// What a key may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Scope {
    /// Calling models.
    Invoke = 1,
    /// Reading traces and experiments.
    Read = 2,
    Metrics = 4,
    /// Everything.
    Admin = 8,
}

impl Scope {
    pub const ALL: [Self; 4] = [Self::Invoke, Self::Read, Self::Metrics, Self::Admin];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invoke => "invoke",
            Self::Read => "read",
            Self::Metrics => "metrics",
            Self::Admin => "admin",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

/// A set of scopes. `admin` holds all the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    pub fn holds(self, scope: Scope) -> bool {
        self.0 & (scope as u8 | Scope::Admin as u8) != 0
    }

    /// The scopes as they were given.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL
            .into_iter()
            .filter(move |scope| self.0 & *scope as u8 != 0)
    }
}

impl Default for Scopes {
    /// `[invoke]`.
    fn default() -> Self {
        [Scope::Invoke].into_iter().collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope as u8))
    }
}
