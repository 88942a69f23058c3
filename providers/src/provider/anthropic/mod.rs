//! Anthropic's Messages API, version 2023-06-01 (Python SDK 2.12.0).

mod cache;
mod citation;
mod history;
mod media;
mod message;
mod models;
mod reasoning;
pub(crate) mod reply;
mod request;
mod schema;
mod stream;
mod tool;

pub(crate) use history::signature_key;
pub(crate) use reasoning::effort_of;
pub(crate) use request::write;
pub(crate) use stream::Stream;

use crate::canonical::Finish;

/// The version that translated requests ask for.
pub(crate) const VERSION: &str = "2023-06-01";

/// The longest tool name.
pub(crate) const NAME_MAX: usize = 128;

/// Why the model stopped, in Anthropic's words.
fn finish(reason: &str) -> Finish {
    match reason {
        "stop_sequence" => Finish::Stop,
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "tool_use" => Finish::Calls,
        "refusal" => Finish::Refused,
        "pause_turn" => Finish::Paused,
        _ => Finish::End,
    }
}
