//! OpenAI's chat completions as callers speak it (Python SDK 3.54.0).

mod message;
mod part;
mod read;
pub(crate) mod reply;
mod stream;
mod tool;
mod usage;

pub(crate) use message::arguments_object;
pub(crate) use read::read;
pub(crate) use stream::{Form, Stream};
