//! What the server reads: plain data, complete and checked, never changed once made. A reload makes a new one and
//! swaps it in; requests that began with the old one keep it.

mod key;
mod provider;
mod route;
mod server;

pub use key::KeyEntry;
pub use provider::{Address, Http2, Provider, Proxy};
pub use route::{Capture, Fallback, OnJournalFull, OnLoss, Route, Routes, Target, Timeouts};
pub use server::{
    Basics, JournalSync, LogFormat, OtlpTarget, Server, StoreSettings, Telemetry, Tls,
    VaultSettings,
};

use std::path::PathBuf;
use std::sync::Arc;
use tollgate_governance::limit::Limit;
use tollgate_governance::pricing::Override;

/// A configuration file, checked and resolved.
pub struct Snapshot {
    /// SHA-256 of the file's content in hexadecimal (of its text: what references stand for is not in it).
    pub hash: String,
    pub server: Server,
    pub store: StoreSettings,
    pub vault: VaultSettings,
    pub telemetry: Telemetry,
    /// In the file's order.
    pub providers: Vec<Arc<Provider>>,
    pub routes: Routes,
    /// The keys of the file; those of the command line are in the store.
    pub keys: Vec<KeyEntry>,
    /// Limits of every key, each counted by key, beside the key's own.
    pub default_limits: Vec<Limit>,
    /// Prices that go before the table's.
    pub prices: Vec<Override>,
    /// Every file that the configuration was read from beside itself (`${file:}`, certificates): a change of one is a
    /// reason to reload.
    pub watched: Vec<PathBuf>,
}

impl Snapshot {
    /// Whether a provider is answered by the simulated server in this process.
    pub fn uses_simulated(&self) -> bool {
        self.providers.iter().any(|provider| provider.simulated)
    }

    pub fn provider(&self, name: &str) -> Option<&Arc<Provider>> {
        self.providers
            .iter()
            .find(|provider| provider.name.as_str() == name)
    }
}
