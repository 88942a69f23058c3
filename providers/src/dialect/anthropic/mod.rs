//! Anthropic's messages as callers speak them (Python SDK 2.12.0).

mod block;
mod citation;
mod read;
pub(crate) mod reply;
mod stream;
mod thinking;
mod tool;
mod usage;

pub(crate) use block::cache_control;
pub(crate) use read::{read, read_prompt};
pub(crate) use stream::Stream;
pub(crate) use thinking::{thinking, thinking_block};

use crate::canonical::Names;
use tollgate_domain::Usage;

/// What an answer is written with.
#[derive(Debug, Default)]
pub(crate) struct Form {
    pub(crate) names: Names,
    /// About how many tokens the prompt has, for as long as the provider does not say.
    pub(crate) prompt: u64,
}

impl Form {
    /// What is taken for the usage where the provider has reported none: the prompt, and so many tokens of an answer.
    fn about(&self, output: u64) -> Usage {
        Usage {
            input: self.prompt,
            output,
            estimated: true,
            ..Usage::default()
        }
    }
}
