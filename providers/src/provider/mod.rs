//! Whom we call: the canonical form into a provider's request, its answer into canonical events.

pub(crate) mod anthropic;
pub(crate) mod openai;
