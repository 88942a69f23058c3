//! Thinking kept between the turns of chat clients that rebuild messages from standard fields.

use moka::sync::Cache;
use std::sync::Arc;
use std::time::Duration;
use tollgate_domain::KeyName;
use tollgate_providers::{StoredThinking, ThinkingMemory};

const KEPT_FOR: Duration = Duration::from_secs(3600);
const KEPT_BYTES: u64 = 64 << 20;

/// Blocks by key and tool-call id; the oldest go when there are too many.
pub struct ThinkingStore(Cache<(KeyName, String), Arc<StoredThinking>>);

impl Default for ThinkingStore {
    fn default() -> Self {
        let cache = Cache::builder()
            .max_capacity(KEPT_BYTES)
            .time_to_live(KEPT_FOR)
            .weigher(|(_, id): &(KeyName, String), kept: &Arc<StoredThinking>| {
                let blocks: usize = kept
                    .blocks
                    .iter()
                    .map(|block| block.to_string().len())
                    .sum();
                u32::try_from(256 + id.len() + blocks).unwrap_or(u32::MAX)
            })
            .build();
        Self(cache)
    }
}

impl ThinkingStore {
    pub fn keep(&self, key: &KeyName, made: &[(String, Arc<StoredThinking>)]) {
        for (id, thinking) in made {
            self.0.insert((key.clone(), id.clone()), thinking.clone());
        }
    }

    /// What is kept for one key.
    pub fn of<'a>(&'a self, key: &'a KeyName) -> OfKey<'a> {
        OfKey { store: self, key }
    }
}

pub struct OfKey<'a> {
    store: &'a ThinkingStore,
    key: &'a KeyName,
}

impl ThinkingMemory for OfKey<'_> {
    fn recall(&self, tool_call_id: &str) -> Option<Arc<StoredThinking>> {
        self.store
            .0
            .get(&(self.key.clone(), tool_call_id.to_owned()))
    }
}
