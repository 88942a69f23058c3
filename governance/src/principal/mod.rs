//! Who calls: a virtual key's owner, and what the key may do.

mod hash;
mod scope;
mod tag;

pub use hash::{BadKeyHash, KeyHash};
pub use scope::{Scope, Scopes};
pub use tag::{MAX_TAGS, check_tag};

use crate::NamePattern;
use crate::limit::Limit;
use std::collections::BTreeMap;
use tollgate_domain::{KeyName, Refusal};

/// The bearer of a virtual key. The key itself is not here; its hash is what leads to the principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    pub name: KeyName,
    pub owner: String,
    pub team: String,
    /// Kept on each trace.
    pub tags: BTreeMap<String, String>,
    pub scopes: Scopes,
    /// None: every route.
    pub routes: Option<Vec<NamePattern>>,
    pub limits: Vec<Limit>,
    /// Unix time in milliseconds from which on the key is refused.
    pub expires_unix_ms: Option<i64>,
    pub is_enabled: bool,
}

impl Principal {
    /// Whether the key is good at a time (Unix, milliseconds). A disabled key is told no more than an unknown one.
    pub fn check(&self, now_unix_ms: i64) -> Result<(), Refusal> {
        if !self.is_enabled {
            return Err(Refusal::InvalidKey);
        }
        match self.expires_unix_ms {
            Some(expiry) if now_unix_ms >= expiry => Err(Refusal::ExpiredKey),
            _ => Ok(()),
        }
    }

    pub fn require(&self, scope: Scope) -> Result<(), Refusal> {
        if self.scopes.holds(scope) {
            Ok(())
        } else {
            Err(Refusal::MissingScope(scope.as_str()))
        }
    }

    /// Whether the key may use a route, called by `model` (its name, an alias, or what a pattern matched).
    pub fn may_use(&self, route: &str, model: &str) -> bool {
        self.routes.as_ref().is_none_or(|allowed| {
            allowed
                .iter()
                .any(|pattern| pattern.matches(route) || pattern.matches(model))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal() -> Principal {
        Principal {
            name: "search".into(),
            owner: String::new(),
            team: "search".to_owned(),
            tags: BTreeMap::new(),
            scopes: Scopes::default(),
            routes: Some(vec![NamePattern::new("chat"), NamePattern::new("gpt-*")]),
            limits: Vec::new(),
            expires_unix_ms: Some(1_000),
            is_enabled: true,
        }
    }

    #[test]
    fn a_key_is_refused_from_its_expiry_on() {
        assert_eq!(principal().check(999), Ok(()));
        assert_eq!(principal().check(1_000), Err(Refusal::ExpiredKey));
    }

    #[test]
    fn a_disabled_key_looks_like_an_unknown_one() {
        let disabled = Principal {
            is_enabled: false,
            ..principal()
        };
        assert_eq!(disabled.check(2_000), Err(Refusal::InvalidKey));
    }

    #[test]
    fn a_key_uses_the_routes_it_names_by_route_or_by_model() {
        let key = principal();
        assert!(key.may_use("chat", "chat"));
        assert!(key.may_use("chat", "alias-of-chat"));
        assert!(key.may_use("gpt-*", "gpt-5"));
        assert!(!key.may_use("claude-*", "claude-opus-5"));
        let any = Principal {
            routes: None,
            ..principal()
        };
        assert!(any.may_use("claude-*", "claude-opus-5"));
    }

    #[test]
    fn a_scope_that_is_missing_is_named() {
        assert_eq!(principal().require(Scope::Invoke), Ok(()));
        assert_eq!(
            principal().require(Scope::Read),
            Err(Refusal::MissingScope("read"))
        );
    }
}
