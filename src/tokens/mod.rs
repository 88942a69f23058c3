//! Tokens, counted where no provider reports them. What is counted here is marked as estimated wherever it is shown.
//!
//! The tokenizer is `o200k_base`, that of OpenAI's models since GPT-4o. For others it is an approximation: nobody else's
//! is public or alike enough to be worth a second table. Anthropic publishes none; its models make about a fifth more
//! tokens of a text. A conversation has a few tokens more for each message (OpenAI's cookbook, "How to count tokens with
//! tiktoken"), and what is no text has a flat price.
//!
//! Its table (200,000 pieces, some 40 MiB) is made on first use, and only where nobody waits for a worker: on the drain's
//! thread and on the blocking pool. Reservations and what the path itself needs are reckoned at four bytes a token.

mod uncounted;

pub use uncounted::{Handover, Uncounted, Waiting, handover};

use std::panic::catch_unwind;
use std::sync::LazyLock;
use tiktoken_rs::CoreBPE;
use tollgate_domain::{Endpoint, ProviderKind};
use tollgate_providers::{Prompt, prompt};

/// Bytes of text that are taken for a token where the tokenizer is not asked.
pub const BYTES: u64 = 4;

/// What stands around each message, and before the answer.
const MESSAGE: u64 = 4;
const ANSWER: u64 = 3;

/// Longer texts are cut: the tokenizer's time for one piece grows faster than its length.
const SLICE: usize = 4 << 10;
/// Of more text than this the rest is taken to be like the beginning: the drain has others to store.
const MOST: usize = 1 << 20;

static O200K: LazyLock<Option<CoreBPE>> = LazyLock::new(|| {
    tiktoken_rs::o200k_base()
        .inspect_err(|error| tracing::error!(%error, "the tokenizer can't be loaded"))
        .ok()
});

/// About how many tokens a request has for a provider's model.
pub fn of_prompt(kind: ProviderKind, endpoint: Endpoint, body: &[u8]) -> u64 {
    let Prompt {
        texts,
        messages,
        media,
        tokens,
    } = prompt(endpoint, body);
    let around = match messages {
        0 => 0,
        messages => messages * MESSAGE + ANSWER,
    };
    of_texts(kind, texts.iter().map(String::as_str)) + around + tokens + media * of_media(kind)
}

/// About how many tokens a text has for a provider's model.
pub fn of_text(kind: ProviderKind, text: &str) -> u64 {
    of_texts(kind, std::iter::once(text))
}

fn of_texts<'t>(kind: ProviderKind, texts: impl Iterator<Item = &'t str>) -> u64 {
    let (mut count, mut read, mut all) = (0, 0, 0);
    for text in texts {
        let (head, _) = text.split_at(text.floor_char_boundary(MOST - read));
        count += match O200K.as_ref() {
            Some(tokenizer) => slices(head).map(|slice| of_slice(tokenizer, slice)).sum(),
            None => by_length(head),
        };
        read += head.len();
        all += text.len();
    }
    let count = share(count, all as u64, read as u64);
    match kind {
        ProviderKind::OpenAi => count,
        ProviderKind::Anthropic => count.saturating_mul(6).div_ceil(5),
    }
}

/// The count of all, by that of a part.
pub fn share(count: u64, all: u64, part: u64) -> u64 {
    if part == 0 || all <= part {
        return count;
    }
    let share = u128::from(count) * u128::from(all) / u128::from(part);
    u64::try_from(share).unwrap_or(u64::MAX)
}

/// An image of about a megapixel, by the vendors' formulas.
fn of_media(kind: ProviderKind) -> u64 {
    match kind {
        ProviderKind::OpenAi => 765,
        ProviderKind::Anthropic => 1_500,
    }
}

fn of_slice(tokenizer: &CoreBPE, slice: &str) -> u64 {
    // It panics where its regex gives up.
    let counted = catch_unwind(std::panic::AssertUnwindSafe(|| {
        tokenizer.count_ordinary(slice)
    }));
    counted.map_or_else(|_| by_length(slice), |count| count as u64)
}

fn by_length(text: &str) -> u64 {
    (text.len() as u64).div_ceil(BYTES)
}

/// The text in slices, cut before white space where there is some: there a token begins.
fn slices(mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let mut end = text.floor_char_boundary(SLICE);
        if end < text.len() {
            let head = text.get(..end).unwrap_or_default();
            end = head
                .rfind(char::is_whitespace)
                .filter(|space| *space > 0)
                .unwrap_or(end);
        }
        let (slice, rest) = text.split_at_checked(end)?;
        text = rest;
        (!slice.is_empty()).then_some(slice)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_counted_as_openais_models_read_them() {
        // From OpenAI's cookbook, "How to count tokens with tiktoken", o200k_base.
        for (text, expected) in [
            ("", 0),
            ("hello world", 2),
            ("antidisestablishmentarianism", 6),
            ("2 + 2 = 4", 7),
            ("お誕生日おめでとう", 8),
        ] {
            assert_eq!(of_text(ProviderKind::OpenAi, text), expected, "{text}");
        }
        assert_eq!(of_text(ProviderKind::Anthropic, "hello world"), 3);
    }

    #[test]
    fn long_texts_are_counted_piece_by_piece_and_soon() {
        let words = "one two three ".repeat(2_000);
        let count = |text: &str| of_text(ProviderKind::OpenAi, text);
        assert_eq!(count(&words), 6_001);
        let whole: String = slices(&words).collect();
        assert_eq!(whole, words);
        // Nothing to cut at, and white space alone.
        for text in [
            "a".repeat(100_000),
            " ".repeat(100_000),
            "界".repeat(20_000),
        ] {
            assert!((1..=60_000).contains(&count(&text)));
            assert_eq!(slices(&text).collect::<String>(), text);
        }
        let many = "one two three ".repeat(1 << 18);
        let counted = count(&many);
        assert!(counted.abs_diff(3 << 18) < 100, "{counted}");
    }

    #[test]
    fn a_conversation_has_tokens_around_its_messages() {
        let body = br#"{"messages":[{"role":"system","content":"hello world"},
            {"role":"user","content":[{"type":"text","text":"hello world"},
                {"type":"image_url","image_url":{"url":"data:"}}]}]}"#;
        let count = of_prompt(ProviderKind::OpenAi, Endpoint::ChatCompletions, body);
        assert_eq!(count, 2 + 2 + 2 * 4 + 3 + 765);
        let body = br#"{"input":["hello world",[1,2,3]]}"#;
        let count = of_prompt(ProviderKind::OpenAi, Endpoint::Embeddings, body);
        assert_eq!(count, 2 + 3);
    }
}
