//! All gates, kept across reloads of the configuration: a reload gives nobody a second bucket.

use super::{Gate, GateId, Limit};
use crate::Moment;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// The gates by whom they count for. As many as the configuration has keys, routes and limits, made when first asked
/// for.
#[derive(Default)]
pub struct Gates(RwLock<HashMap<GateId, Arc<Gate>>>);

impl Gates {
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

    fn read(&self) -> std::sync::RwLockReadGuard<'_, HashMap<GateId, Arc<Gate>>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}
