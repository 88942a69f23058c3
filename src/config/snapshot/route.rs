//! What a caller's model name leads to.

use super::Provider;
use std::sync::Arc;
use std::time::Duration;
use tollgate_domain::RouteName;
use tollgate_governance::NameTable;
use tollgate_governance::limit::Limit;
use tollgate_governance::strategy::{Retry, Strategy};

pub struct Route {
    /// Exact, or ending in `*`.
    pub name: RouteName,
    /// Further names, of the same form.
    pub aliases: Vec<RouteName>,
    pub strategy: Strategy,
    /// At least one.
    pub targets: Vec<Target>,
    /// Tried in this order once no target is left. Without cycles.
    pub fallbacks: Vec<Fallback>,
    pub retry: Retry,
    pub timeout: Timeouts,
    pub limits: Vec<Limit>,
    pub capture: Capture,
    /// Bytes of a request's or an answer's body that are kept.
    pub capture_max: u64,
    /// The experiment that traces go to.
    pub experiment: String,
    pub on_loss: OnLoss,
    pub on_journal_full: OnJournalFull,
}

pub struct Target {
    pub provider: Arc<Provider>,
    /// None passes the caller's name on.
    pub model: Option<String>,
    pub weight: u32,
}

pub enum Fallback {
    /// All of another route: its targets by its strategy, then its own fallbacks.
    Route {
        /// The name it was looked up by: what a target without a model passes on.
        name: RouteName,
        route: Arc<Route>,
    },
    Target(Target),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    pub connect: Duration,
    /// Until a stream's first content.
    pub first_token: Duration,
    /// Between two pieces of a stream.
    pub idle: Duration,
    /// Of the whole request, all attempts and waits together.
    pub total: Duration,
}

/// How much of the bodies a trace keeps, from all to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capture {
    Full,
    /// Names, numbers and times, no bodies.
    Metadata,
    /// No span attributes but those that accounting needs.
    Off,
}

/// What happens to a request that a target cannot express in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnLoss {
    /// The field is dropped and named.
    Drop,
    /// 400.
    Refuse,
}

/// What happens to a request that cannot be journaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnJournalFull {
    /// 503.
    Refuse,
    /// It goes on, unaccounted, and is counted.
    Continue,
}

/// All routes.
#[derive(Default)]
pub struct Routes {
    all: Vec<Arc<Route>>,
    names: NameTable<Arc<Route>>,
}

impl Routes {
    pub fn new(all: Vec<Arc<Route>>) -> Self {
        let mut names = NameTable::default();
        for route in &all {
            names.insert(route.name.as_str(), route.clone());
            for alias in &route.aliases {
                names.insert(alias.as_str(), route.clone());
            }
        }
        Self { all, names }
    }

    /// The route of a model name as a caller sends it.
    pub fn lookup(&self, model: &str) -> Option<&Arc<Route>> {
        self.names.get(model)
    }

    /// Each route once, in the file's order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.all.iter()
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}
