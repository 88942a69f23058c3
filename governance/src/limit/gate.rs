//! One limit, counted for one party.

use super::{Limit, Permit, Permits, RequestLimit, Reservation, Standing, TokenBucket};
use crate::Moment;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tollgate_domain::{KeyName, RouteName, Unit};

/// For whom a gate counts, and which limit of its list it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum GateId {
    /// A limit that every key has.
    EveryKey { key: KeyName, number: u16 },
    /// A key's own limit.
    Key { key: KeyName, number: u16 },
    /// A route's limit, counted for each key.
    KeyOnRoute {
        key: KeyName,
        route: RouteName,
        number: u16,
    },
    /// A route's limit, shared by all its callers.
    Route { route: RouteName, number: u16 },
}

impl GateId {
    /// Whether the limit is one key's alone; such limits are what the reply's headers tell.
    pub fn is_of_key(&self) -> bool {
        !matches!(self, Self::Route { .. })
    }
}

impl fmt::Display for GateId {
    /// As a caller is told: ``key `search` on route `chat` ``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EveryKey { key, .. } | Self::Key { key, .. } => write!(f, "key `{key}`"),
            Self::KeyOnRoute { key, route, .. } => write!(f, "key `{key}` on route `{route}`"),
            Self::Route { route, .. } => write!(f, "route `{route}`"),
        }
    }
}

/// A limit and how much of it is used.
pub struct Gate {
    id: GateId,
    limit: Limit,
    requests: Option<RequestLimit>,
    tokens: Option<Arc<TokenBucket>>,
    permits: Option<Arc<Permits>>,
}

/// What a request holds of a gate until its end.
pub(super) struct Hold {
    pub(super) reservation: Option<Reservation>,
    _permit: Option<Permit>,
}

/// Which of a gate's limits refused.
pub(super) struct Shut {
    pub(super) unit: Unit,
    pub(super) limit: u64,
    pub(super) retry_after: Duration,
}

/// Nobody knows when another request ends; this is what a caller is told.
const RETRY_CONCURRENT: Duration = Duration::from_secs(1);

impl Gate {
    pub fn new(id: GateId, limit: Limit, now: Moment) -> Self {
        Self {
            id,
            limit,
            requests: limit.requests.map(RequestLimit::new),
            tokens: limit
                .tokens
                .map(|rate| Arc::new(TokenBucket::new(rate, now))),
            permits: limit.concurrent.map(|n| Arc::new(Permits::new(n))),
        }
    }

    /// The gate after its limit was changed in the configuration. What is in use is counted on: reservations and
    /// permits that are out end in the new gate.
    pub(super) fn renewed(&self, limit: Limit, now: Moment) -> Self {
        let fresh = Self::new(self.id.clone(), limit, now);
        Self {
            requests: match (&self.requests, limit.requests) {
                (Some(old), Some(rate)) => Some(old.renewed(rate, now)),
                _ => fresh.requests,
            },
            tokens: match (&self.tokens, limit.tokens) {
                (Some(bucket), Some(rate)) => {
                    bucket.adjust(rate, now);
                    Some(bucket.clone())
                }
                _ => fresh.tokens,
            },
            permits: match (&self.permits, limit.concurrent) {
                (Some(permits), Some(limit)) => {
                    permits.adjust(limit);
                    Some(permits.clone())
                }
                _ => fresh.permits,
            },
            ..fresh
        }
    }

    pub fn id(&self) -> &GateId {
        &self.id
    }

    pub fn limit(&self) -> &Limit {
        &self.limit
    }

    /// Requests at once just now, where that is limited.
    pub fn in_use(&self) -> Option<u32> {
        self.permits.as_ref().map(|permits| permits.in_use())
    }

    /// Reservations of tokens that have not ended; 0 once all requests have.
    pub fn open_reservations(&self) -> u32 {
        self.tokens
            .as_ref()
            .map_or(0, |bucket| bucket.open_reservations())
    }

    /// Takes a request, its tokens and a permit, or nothing.
    pub(super) fn enter(&self, tokens: u64, now: Moment) -> Result<Hold, Shut> {
        let permit = match &self.permits {
            None => None,
            Some(permits) => Some(permits.acquire().ok_or_else(|| Shut {
                unit: Unit::Concurrent,
                limit: u64::from(self.limit.concurrent.unwrap_or_default()),
                retry_after: RETRY_CONCURRENT,
            })?),
        };
        let reservation = match &self.tokens {
            None => None,
            Some(bucket) => Some(bucket.reserve(tokens, now).map_err(|retry_after| Shut {
                unit: Unit::Tokens,
                limit: self.limit.tokens.map_or(0, |rate| rate.count),
                retry_after,
            })?),
        };
        self.count(now)?;
        Ok(Hold {
            reservation,
            _permit: permit,
        })
    }

    /// Takes a request, and nothing else.
    pub(super) fn count(&self, now: Moment) -> Result<(), Shut> {
        let Some(requests) = &self.requests else {
            return Ok(());
        };
        requests.take(now).map_err(|retry_after| Shut {
            unit: Unit::Requests,
            limit: self.limit.requests.map_or(0, |rate| rate.count),
            retry_after,
        })
    }

    /// Takes back the request that `enter` or `count` counted; the rest comes back with its `Hold`.
    pub(super) fn leave_uncounted(&self) {
        if let Some(requests) = &self.requests {
            requests.give_back();
        }
    }

    /// How the gate stands.
    pub fn standing(&self, now: Moment) -> Standing {
        Standing {
            requests: self.requests.as_ref().map(|limit| limit.window(now)),
            tokens: self.tokens.as_ref().map(|bucket| bucket.window(now)),
        }
    }
}
