//! What callers speak: a request is read into the canonical form, an answer is written from it.

pub(crate) mod anthropic;
pub(crate) mod field;
pub(crate) mod openai_chat;
