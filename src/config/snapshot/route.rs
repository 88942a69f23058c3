//! What a caller's model name leads to.

use super::{LimitSpec, NameTable, Provider};
use std::sync::Arc;
use std::time::Duration;
use tollgate_domain::RouteName;

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
    pub limits: Vec<LimitSpec>,
    pub capture: Capture,
    /// Bytes of a request's or an answer's body that are kept.
    pub capture_max: u64,
    /// The experiment that traces go to.
    pub experiment: String,
    pub on_loss: OnLoss,
    pub on_journal_full: OnJournalFull,
}

/// How the first target is picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// At random, by weight; targets of weight 0 only when the others failed.
    Weighted,
    /// In the file's order.
    Priority,
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

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Tries on one target before the next one's turn, the first included.
    pub attempts: u32,
    pub on: RetryOn,
    /// The first wait, before jitter; each further one is twice as long.
    pub backoff: Duration,
    /// The longest wait; a `Retry-After` above it is not waited for.
    pub max_backoff: Duration,
}

/// Which failures may be tried again, here or on the next target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryOn {
    /// No connection, or one that closed before the answer's head.
    pub connect: bool,
    pub first_token_timeout: bool,
    /// A stream that broke, or could not be read, before its first content.
    pub broken: bool,
    /// Inclusive ranges of statuses.
    pub statuses: Vec<(u16, u16)>,
}

impl RetryOn {
    pub fn status(&self, status: u16) -> bool {
        self.statuses
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&status))
    }
}

impl Default for RetryOn {
    fn default() -> Self {
        Self {
            connect: true,
            first_token_timeout: true,
            broken: true,
            statuses: vec![(408, 409), (429, 429), (500, 599)],
        }
    }
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

/// How much of the bodies a trace keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
            names.insert(&route.name, route.clone());
            for alias in &route.aliases {
                names.insert(alias, route.clone());
            }
        }
        Self { all, names }
    }

    /// The route of a model name as a caller sends it.
    pub fn lookup(&self, model: &str) -> Option<&Arc<Route>> {
        self.names.find(model)
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
