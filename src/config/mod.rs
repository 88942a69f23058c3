//! The configuration: one YAML file, checked as a whole, turned into an immutable snapshot that requests read.

pub mod snapshot;

pub use snapshot::{
    Address, Basics, Capture, Fallback, Http2, JournalSync, KeyEntry, LimitSpec, LogFormat,
    NamePattern, OnJournalFull, OnLoss, OtlpTarget, Per, PriceOverride, PriceTier, Prices,
    Provider, Proxy, Rate, Retry, RetryOn, Route, Routes, Scope, Scopes, Server, Snapshot,
    StoreSettings, Strategy, Target, Telemetry, Timeouts, Tls, VaultSettings,
};
