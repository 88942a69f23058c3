//! Token usage in one normal form.

use serde::{Deserialize, Serialize};
use std::ops::Add;

/// Tokens in disjoint buckets: each token is in exactly one, so that pricing is a sum of products.
///
/// OpenAI's `prompt_tokens` is the sum of the input buckets; Anthropic's `input_tokens` is `input` alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Fresh text (and image) input.
    pub input: u64,
    pub cache_read: u64,
    /// Written to a cache of five minutes (or of the provider's only duration).
    pub cache_write: u64,
    /// Written to a cache of an hour.
    pub cache_write_1h: u64,
    pub audio_input: u64,
    /// Visible output.
    pub output: u64,
    pub reasoning: u64,
    pub audio_output: u64,
    /// Counted by us and not reported by the provider.
    pub estimated: bool,
}

impl Usage {
    pub fn input_total(&self) -> u64 {
        [
            self.input,
            self.cache_read,
            self.cache_write,
            self.cache_write_1h,
            self.audio_input,
        ]
        .into_iter()
        .fold(0, u64::saturating_add)
    }

    pub fn output_total(&self) -> u64 {
        self.output
            .saturating_add(self.reasoning)
            .saturating_add(self.audio_output)
    }

    pub fn total(&self) -> u64 {
        self.input_total().saturating_add(self.output_total())
    }
}

impl Add for Usage {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            cache_read: self.cache_read.saturating_add(other.cache_read),
            cache_write: self.cache_write.saturating_add(other.cache_write),
            cache_write_1h: self.cache_write_1h.saturating_add(other.cache_write_1h),
            audio_input: self.audio_input.saturating_add(other.audio_input),
            output: self.output.saturating_add(other.output),
            reasoning: self.reasoning.saturating_add(other.reasoning),
            audio_output: self.audio_output.saturating_add(other.audio_output),
            estimated: self.estimated || other.estimated,
        }
    }
}
