//! `usage` as callers of messages read it: `input_tokens` leaves out what the cache gave or took.

use crate::wire::json::Writer;
use tollgate_domain::Usage;

/// Writes a usage; that of a whole message tells how the cache's part splits.
pub(super) fn write(usage: &Usage, is_whole: bool, w: &mut Writer) {
    let written = usage.cache_write.saturating_add(usage.cache_write_1h);
    w.object(|w| {
        w.field_count(
            "input_tokens",
            usage.input.saturating_add(usage.audio_input),
        );
        w.field_count("cache_creation_input_tokens", written);
        w.field_count("cache_read_input_tokens", usage.cache_read);
        if is_whole {
            w.key("cache_creation");
            w.object(|w| {
                w.field_count("ephemeral_5m_input_tokens", usage.cache_write);
                w.field_count("ephemeral_1h_input_tokens", usage.cache_write_1h);
            });
        }
        w.field_count("output_tokens", usage.output_total());
        if usage.reasoning > 0 {
            w.key("output_tokens_details");
            w.object(|w| w.field_count("thinking_tokens", usage.reasoning));
        }
    });
}
