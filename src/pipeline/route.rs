//! From a model's name to a route that the key may use.

use crate::live::{Live, LiveKey, LiveRoute};
use std::sync::Arc;
use tollgate_domain::Refusal;

/// The route of a model name. One that is missing and one that this key may not use are told apart by nobody.
pub fn find(live: &Live, key: &LiveKey, model: &str) -> Result<Arc<LiveRoute>, Refusal> {
    live.route(model)
        .filter(|found| key.principal.may_use(found.route.name.as_str(), model))
        .cloned()
        .ok_or_else(|| Refusal::UnknownModel(model.chars().take(200).collect()))
}
