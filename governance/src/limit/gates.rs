//! All gates, kept across reloads of the configuration: a reload gives nobody a second bucket.

use super::{Gate, GateId, Limit, Per};
use crate::Moment;
use smallvec::SmallVec;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use tollgate_domain::{KeyName, RouteName};

/// The gates by whom they count for. As many as the configuration has keys, routes and limits, made when first asked
/// for.
#[derive(Default)]
pub struct Gates(RwLock<HashMap<GateId, Arc<Gate>>>);

impl Gates {
    /// The gates of a key, whatever it calls: of the limits that every key has, and of its own. For when a
    /// configuration is loaded; what comes of it is kept beside the principal.
    pub fn of_key(
        &self,
        key: &KeyName,
        every_key: &[Limit],
        own: &[Limit],
        now: Moment,
    ) -> Vec<Arc<Gate>> {
        let every_key = numbered(every_key).map(|(number, limit)| {
            let key = key.clone();
            (GateId::EveryKey { key, number }, limit)
        });
        let own = numbered(own).map(|(number, limit)| {
            let key = key.clone();
            (GateId::Key { key, number }, limit)
        });
        every_key
            .chain(own)
            .map(|(id, limit)| self.gate(&id, limit, now))
            .collect()
    }

    /// The gates of a route for one caller. Looked up for each request, as there may be one for each key on each
    /// route; without limits it costs nothing.
    pub fn of_route(
        &self,
        route: &RouteName,
        key: &KeyName,
        limits: &[Limit],
        now: Moment,
    ) -> SmallVec<[Arc<Gate>; 2]> {
        numbered(limits)
            .map(|(number, limit)| {
                let route = route.clone();
                let id = match limit.per {
                    Per::Route => GateId::Route { route, number },
                    Per::Key => GateId::KeyOnRoute {
                        key: key.clone(),
                        route,
                        number,
                    },
                };
                self.gate(&id, limit, now)
            })
            .collect()
    }

    /// The gate of a limit. Where the limit has changed since, the gate goes on under the new one, counting what it
    /// counted.
    pub fn gate(&self, id: &GateId, limit: &Limit, now: Moment) -> Arc<Gate> {
        if let Some(gate) = self.read().get(id)
            && gate.limit() == limit
        {
            return gate.clone();
        }
        let mut gates = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let gate = match gates.get(id) {
            Some(gate) if gate.limit() == limit => return gate.clone(),
            Some(gate) => Arc::new(gate.renewed(*limit, now)),
            None => Arc::new(Gate::new(id.clone(), *limit, now)),
        };
        gates.insert(id.clone(), gate.clone());
        gate
    }

    /// Forgets the gates of keys and routes that are gone. Requests that hold one keep it to their end.
    pub fn retain(&self, mut is_kept: impl FnMut(&GateId) -> bool) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|id, _| is_kept(id));
    }

    pub fn len(&self) -> usize {
        self.read().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<GateId, Arc<Gate>>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Each limit with its place in its list.
fn numbered(limits: &[Limit]) -> impl Iterator<Item = (u16, &Limit)> {
    (0..=u16::MAX).zip(limits)
}
