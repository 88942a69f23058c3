//! The price table's file, `config/prices.json`: format 1. Prices are whole pico-dollars a token.

use super::usd::MAX_PRICE;
use super::{ModelPrice, Prices, Tier, Trait};
use serde::Deserialize;
use tollgate_domain::PicoUsd;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) format: u32,
    /// The day it was made, and whose prices it has.
    pub(super) date: String,
    pub(super) sources: Vec<Source>,
    /// The sources' licence terms: for readers of the file.
    #[serde(rename = "notice")]
    _notice: String,
    pub(super) vendors: Vec<Vendor>,
}

/// Where the table's prices were read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub name: String,
    pub version: String,
    pub licence: String,
    pub url: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Vendor {
    pub(super) vendor: Box<str>,
    /// Hosts that it answers at; one `*` stands for any text.
    #[serde(default)]
    pub(super) hosts: Vec<Box<str>>,
    /// Vendors whose models it sells too, under the same names and at the same prices.
    #[serde(default)]
    pub(super) fallbacks: Vec<Box<str>>,
    pub(super) models: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    pub(super) model: String,
    /// Further names and beginnings of names (`gpt-4o-audio-*`).
    #[serde(default)]
    pub(super) also: Vec<String>,
    prices: Prices,
    #[serde(default)]
    tiers: Vec<TierRow>,
    #[serde(default)]
    services: Vec<ServiceRow>,
    #[serde(default)]
    max_output: Option<u64>,
    #[serde(default)]
    max_input: Option<u64>,
    #[serde(default)]
    traits: Vec<Trait>,
    /// The index of its source; the first where it is left out.
    #[serde(default)]
    pub(super) source: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TierRow {
    above: u64,
    prices: Prices,
}

/// Prices of another service than the standard one, whole.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceRow {
    service: String,
    prices: Prices,
    #[serde(default)]
    tiers: Vec<TierRow>,
}

impl Row {
    /// The row's prices, unless they can't be true.
    pub(super) fn price(&self) -> Result<ModelPrice, &'static str> {
        let others = self.services.iter().map(|row| (&row.prices, &row.tiers));
        let all = std::iter::once((&self.prices, &self.tiers)).chain(others);
        if !all.clone().all(|(prices, tiers)| {
            is_sane(prices) && tiers.iter().all(|tier| is_sane(&tier.prices))
        }) {
            return Err("a price is negative, or above $10,000 per million tokens");
        }
        if self.prices.input.is_none() && self.prices.output.is_none() {
            return Err("there is neither an input nor an output price");
        }
        let mut price = ModelPrice::new(self.prices, &tiers(&self.tiers));
        for row in &self.services {
            price = price.with_service(&row.service, row.prices, &tiers(&row.tiers));
        }
        price.max_output = self.max_output;
        price.max_input = self.max_input;
        price.traits = self.traits.iter().copied().collect();
        Ok(price)
    }
}

fn tiers(rows: &[TierRow]) -> Vec<Tier> {
    let tier = |row: &TierRow| Tier {
        above_input_tokens: row.above,
        prices: row.prices,
    };
    rows.iter().map(tier).collect()
}

fn is_sane(prices: &Prices) -> bool {
    prices
        .iter()
        .all(|(_, price)| (PicoUsd(0)..=MAX_PRICE).contains(&price))
}
