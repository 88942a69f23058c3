//! The configuration as the hot path reads it: a snapshot resolved once into what every request would otherwise have to
//! work out anew (connections' origins, header values, limits' gates, breakers, prices).

mod models;

use crate::clock;
use crate::config::{Capture, Fallback, Provider, Route, Snapshot, Target};
use crate::upstream::{self, Origin, Origins, Template};
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};
use models::{Known, Models};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tollgate_domain::ProviderName;
use tollgate_governance::Moment;
use tollgate_governance::health::{Breaker, Breakers, Settings, TargetId};
use tollgate_governance::limit::{Gate, Gates, Permits, Standing, standing};
use tollgate_governance::pricing::{ModelPrice, PriceTable, Trait};
use tollgate_governance::principal::{KeyHash, Principal};
use tollgate_governance::strategy::Strategy;
use tollgate_providers::{Credential, ModelFacts, provider};

/// A snapshot, resolved. Requests keep the one that they began with.
pub struct Live {
    pub config: Arc<Snapshot>,
    pub prices: PriceTable,
    /// What is kept of calls that reach no route: as little as of those of any route.
    pub unrouted_capture: Capture,
    routes: HashMap<String, Arc<LiveRoute>>,
    keys: HashMap<KeyHash, Arc<LiveKey>>,
    providers: HashMap<ProviderName, Arc<LiveProvider>>,
}

pub struct LiveRoute {
    pub route: Arc<Route>,
    /// The route's own targets, then each fallback's.
    pub stages: Vec<Stage>,
}

/// Targets that are tried together, by one strategy.
pub struct Stage {
    pub strategy: Strategy,
    pub targets: Vec<Arc<LiveTarget>>,
}

pub struct LiveTarget {
    pub provider: Arc<LiveProvider>,
    /// None passes the caller's name on.
    pub model: Option<String>,
    pub weight: u32,
    pub breaker: Arc<Breaker>,
}

pub struct LiveProvider {
    pub config: Arc<Provider>,
    pub origin: Arc<Origin>,
    /// What every request to it carries: credential, host, the operator's own headers.
    pub template: Template,
    pub permits: Option<Arc<Permits>>,
    /// Under what the price table lists its models.
    pub vendor: String,
    models: Models,
}

pub struct LiveKey {
    pub principal: Arc<Principal>,
    pub hash: KeyHash,
    pub gates: Vec<Arc<Gate>>,
}

impl LiveKey {
    /// How it stands at the limits that are its own.
    pub fn standing(&self, now: Moment) -> Standing {
        standing(&self.gates, now)
    }
}

/// Why a snapshot that was checked cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    #[error("providers.{provider}: {source}")]
    Tls {
        provider: String,
        source: upstream::TlsError,
    },
    #[error("providers.{provider}: the value of `{header}` can't be sent in a header")]
    Header {
        provider: String,
        header: HeaderName,
    },
    #[error("the built-in price table can't be read: {0}")]
    Prices(#[from] tollgate_governance::pricing::BadTable),
}

/// What outlives a reload: counters of limits and health, connections, and the built-in prices.
pub struct Lasting {
    table: PriceTable,
    origins: Origins,
    pub gates: Gates,
    pub breakers: Breakers,
    permits: Mutex<HashMap<ProviderName, Arc<Permits>>>,
}

impl Lasting {
    pub fn new() -> Result<Self, LiveError> {
        Ok(Self {
            table: PriceTable::parse(include_str!("../config/prices.json"))?,
            origins: Origins::default(),
            gates: Gates::default(),
            breakers: Breakers::default(),
            permits: Mutex::default(),
        })
    }

    /// A provider's permits: those that are out count on after a reload.
    fn permits_of(&self, provider: &ProviderName, most: u32) -> Arc<Permits> {
        let mut all = self.permits.lock().unwrap_or_else(PoisonError::into_inner);
        let permits = all
            .entry(provider.clone())
            .or_insert_with(|| Arc::new(Permits::new(most)));
        permits.adjust(most);
        permits.clone()
    }
}

impl Live {
    /// Resolves a snapshot. `stored` are the keys that the command line made.
    pub fn build(
        config: Arc<Snapshot>,
        stored: Vec<(KeyHash, Arc<Principal>)>,
        lasting: &Lasting,
    ) -> Result<Self, LiveError> {
        let prices = lasting.table.with_overrides(&config.prices);
        let mut providers = HashMap::new();
        for provider in &config.providers {
            let live = LiveProvider::build(provider, &prices, lasting)?;
            providers.insert(provider.name.clone(), Arc::new(live));
        }
        let target = |target: &Target, pass: Option<&str>| {
            let provider = providers.get(&target.provider.name)?.clone();
            let model = target.model.clone().or_else(|| pass.map(str::to_owned));
            let id = TargetId {
                provider: target.provider.name.clone(),
                model: model.as_deref().map(Arc::from),
            };
            let breaker = lasting.breakers.breaker(&id, Settings::default());
            Some(Arc::new(LiveTarget {
                provider,
                model,
                weight: target.weight,
                breaker,
            }))
        };
        let routes = config
            .routes
            .iter()
            .map(|route| {
                let mut stages = Vec::new();
                add_stages(route, None, &target, &mut stages);
                let live = LiveRoute {
                    route: route.clone(),
                    stages,
                };
                (route.name.as_str().to_owned(), Arc::new(live))
            })
            .collect();
        let of_file = config
            .keys
            .iter()
            .map(|entry| (entry.hash, entry.principal.clone()));
        let now = clock::now();
        let keys = stored
            .into_iter()
            .chain(of_file)
            .map(|(hash, principal)| {
                let gates = lasting.gates.of_key(
                    &principal.name,
                    &config.default_limits,
                    &principal.limits,
                    now,
                );
                (
                    hash,
                    Arc::new(LiveKey {
                        principal,
                        hash,
                        gates,
                    }),
                )
            })
            .collect();
        let unrouted_capture = config.routes.iter().map(|route| route.capture).max();
        Ok(Self {
            config,
            prices,
            unrouted_capture: unrouted_capture.unwrap_or(Capture::Full),
            routes,
            keys,
            providers,
        })
    }

    /// The route that a caller's model name leads to.
    pub fn route(&self, model: &str) -> Option<&Arc<LiveRoute>> {
        self.routes
            .get(self.config.routes.lookup(model)?.name.as_str())
    }

    /// The key with this hash. The caller compares the hash once more, in constant time.
    pub fn key(&self, hash: &KeyHash) -> Option<&Arc<LiveKey>> {
        self.keys.get(hash)
    }

    pub fn provider(&self, name: &str) -> Option<&Arc<LiveProvider>> {
        self.providers.get(name)
    }

    /// The price of a model at a provider.
    pub fn price(&self, provider: &LiveProvider, model: &str) -> Option<Arc<ModelPrice>> {
        self.known(provider, model).price
    }

    /// What is known of a model at a provider before it is asked.
    pub fn facts(&self, provider: &LiveProvider, model: &str) -> ModelFacts {
        self.known(provider, model).facts
    }

    fn known(&self, provider: &LiveProvider, model: &str) -> Known {
        provider.models.known(model, || {
            let (name, vendor) = (provider.config.name.as_str(), provider.vendor.as_str());
            let traits = self.prices.traits(name, vendor, model);
            Known {
                facts: ModelFacts {
                    max_output: self.prices.max_output(name, vendor, model),
                    no_sampling: traits.holds(Trait::NoSampling),
                    adaptive_thinking: traits.holds(Trait::AdaptiveThinking),
                    always_thinks: traits.holds(Trait::AlwaysThinks),
                    no_forced_tool: traits.holds(Trait::NoForcedTool),
                },
                price: self.prices.lookup(name, vendor, model).cloned(),
            }
        })
    }

    pub fn has_origin(&self, id: u64) -> bool {
        self.providers
            .values()
            .any(|provider| provider.origin.id() == id)
    }
}

type MakeTarget<'a> = dyn Fn(&Target, Option<&str>) -> Option<Arc<LiveTarget>> + 'a;

fn add_stages(route: &Route, pass: Option<&str>, make: &MakeTarget<'_>, stages: &mut Vec<Stage>) {
    stages.push(Stage {
        strategy: route.strategy,
        targets: route
            .targets
            .iter()
            .filter_map(|target| make(target, pass))
            .collect(),
    });
    for fallback in &route.fallbacks {
        match fallback {
            Fallback::Target(target) => stages.push(Stage {
                strategy: Strategy::Priority,
                targets: make(target, pass).into_iter().collect(),
            }),
            Fallback::Route { name, route } => {
                add_stages(route, Some(name.as_str()), make, stages);
            }
        }
    }
}

impl LiveProvider {
    fn build(
        config: &Arc<Provider>,
        prices: &PriceTable,
        lasting: &Lasting,
    ) -> Result<Self, LiveError> {
        let origin = lasting
            .origins
            .of(config)
            .map_err(|source| LiveError::Tls {
                provider: config.name.as_str().to_owned(),
                source,
            })?;
        let vendor = prices
            .vendor_of_host(&config.base.host)
            .unwrap_or(config.kind.vendor());
        Ok(Self {
            origin,
            template: Template::new(headers(config)?),
            permits: config.max_concurrent.map(|most| {
                lasting.permits_of(&config.name, u32::try_from(most).unwrap_or(u32::MAX))
            }),
            vendor: vendor.to_owned(),
            models: Models::default(),
            config: config.clone(),
        })
    }
}

fn headers(config: &Provider) -> Result<HeaderMap, LiveError> {
    let mut headers = HeaderMap::new();
    let mut put = |name: HeaderName, text: &str, is_secret: bool| {
        let mut value = HeaderValue::try_from(text).map_err(|_| LiveError::Header {
            provider: config.name.as_str().to_owned(),
            header: name.clone(),
        })?;
        value.set_sensitive(is_secret);
        headers.insert(name, value);
        Ok::<(), LiveError>(())
    };
    put(HOST, &config.base.authority(), false)?;
    put(
        USER_AGENT,
        concat!("tollgate/", env!("CARGO_PKG_VERSION")),
        false,
    )?;
    if let Some(key) = &config.api_key {
        match provider(config.kind).credential {
            Credential::Bearer => put(AUTHORIZATION, &format!("Bearer {}", key.expose()), true)?,
            Credential::Header(name) => put(HeaderName::from_static(name), key.expose(), true)?,
        }
    }
    for (name, value) in [
        ("openai-organization", &config.organization),
        ("openai-project", &config.project),
    ] {
        if let Some(value) = value {
            put(HeaderName::from_static(name), value, false)?;
        }
    }
    for (name, value) in &config.headers {
        put(name.clone(), value.expose(), true)?;
    }
    put(CONTENT_TYPE, "application/json", false)?;
    put(ACCEPT_ENCODING, "identity", false)?;
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_providers_permits_outlive_a_reload() {
        let lasting = Lasting::new().unwrap();
        let name = ProviderName::from("local");
        let before = lasting.permits_of(&name, 2);
        let out = [before.acquire().unwrap(), before.acquire().unwrap()];
        let after = lasting.permits_of(&name, 3);
        assert_eq!(after.in_use(), 2);
        let third = after.acquire();
        assert!(third.is_some() && after.acquire().is_none());
        drop(out);
        assert_eq!(after.in_use(), 1);
    }
}
