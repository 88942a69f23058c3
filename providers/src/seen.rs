//! What was read off an answer while it passed.

use crate::{StoredThinking, UpstreamError};
use std::sync::Arc;
use tollgate_domain::Usage;

/// What an answer has told so far. Filled while the bytes pass; true at any moment, complete at the end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// Tokens as the provider counts them; `None` until it reported some. On streams the last report stands.
    pub usage: Option<Usage>,
    /// The provider's own words (`stop`, `tool_calls`, `end_turn`, …), one a choice, in the order seen.
    pub finish_reasons: Vec<String>,
    /// All that was said so far, on a stream whose provider was not asked for its usage.
    pub text: Option<String>,
    /// The answer's id.
    pub response_id: Option<String>,
    /// The model that answered, as the provider names it.
    pub model: Option<String>,
    /// The tier that served the request (`default`, `priority`, …) or its speed (`fast`), where it was told: it may change
    /// the price.
    pub service_tier: Option<String>,
    /// The provider's own word that the answer failed, where the dialect says so in a proper last event that was passed
    /// on (`response.failed`). Before any content another target may still be tried.
    pub failure: Option<Box<UpstreamError>>,
    /// Thinking to remember for the next turn, by tool-call id (translated answers only).
    pub thinking: Vec<(String, Arc<StoredThinking>)>,
}
