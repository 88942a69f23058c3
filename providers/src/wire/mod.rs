//! The formats below the dialects: server-sent events, and JSON read and edited in place.

pub mod json;
pub mod sse;
