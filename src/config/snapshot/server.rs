//! The listener, the store, the vault's key and what is told to the outside.

use super::provider::{Address, Proxy};
use crate::vault::Secret;
use http::HeaderName;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The listener and its limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub listen: SocketAddr,
    pub tls: Option<Tls>,
    /// Names that `Host` may have where no credential is asked for, beside localhost's.
    pub allowed_hosts: Vec<String>,
    /// Bytes of a request's body, after decoding.
    pub max_body: u64,
    /// Bytes of a request's head.
    pub max_head: usize,
    /// How long streams may go on after a stop was asked for.
    pub drain: Duration,
    /// Until a request's head must be there.
    pub header_timeout: Duration,
    /// Until a request's body must be there, counted from its head.
    pub body_timeout: Duration,
    /// How long a connection may stay without a request, and a client without taking a byte of its answer.
    pub idle_timeout: Duration,
    pub max_connections: usize,
    /// Threads that serve requests; none: one a core.
    pub workers: Option<usize>,
}

impl Server {
    /// Whether only this machine can connect. Judged by the address that is listened on and by nothing else.
    pub fn is_loopback(&self) -> bool {
        self.listen.ip().to_canonical().is_loopback()
    }
}

/// Certificate chain and private key, PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    pub cert: PathBuf,
    pub key: PathBuf,
}

/// Where traces, keys and money are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreSettings {
    /// The SQLite file.
    pub path: PathBuf,
    /// The journal's folder.
    pub journal: PathBuf,
    pub sync: JournalSync,
    /// Bytes of journal that may wait for the store.
    pub journal_max: u64,
}

impl StoreSettings {
    /// The folder of the SQLite file: generated keys lie there too.
    pub fn data_folder(&self) -> PathBuf {
        self.path.parent().map_or_else(PathBuf::new, Into::into)
    }
}

/// When the journal is synced to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalSync {
    /// Every few milliseconds, for all that wait.
    Group,
    /// Before a client gets the last bytes.
    Each,
}

/// Where the vault's key-encryption key comes from. Without a file: `TOLLGATE_VAULT_KEY`, then a generated file in the
/// data folder.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct VaultSettings {
    pub key_file: Option<PathBuf>,
}

#[derive(Clone)]
pub struct Telemetry {
    pub log: LogFormat,
    pub otlp: Vec<OtlpTarget>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Json,
    Human,
}

/// A collector that gets every span by OTLP over HTTP.
#[derive(Clone)]
pub struct OtlpTarget {
    /// The URL as it is configured, such as `http://mlflow:5000/v1/traces`. No credential is in it.
    pub endpoint: String,
    /// Where that is; its `path_prefix` is not to be used.
    pub base: Address,
    /// The URL's path, or `/v1/traces` where it has none.
    pub path: String,
    pub headers: Vec<(HeaderName, Arc<Secret>)>,
    /// PEM file of the authorities to trust in place of the public ones.
    pub ca_file: Option<PathBuf>,
    /// The proxy to go through, by `HTTPS_PROXY` and `NO_PROXY`.
    pub proxy: Option<Arc<Proxy>>,
    /// Whether it gets spans about the gateway itself too.
    pub own_spans: bool,
}

/// What can be read of a file before its secrets can be: where the store and the vault's key are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basics {
    pub store: StoreSettings,
    pub vault: VaultSettings,
    pub log: LogFormat,
    pub listen: SocketAddr,
    pub is_tls: bool,
}
