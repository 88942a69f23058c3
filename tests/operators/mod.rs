//! Who runs it: certificates, proxies, probes, reloads, metrics.

mod healthcheck;
mod proxies;
mod reload;
mod tls;
mod trust;
