//! A model's prices.

use super::Traits;
use serde::Deserialize;
use tollgate_domain::PicoUsd;

/// Prices of a token by bucket of [`tollgate_domain::Usage`], as far as they are published or configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Prices {
    pub input: Option<PicoUsd>,
    pub cache_read: Option<PicoUsd>,
    pub cache_write: Option<PicoUsd>,
    pub cache_write_1h: Option<PicoUsd>,
    pub audio_input: Option<PicoUsd>,
    pub output: Option<PicoUsd>,
    pub reasoning: Option<PicoUsd>,
    pub audio_output: Option<PicoUsd>,
}

impl Prices {
    /// These prices, and another's where these say nothing.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            input: self.input.or(other.input),
            cache_read: self.cache_read.or(other.cache_read),
            cache_write: self.cache_write.or(other.cache_write),
            cache_write_1h: self.cache_write_1h.or(other.cache_write_1h),
            audio_input: self.audio_input.or(other.audio_input),
            output: self.output.or(other.output),
            reasoning: self.reasoning.or(other.reasoning),
            audio_output: self.audio_output.or(other.audio_output),
        }
    }

    /// Each price with its bucket's name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, PicoUsd)> {
        [
            ("input", self.input),
            ("cache_read", self.cache_read),
            ("cache_write", self.cache_write),
            ("cache_write_1h", self.cache_write_1h),
            ("audio_input", self.audio_input),
            ("output", self.output),
            ("reasoning", self.reasoning),
            ("audio_output", self.audio_output),
        ]
        .into_iter()
        .filter_map(|(bucket, price)| Some((bucket, price?)))
    }

    /// With the defaults: what is read from a cache, written to it or heard costs as `input` (an hour's cache as the
    /// shorter one's, where that has a price); what is reasoned or spoken costs as `output`.
    fn rates(self) -> Rates {
        let cache_write = self.cache_write.or(self.input);
        Rates {
            input: self.input,
            cache_read: self.cache_read.or(self.input),
            cache_write,
            cache_write_1h: self.cache_write_1h.or(cache_write),
            audio_input: self.audio_input.or(self.input),
            output: self.output,
            reasoning: self.reasoning.or(self.output),
            audio_output: self.audio_output.or(self.output),
        }
    }
}

/// Prices with the defaults filled in. A bucket without one cannot be priced: only a model that has no such tokens
/// (an embedding's output) lacks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Rates {
    pub input: Option<PicoUsd>,
    pub cache_read: Option<PicoUsd>,
    pub cache_write: Option<PicoUsd>,
    pub cache_write_1h: Option<PicoUsd>,
    pub audio_input: Option<PicoUsd>,
    pub output: Option<PicoUsd>,
    pub reasoning: Option<PicoUsd>,
    pub audio_output: Option<PicoUsd>,
}

/// Other prices for long inputs: a request whose whole input (cached tokens too) is larger pays them for all of it.
/// What they leave out stays as without them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    pub above_input_tokens: u64,
    pub prices: Prices,
}

/// The prices of one service of a model (its standard one, a faster, a cheaper).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Schedule {
    base: Rates,
    /// By rising bound.
    tiers: Vec<(u64, Rates)>,
}

impl Schedule {
    fn new(prices: Prices, tiers: &[Tier]) -> Self {
        let mut tiers: Vec<(u64, Rates)> = tiers
            .iter()
            .map(|tier| (tier.above_input_tokens, tier.prices.or(prices).rates()))
            .collect();
        tiers.sort_by_key(|(above, _)| *above);
        Self {
            base: prices.rates(),
            tiers,
        }
    }

    fn rates(&self, input_tokens: u64) -> &Rates {
        self.tiers
            .iter()
            .rev()
            .find(|(above, _)| input_tokens > *above)
            .map_or(&self.base, |(_, rates)| rates)
    }
}

/// What is known of a model: its prices and its bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelPrice {
    standard: Schedule,
    /// Others than the standard one, by the name that answers give (`flex`, `priority`, `fast`).
    services: Vec<(Box<str>, Schedule)>,
    /// The most tokens that the model answers with.
    pub max_output: Option<u64>,
    /// The most tokens that it reads.
    pub max_input: Option<u64>,
    pub traits: Traits,
}

impl ModelPrice {
    pub fn new(prices: Prices, tiers: &[Tier]) -> Self {
        Self {
            standard: Schedule::new(prices, tiers),
            services: Vec::new(),
            max_output: None,
            max_input: None,
            traits: Traits::default(),
        }
    }

    /// The same with the prices of another service.
    #[must_use]
    pub fn with_service(mut self, service: &str, prices: Prices, tiers: &[Tier]) -> Self {
        self.services
            .push((service.into(), Schedule::new(prices, tiers)));
        self
    }

    /// The prices of a request by its whole input, in the standard service.
    pub fn rates(&self, input_tokens: u64) -> &Rates {
        self.standard.rates(input_tokens)
    }

    /// The prices of a request by its whole input and the service that an answer named. One that the table does not
    /// know costs as the standard one.
    pub fn rates_of(&self, service: Option<&str>, input_tokens: u64) -> &Rates {
        let known = service.and_then(|service| {
            let mut services = self.services.iter();
            services.find(|(name, _)| **name == *service)
        });
        let schedule = known.map_or(&self.standard, |(_, schedule)| schedule);
        schedule.rates(input_tokens)
    }

    /// The prices of a request below every tier.
    pub fn base(&self) -> &Rates {
        &self.standard.base
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_leaves_out_the_other_says() {
        let prices = |from: i64| {
            let mut next = from;
            let mut price = || {
                next += 1;
                Some(PicoUsd(next))
            };
            Prices {
                input: price(),
                cache_read: price(),
                cache_write: price(),
                cache_write_1h: price(),
                audio_input: price(),
                output: price(),
                reasoning: price(),
                audio_output: price(),
            }
        };
        assert_eq!(Prices::default().or(prices(0)), prices(0));
        assert_eq!(prices(0).or(Prices::default()), prices(0));
        assert_eq!(prices(0).or(prices(10)), prices(0));
        let buckets: Vec<&str> = prices(0).iter().map(|(bucket, _)| bucket).collect();
        assert_eq!(buckets.len(), 8);
        assert_eq!(Prices::default().iter().count(), 0);
    }
}
