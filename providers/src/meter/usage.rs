//! Usage as the providers report it, in disjoint buckets.
//!
//! OpenAI (Python SDK 3.54.0): `prompt_tokens` / `input_tokens` include what was cached, written to a cache and
//! audio; `completion_tokens` / `output_tokens` include reasoning and audio. Anthropic (Python SDK 2.12.0):
//! `input_tokens` excludes the cache, `output_tokens` includes thinking. DeepSeek: `prompt_cache_hit_tokens`.

use super::{array_or_skip, object_or_skip};
use crate::wire::json::{Cursor, SyntaxError};
use tollgate_domain::Usage;

/// The most tokens that one answer is believed to have taken, a hundred times what any model's context holds and more.
/// A report of more is none: its figure would stand for money.
const MOST: u64 = 1_000_000_000;

fn believed(usage: &Usage) -> bool {
    usage.total() <= MOST
}

#[derive(Default)]
struct OpenAiCounts {
    input: Option<u64>,
    output: Option<u64>,
    total: Option<u64>,
    cached: Option<u64>,
    cache_hit: Option<u64>,
    cache_write: u64,
    audio_input: u64,
    reasoning: u64,
    audio_output: u64,
}

/// Reads a `usage` of chat completions, completions, embeddings or responses; `None` where it reports nothing.
pub(crate) fn openai_usage(cursor: &mut Cursor<'_>) -> Result<Option<Usage>, SyntaxError> {
    let mut counts = OpenAiCounts::default();
    object_or_skip(cursor, |cursor, key| {
        match key {
            "prompt_tokens" | "input_tokens" => counts.input = cursor.count()?,
            "completion_tokens" | "output_tokens" => counts.output = cursor.count()?,
            "total_tokens" => counts.total = cursor.count()?,
            "prompt_cache_hit_tokens" => counts.cache_hit = cursor.count()?,
            "prompt_tokens_details" | "input_tokens_details" => {
                object_or_skip(cursor, |cursor, key| {
                    match key {
                        "cached_tokens" => counts.cached = cursor.count()?,
                        "cache_write_tokens" => {
                            counts.cache_write = cursor.count()?.unwrap_or(0);
                        }
                        "audio_tokens" => counts.audio_input = cursor.count()?.unwrap_or(0),
                        _ => cursor.skip()?,
                    }
                    Ok(())
                })?;
            }
            "completion_tokens_details" | "output_tokens_details" => {
                object_or_skip(cursor, |cursor, key| {
                    match key {
                        "reasoning_tokens" => counts.reasoning = cursor.count()?.unwrap_or(0),
                        "audio_tokens" => counts.audio_output = cursor.count()?.unwrap_or(0),
                        _ => cursor.skip()?,
                    }
                    Ok(())
                })?;
            }
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    Ok(counts.buckets().filter(believed))
}

impl OpenAiCounts {
    fn buckets(&self) -> Option<Usage> {
        if self.input.is_none() && self.output.is_none() && self.total.is_none() {
            return None;
        }
        let output = self.output.unwrap_or(0);
        let input = match (self.input, self.total) {
            (Some(input), _) => input,
            (None, total) => total.unwrap_or(0).saturating_sub(output),
        };
        // Some servers (xAI) count reasoning beside the completion; their total tells.
        let beside = input
            .checked_add(output)
            .and_then(|sum| sum.checked_add(self.reasoning));
        let output = if self.reasoning > 0 && self.total.is_some() && self.total == beside {
            output.saturating_add(self.reasoning)
        } else {
            output
        };
        let mut fresh = input;
        let cache_read = take(&mut fresh, self.cached.or(self.cache_hit).unwrap_or(0));
        let cache_write = take(&mut fresh, self.cache_write);
        let audio_input = take(&mut fresh, self.audio_input);
        let mut text = output;
        let reasoning = take(&mut text, self.reasoning);
        let audio_output = take(&mut text, self.audio_output);
        Some(Usage {
            input: fresh,
            cache_read,
            cache_write,
            audio_input,
            output: text,
            reasoning,
            audio_output,
            ..Usage::default()
        })
    }
}

/// Moves at most `part` out of what is left, so that buckets never sum to more than was reported.
fn take(left: &mut u64, part: u64) -> u64 {
    let part = part.min(*left);
    *left -= part;
    part
}

/// Anthropic's usage, told in parts: the input and the cache's split at the start of a stream, totals later.
#[derive(Clone, Debug, Default)]
pub(crate) struct AnthropicUsage {
    main: AnthropicCounts,
    /// Compaction and the like, which the totals leave out (`iterations`).
    beside: AnthropicCounts,
}

#[derive(Clone, Debug, Default)]
struct AnthropicCounts {
    input: Option<u64>,
    cache_read: Option<u64>,
    cache_write: Option<u64>,
    cache_write_5m: Option<u64>,
    cache_write_1h: Option<u64>,
    output: Option<u64>,
    thinking: Option<u64>,
}

const FAST: &str = "fast";

impl AnthropicUsage {
    /// Reads a `usage`: what it tells replaces what was told before. `service_tier` goes to `tier`, and `speed` where it
    /// is `fast`.
    pub(crate) fn read(
        &mut self,
        cursor: &mut Cursor<'_>,
        tier: &mut Option<String>,
    ) -> Result<(), SyntaxError> {
        let Self { main, beside } = self;
        object_or_skip(cursor, |cursor, key| match key {
            // A speed has a price of its own, whatever the tier.
            "service_tier" if tier.as_deref() == Some(FAST) => cursor.skip(),
            "service_tier" => super::keep_last(tier, cursor),
            "speed" => {
                if cursor.text()?.as_deref() == Some(FAST) {
                    *tier = Some(FAST.to_owned());
                }
                Ok(())
            }
            "iterations" if cursor.peek() == Some(b'[') => {
                *beside = AnthropicCounts::default();
                array_or_skip(cursor, |cursor| {
                    let mut one = AnthropicCounts::default();
                    let mut is_main = false;
                    object_or_skip(cursor, |cursor, key| match key {
                        "type" => {
                            is_main = cursor.text()?.as_deref() == Some("message");
                            Ok(())
                        }
                        _ => one.field(cursor, key),
                    })?;
                    if !is_main {
                        beside.add(&one);
                    }
                    Ok(())
                })
            }
            _ => main.field(cursor, key),
        })
    }

    /// The buckets; `None` until anything was told.
    pub(crate) fn buckets(&self) -> Option<Usage> {
        if self.main.input.is_none() && self.main.output.is_none() {
            return None;
        }
        Some(self.main.buckets() + self.beside.buckets()).filter(believed)
    }
}

impl AnthropicCounts {
    fn field(&mut self, cursor: &mut Cursor<'_>, key: &str) -> Result<(), SyntaxError> {
        let slot = match key {
            "input_tokens" => &mut self.input,
            "output_tokens" => &mut self.output,
            "cache_read_input_tokens" => &mut self.cache_read,
            "cache_creation_input_tokens" => &mut self.cache_write,
            "cache_creation" => {
                return object_or_skip(cursor, |cursor, key| {
                    let slot = match key {
                        "ephemeral_5m_input_tokens" => &mut self.cache_write_5m,
                        "ephemeral_1h_input_tokens" => &mut self.cache_write_1h,
                        _ => return cursor.skip(),
                    };
                    *slot = cursor.count()?.or(*slot);
                    Ok(())
                });
            }
            "output_tokens_details" => {
                return object_or_skip(cursor, |cursor, key| {
                    match key {
                        "thinking_tokens" => self.thinking = cursor.count()?.or(self.thinking),
                        _ => cursor.skip()?,
                    }
                    Ok(())
                });
            }
            _ => return cursor.skip(),
        };
        *slot = cursor.count()?.or(*slot);
        Ok(())
    }

    fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.input, other.input),
            (&mut self.cache_read, other.cache_read),
            (&mut self.cache_write, other.cache_write),
            (&mut self.cache_write_5m, other.cache_write_5m),
            (&mut self.cache_write_1h, other.cache_write_1h),
            (&mut self.output, other.output),
            (&mut self.thinking, other.thinking),
        ];
        for (slot, more) in pairs {
            if let Some(more) = more {
                *slot = Some(slot.unwrap_or(0).saturating_add(more));
            }
        }
    }

    fn buckets(&self) -> Usage {
        let split = self
            .cache_write_5m
            .unwrap_or(0)
            .saturating_add(self.cache_write_1h.unwrap_or(0));
        let mut cache_write = self.cache_write.unwrap_or(split);
        let cache_write_1h = take(&mut cache_write, self.cache_write_1h.unwrap_or(0));
        let mut output = self.output.unwrap_or(0);
        let reasoning = take(&mut output, self.thinking.unwrap_or(0));
        Usage {
            input: self.input.unwrap_or(0),
            cache_read: self.cache_read.unwrap_or(0),
            cache_write,
            cache_write_1h,
            output,
            reasoning,
            ..Usage::default()
        }
    }
}
