//! The configuration: one YAML file, checked as a whole, turned into an immutable snapshot that requests read.
//!
//! The way of a file: `yaml` (text to a tree that knows its places), `read` (tree to typed fields, every mistake noted),
//! `sections` (a module a section of the file: its fields, its checks, its part of the snapshot), `snapshot` (plain
//! data). A new setting is a field of one section and one of the snapshot.

mod load;
mod problems;
mod read;
mod reference;
mod reload;
mod schema;
mod sections;
pub mod snapshot;
mod stored_limits;
mod suggest;
#[cfg(test)]
mod tests;
mod units;
mod watch;
mod yaml;

pub use load::{Origin, load, load_text, names, peek, peek_at};
pub use problems::{Place, Problem, render};
pub use reference::{NoVault, SecretError, SecretSource, Sources, process_environment};
pub use reload::{Reloaded, reload};
pub use schema::{schema, schema_text};
pub use sections::{hash_key, parse_expiry};
pub use snapshot::{
    Address, Basics, Capture, Fallback, Http2, JournalSync, KeyEntry, LogFormat, OnJournalFull,
    OnLoss, OtlpTarget, Provider, Proxy, Route, Routes, Server, Snapshot, StoreSettings, Target,
    Telemetry, Timeouts, Tls, VaultSettings,
};
pub use stored_limits::{limits_from_json, limits_to_json};
pub use units::duration as parse_duration;
pub use watch::Watcher;
