//! OpenAI's chat completions (Python SDK 3.54.0), and the servers that are compatible with them.

mod citation;
mod message;
mod models;
mod options;
mod part;
pub(crate) mod reply;
mod request;
mod schema;
mod stream;

pub(crate) use models::is_foreign;
pub(crate) use request::write;
pub(crate) use stream::Stream;

use crate::canonical::Finish;

/// The longest function name.
pub(crate) const NAME_MAX: usize = 64;

/// Why the model stopped, in OpenAI's words.
fn finish(reason: &str) -> Finish {
    match reason {
        "length" | "model_length" => Finish::Length,
        "tool_calls" | "function_call" => Finish::Calls,
        "content_filter" => Finish::Refused,
        _ => Finish::End,
    }
}
