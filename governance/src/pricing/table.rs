//! The price table: models by vendor and name, and the operator's overrides before them.
//!
//! The file is `config/prices.json`, made by `config/make-prices.py`. A vendor is who sells the model: the same model
//! has other prices elsewhere.

use super::file::{File, Source};
use super::name::undated;
use super::{ModelPrice, Prices, Tier};
use crate::NameTable;
use std::collections::HashMap;
use std::sync::Arc;

/// Prices by vendor and model.
///
/// A name is looked up as it is written; then without the date or `-latest` that providers append to a model's name;
/// then by the longest beginning (`ft:gpt-4o-*`) that the table or an override has.
#[derive(Clone, Debug, Default)]
pub struct PriceTable {
    overrides: HashMap<Box<str>, NameTable<Arc<ModelPrice>>>,
    vendors: HashMap<Box<str>, NameTable<Arc<ModelPrice>>>,
    /// Host patterns and their vendors.
    hosts: Vec<(Box<str>, Box<str>)>,
    sources: Vec<Source>,
    date: String,
    models: usize,
}

/// Prices of the operator's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The configured name of a provider, or a vendor of the table.
    pub provider: String,
    /// A model, or the beginning of models: `qwen3*`.
    pub model: String,
    pub prices: Prices,
    pub tiers: Vec<Tier>,
    pub max_output: Option<u64>,
}

/// The text is no price table.
#[derive(Debug, thiserror::Error)]
pub enum BadTable {
    #[error("the price table can't be read: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the price table has format {0}; this version reads 1")]
    Format(u32),
    #[error("{vendor}/{model}: {what}")]
    Model {
        vendor: String,
        model: String,
        what: &'static str,
    },
}

impl PriceTable {
    /// Reads `config/prices.json`. Refuses what can't be true: a negative price, one above $10,000 per million tokens,
    /// a name that two models have.
    pub fn parse(text: &str) -> Result<Self, BadTable> {
        let file: File = serde_json::from_str(text)?;
        if file.format != 1 {
            return Err(BadTable::Format(file.format));
        }
        let mut table = Self {
            sources: file.sources,
            date: file.date,
            ..Self::default()
        };
        for vendor in file.vendors {
            let names = table.vendors.entry(vendor.vendor.clone()).or_default();
            for row in vendor.models {
                let wrong = |what| BadTable::Model {
                    vendor: vendor.vendor.to_string(),
                    model: row.model.clone(),
                    what,
                };
                let price = Arc::new(row.price().map_err(wrong)?);
                for name in std::iter::once(&row.model).chain(&row.also) {
                    if names.insert(name, price.clone()).is_some() {
                        return Err(wrong("the name is there twice"));
                    }
                }
                table.models += 1;
            }
            let hosts = vendor.hosts.into_iter();
            table
                .hosts
                .extend(hosts.map(|host| (host, vendor.vendor.clone())));
        }
        Ok(table)
    }

    /// The table with these overrides in place of all that it had. Of two for the same name, the later counts.
    #[must_use]
    pub fn with_overrides<'a>(&self, overrides: impl IntoIterator<Item = &'a Override>) -> Self {
        let mut table = Self {
            overrides: HashMap::new(),
            ..self.clone()
        };
        for given in overrides {
            let mut price = ModelPrice::new(given.prices, &given.tiers);
            price.max_output = given.max_output;
            table
                .overrides
                .entry(given.provider.as_str().into())
                .or_default()
                .insert(&given.model, Arc::new(price));
        }
        table
    }

    /// The price of a model at a provider: overrides for the provider's configured name, then for its vendor; then
    /// the table under the configured name (a provider that is called `groq`), then under the vendor.
    pub fn lookup(&self, provider: &str, vendor: &str, model: &str) -> Option<&Arc<ModelPrice>> {
        self.places(provider, vendor)
            .find_map(|names| find(names, model))
    }

    /// The most tokens that a model answers with, by the first place that knows.
    pub fn max_output(&self, provider: &str, vendor: &str, model: &str) -> Option<u64> {
        self.places(provider, vendor)
            .find_map(|names| find(names, model)?.max_output)
    }

    fn places(
        &self,
        provider: &str,
        vendor: &str,
    ) -> impl Iterator<Item = &NameTable<Arc<ModelPrice>>> + use<'_> {
        [
            self.overrides.get(provider),
            self.overrides.get(vendor),
            self.vendors.get(provider),
            self.vendors.get(vendor),
        ]
        .into_iter()
        .flatten()
    }

    /// The vendor behind a host (`api.groq.com`), for providers that are reached by a `base_url`.
    pub fn vendor_of_host(&self, host: &str) -> Option<&str> {
        self.hosts
            .iter()
            .find(|(pattern, _)| host_matches(pattern, host))
            .map(|(_, vendor)| &**vendor)
    }

    /// Models of the table, overrides not counted.
    pub fn len(&self) -> usize {
        self.models
    }

    pub fn is_empty(&self) -> bool {
        self.models == 0
    }

    /// When the table was made, `2026-11-24`.
    pub fn date(&self) -> &str {
        &self.date
    }

    pub fn sources(&self) -> &[Source] {
        &self.sources
    }
}

fn find<'a>(names: &'a NameTable<Arc<ModelPrice>>, model: &str) -> Option<&'a Arc<ModelPrice>> {
    names
        .exact(model)
        .or_else(|| names.exact(undated(model)?))
        .or_else(|| names.longest_prefix(model))
}

/// Whether a host is the pattern, in which one `*` stands for any text.
fn host_matches(pattern: &str, host: &str) -> bool {
    match pattern.split_once('*') {
        None => host == pattern,
        Some((start, end)) => host
            .strip_prefix(start)
            .is_some_and(|rest| rest.ends_with(end)),
    }
}
