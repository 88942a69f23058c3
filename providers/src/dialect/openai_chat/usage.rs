//! `usage` as callers of chat completions read it: totals, and of what they consist.

use crate::wire::json::Writer;
use tollgate_domain::Usage;

pub(super) fn write(usage: &Usage, w: &mut Writer) {
    w.object(|w| {
        w.field_count("prompt_tokens", usage.input_total());
        w.field_count("completion_tokens", usage.output_total());
        w.field_count("total_tokens", usage.total());
        w.key("prompt_tokens_details");
        w.object(|w| {
            w.field_count("cached_tokens", usage.cache_read);
            let written = usage.cache_write.saturating_add(usage.cache_write_1h);
            w.field_count("cache_write_tokens", written);
            w.field_count("audio_tokens", usage.audio_input);
        });
        w.key("completion_tokens_details");
        w.object(|w| {
            w.field_count("reasoning_tokens", usage.reasoning);
            w.field_count("audio_tokens", usage.audio_output);
        });
    });
}
