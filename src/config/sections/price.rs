//! `prices`: prices that go before the price table's.

use super::provider::Providers;
use crate::config::read::{List, Located, Named, Reader, list, section};
use crate::config::suggest;
use tollgate_domain::PicoUsd;
use tollgate_governance::pricing::{Override, Prices, Tier};
use tollgate_providers::PROVIDERS;

section! {
    /// Prices of `provider/model`, in dollars a million tokens, in place of all that the price table has for it. The
    /// provider is one of this file or a vendor (`openai`, `anthropic`); the model may end in `*`.
    #[schemars(extend("anyOf" = [
        { "required": ["input_usd_per_million"] },
        { "required": ["output_usd_per_million"] },
    ]))]
    pub(crate) struct PriceSection {
        input_usd_per_million: PicoUsd,
        /// Input read from a cache. Default: the price of input.
        cached_input_usd_per_million: PicoUsd,
        /// Input written to a cache of five minutes. Default: the price of input.
        cache_write_usd_per_million: PicoUsd,
        /// Input written to a cache of an hour. Default: the price of the shorter cache.
        cache_write_1h_usd_per_million: PicoUsd,
        /// Default: the price of input.
        audio_input_usd_per_million: PicoUsd,
        output_usd_per_million: PicoUsd,
        /// Default: the price of output.
        reasoning_usd_per_million: PicoUsd,
        /// Default: the price of output.
        audio_output_usd_per_million: PicoUsd,
        /// Prices of requests with a longer input; what a tier leaves out stays as above.
        tiers: List<TierSection>,
        /// The most tokens that the model answers with.
        max_output_tokens: u64,
    }
}

section! {
    /// The prices of a whole request whose input is longer than a bound.
    pub(crate) struct TierSection {
        above_input_tokens: u64 = required,
        input_usd_per_million: PicoUsd,
        cached_input_usd_per_million: PicoUsd,
        cache_write_usd_per_million: PicoUsd,
        cache_write_1h_usd_per_million: PicoUsd,
        audio_input_usd_per_million: PicoUsd,
        output_usd_per_million: PicoUsd,
        reasoning_usd_per_million: PicoUsd,
        audio_output_usd_per_million: PicoUsd,
    }
}

/// The prices of either section.
macro_rules! prices {
    ($section:expr) => {{
        let value = |price: &Option<Located<PicoUsd>>| price.as_ref().map(|price| price.value);
        Prices {
            input: value(&$section.input_usd_per_million),
            cache_read: value(&$section.cached_input_usd_per_million),
            cache_write: value(&$section.cache_write_usd_per_million),
            cache_write_1h: value(&$section.cache_write_1h_usd_per_million),
            audio_input: value(&$section.audio_input_usd_per_million),
            output: value(&$section.output_usd_per_million),
            reasoning: value(&$section.reasoning_usd_per_million),
            audio_output: value(&$section.audio_output_usd_per_million),
        }
    }};
}

pub(crate) fn resolve(
    section: Option<Located<Named<PriceSection>>>,
    providers: &Providers,
    reader: &mut Reader<'_>,
) -> Vec<Override> {
    let entries = section.map(|section| section.value.into_entries());
    let mut overrides = Vec::new();
    for entry in entries.into_iter().flatten() {
        let name = &entry.name;
        let parts = name.split_once('/').filter(|(_, model)| !model.is_empty());
        let Some((provider, model)) = parts else {
            reader.note_at(name, "expected `provider/model` such as `local/qwen3`");
            continue;
        };
        let vendors = PROVIDERS.iter().map(|facts| facts.kind.vendor());
        let configured = providers.names.iter().map(String::as_str);
        let known: Vec<&str> = configured.chain(vendors).collect();
        if !known.contains(&provider) {
            let hint = suggest::hint(provider, known);
            reader.note_at(name, format!("no provider named `{provider}`{hint}"));
        }
        if model.trim_end_matches('*').contains('*') || model.ends_with("**") {
            reader.note_at(name, "`*` is allowed at a model's end only");
        }
        let Some(section) = entry.value else {
            continue;
        };
        let prices = prices!(section);
        if prices.input.is_none() && prices.output.is_none() && reader.is_sound(&name.field) {
            let message =
                "expected `input_usd_per_million` or `output_usd_per_million`; 0 is a price too";
            reader.note_at(name, message);
        }
        overrides.push(Override {
            provider: provider.to_owned(),
            model: model.to_owned(),
            prices,
            tiers: tiers(list(&section.tiers), reader),
            max_output: section
                .max_output_tokens
                .as_ref()
                .map(|tokens| tokens.value),
        });
    }
    overrides
}

fn tiers(section: &[Located<TierSection>], reader: &mut Reader<'_>) -> Vec<Tier> {
    let mut tiers: Vec<Tier> = Vec::new();
    for tier in section {
        let Some(above) = &tier.above_input_tokens else {
            continue;
        };
        if tiers
            .last()
            .is_some_and(|last| last.above_input_tokens >= above.value)
        {
            reader.note_at(above, "tiers come by rising bounds");
        }
        tiers.push(Tier {
            above_input_tokens: above.value,
            prices: prices!(tier),
        });
    }
    tiers
}
