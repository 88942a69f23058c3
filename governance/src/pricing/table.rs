//! The price table: models by vendor and name, and the operator's overrides before them.
//!
//! The file is `config/prices.json`, made by `config/make-prices.py`. A vendor is who sells the model: the same model
//! has other prices elsewhere.

use super::file::{self, File, Source};
use super::name::undated;
use super::{ModelPrice, Prices, Tier, Traits};
use crate::NameTable;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// Prices by vendor and model.
///
/// A name is looked up as it is written; then without the date or `-latest` that providers append to a model's name;
/// then by the longest beginning (`ft:gpt-4o-*`) that the table or an override has.
#[derive(Clone, Debug, Default)]
pub struct PriceTable {
    overrides: HashMap<Box<str>, Shelf>,
    vendors: HashMap<Box<str>, Shelf>,
    /// Host patterns and their vendors.
    hosts: Vec<(Box<str>, Box<str>)>,
    sources: Vec<Source>,
    date: String,
    models: usize,
}

/// What one vendor (or one provider of the configuration) sells.
#[derive(Clone, Debug, Default)]
struct Shelf {
    /// By name in lower case.
    models: NameTable<Arc<ModelPrice>>,
    fallbacks: Vec<Box<str>>,
}

impl Shelf {
    fn price(&self, model: &str) -> Option<&Arc<ModelPrice>> {
        self.models
            .exact(model)
            .or_else(|| self.models.exact(undated(model)?))
            .or_else(|| self.models.longest_prefix(model))
    }
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
    #[error("there is no vendor `{0}` to fall back to")]
    Vendor(String),
    #[error("{vendor}/{model}: {what}")]
    Model {
        vendor: String,
        model: String,
        what: &'static str,
    },
}

impl PriceTable {
    /// Reads `config/prices.json`. Refuses what can't be true: a negative price, one above $10,000 per million tokens,
    /// a name that two models have, a source or a vendor that isn't there.
    pub fn parse(text: &str) -> Result<Self, BadTable> {
        let file: File = serde_json::from_str(text)?;
        if file.format != 1 {
            return Err(BadTable::Format(file.format));
        }
        let vendors: Vec<Box<str>> = file.vendors.iter().map(|v| v.vendor.clone()).collect();
        let mut table = Self {
            sources: file.sources,
            date: file.date,
            ..Self::default()
        };
        for vendor in file.vendors {
            if let Some(unknown) = vendor.fallbacks.iter().find(|name| !vendors.contains(name)) {
                return Err(BadTable::Vendor(unknown.to_string()));
            }
            table.add(vendor)?;
        }
        Ok(table)
    }

    fn add(&mut self, vendor: file::Vendor) -> Result<(), BadTable> {
        let sources = self.sources.len();
        let shelf = self.vendors.entry(vendor.vendor.clone()).or_default();
        for row in vendor.models {
            let wrong = |what| BadTable::Model {
                vendor: vendor.vendor.to_string(),
                model: row.model.clone(),
                what,
            };
            if row.source >= sources {
                return Err(wrong("there is no such source"));
            }
            let price = Arc::new(row.price().map_err(wrong)?);
            for name in std::iter::once(&row.model).chain(&row.also) {
                let name = name.to_ascii_lowercase();
                if shelf.models.insert(&name, price.clone()).is_some() {
                    return Err(wrong("the name is there twice"));
                }
            }
            self.models += 1;
        }
        shelf.fallbacks = vendor.fallbacks;
        let hosts = vendor.hosts.into_iter();
        self.hosts
            .extend(hosts.map(|host| (host, vendor.vendor.clone())));
        Ok(())
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
                .models
                .insert(&given.model.to_ascii_lowercase(), Arc::new(price));
        }
        table
    }

    /// The price of a model at a provider: overrides for the provider's configured name, then for its vendor; then
    /// the table under the configured name (a provider that is called `groq`), then under the vendor, then under the
    /// vendors that it falls back to.
    pub fn lookup(&self, provider: &str, vendor: &str, model: &str) -> Option<&Arc<ModelPrice>> {
        self.find(provider, vendor, model, Some)
    }

    /// The most tokens that a model answers with, by the first place that knows.
    pub fn max_output(&self, provider: &str, vendor: &str, model: &str) -> Option<u64> {
        self.find(provider, vendor, model, |price| price.max_output)
    }

    /// What a model takes and refuses, by the first place that knows anything.
    pub fn traits(&self, provider: &str, vendor: &str, model: &str) -> Traits {
        let known = |price: &Arc<ModelPrice>| {
            Some(price.traits).filter(|traits| *traits != Traits::default())
        };
        self.find(provider, vendor, model, known)
            .unwrap_or_default()
    }

    /// What the first place says that says something. Names are compared without regard to case.
    fn find<'a, T>(
        &'a self,
        provider: &str,
        vendor: &str,
        model: &str,
        ask: impl Fn(&'a Arc<ModelPrice>) -> Option<T>,
    ) -> Option<T> {
        let model = if model.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(model.to_ascii_lowercase())
        } else {
            Cow::Borrowed(model)
        };
        let at = |shelf: &'a Shelf| ask(shelf.price(&model)?);
        [&self.overrides, &self.vendors]
            .into_iter()
            .flat_map(|shelves| [shelves.get(provider), shelves.get(vendor)])
            .flatten()
            .find_map(|shelf| {
                at(shelf).or_else(|| {
                    let mut fallbacks = shelf.fallbacks.iter();
                    fallbacks.find_map(|name| at(self.vendors.get(name)?))
                })
            })
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

/// Whether a host is the pattern, in which one `*` stands for any text.
fn host_matches(pattern: &str, host: &str) -> bool {
    match pattern.split_once('*') {
        None => host == pattern,
        Some((start, end)) => host
            .strip_prefix(start)
            .is_some_and(|rest| rest.ends_with(end)),
    }
}
