//! All breakers, kept across reloads of the configuration.

use super::{Breaker, Settings};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use tollgate_domain::ProviderName;

/// What a breaker watches: a model of a provider, or (where targets pass the caller's model on) all of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TargetId {
    pub provider: ProviderName,
    pub model: Option<Arc<str>>,
}

/// The breakers by target: as many as the configuration has targets. Looked up when a configuration is loaded, not on
/// a request's way.
#[derive(Default)]
pub struct Breakers(RwLock<HashMap<TargetId, Arc<Breaker>>>);

impl Breakers {
    /// The breaker of a target, made when first asked for.
    pub fn breaker(&self, target: &TargetId, settings: Settings) -> Arc<Breaker> {
        let mut breakers = self.0.write().unwrap_or_else(PoisonError::into_inner);
        breakers
            .entry(target.clone())
            .or_insert_with(|| Arc::new(Breaker::new(settings)))
            .clone()
    }

    /// Calls `visit` with each target and its breaker, for metrics.
    pub fn for_each(&self, mut visit: impl FnMut(&TargetId, &Arc<Breaker>)) {
        let breakers = self.0.read().unwrap_or_else(PoisonError::into_inner);
        breakers
            .iter()
            .for_each(|(target, breaker)| visit(target, breaker));
    }

    /// Forgets the targets that are gone.
    pub fn retain(&self, mut is_kept: impl FnMut(&TargetId) -> bool) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|target, _| is_kept(target));
    }
}
