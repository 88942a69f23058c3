//! `usage` as callers of messages read it: `input_tokens` leaves out what the cache gave or took.

use crate::wire::json::Writer;
use tollgate_domain::Usage;

/// Writes the usage of a message: also how the cache's part splits, and the service tier.
pub(super) fn whole(usage: &Usage, tier: Option<&str>, w: &mut Writer) {
    w.object(|w| {
        counts(usage, w);
        w.key("cache_creation");
        w.object(|w| {
            w.field_count("ephemeral_5m_input_tokens", usage.cache_write);
            w.field_count("ephemeral_1h_input_tokens", usage.cache_write_1h);
        });
        if let Some(tier) = tier {
            w.field("service_tier", tier);
        }
    });
}

/// Writes the usage at a stream's end.
pub(super) fn at_end(usage: &Usage, w: &mut Writer) {
    w.object(|w| counts(usage, w));
}

fn counts(usage: &Usage, w: &mut Writer) {
    let input = usage.input.saturating_add(usage.audio_input);
    w.field_count("input_tokens", input);
    let written = usage.cache_write.saturating_add(usage.cache_write_1h);
    w.field_count("cache_creation_input_tokens", written);
    w.field_count("cache_read_input_tokens", usage.cache_read);
    w.field_count("output_tokens", usage.output_total());
    if usage.reasoning > 0 {
        w.key("output_tokens_details");
        w.object(|w| w.field_count("thinking_tokens", usage.reasoning));
    }
}
