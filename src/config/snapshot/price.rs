//! Prices that the file states, which go before the price table's.

use tollgate_domain::PicoUsd;

/// The prices of `provider/model`. What it leaves out is the price table's, where that has the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceOverride {
    /// The configured name of a provider, or a vendor of the price table (`openai`, `anthropic`).
    pub provider: String,
    /// A model, or the beginning of models: `qwen3*`.
    pub model: String,
    pub prices: Prices,
    /// Other prices for long inputs, by rising bound.
    pub tiers: Vec<PriceTier>,
    /// The most tokens that the model answers with.
    pub max_output: Option<u64>,
}

/// Prices of a token by bucket. A bucket without a price of its own costs what its plain kind does: cached input, cache
/// writes and audio input what `input` does (an hour's cache what five minutes' does), reasoning and audio output what
/// `output` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Prices {
    pub input: Option<PicoUsd>,
    pub cached_input: Option<PicoUsd>,
    pub cache_write: Option<PicoUsd>,
    pub cache_write_1h: Option<PicoUsd>,
    pub audio_input: Option<PicoUsd>,
    pub output: Option<PicoUsd>,
    pub reasoning: Option<PicoUsd>,
    pub audio_output: Option<PicoUsd>,
}

/// The prices of a request whose input is larger than `above_input_tokens`. What it leaves out stays as without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceTier {
    pub above_input_tokens: u64,
    pub prices: Prices,
}
