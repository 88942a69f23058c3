//! Who runs it: certificates, proxies, probes, reloads, metrics.

mod capacity;
mod connections;
mod deploy;
mod healthcheck;
mod keys;
mod logs;
mod own_spans;
mod prometheus;
mod proxies;
mod reload;
mod tls;
mod trust;
