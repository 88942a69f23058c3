//! Where a provider's server is and how to get there.

use super::tls::{self, TlsError};
use crate::config::{Address, Http2, Provider, Proxy};
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tollgate_domain::ProviderName;

/// A server and the way to it, resolved once. Its id names its pools.
pub struct Origin {
    pub(super) id: u64,
    pub(super) way: Way,
    /// For a server that is spoken to over TLS.
    pub(super) tls: Option<Arc<rustls::ClientConfig>>,
    /// For a proxy that is itself spoken to over TLS.
    pub(super) proxy_tls: Option<Arc<rustls::ClientConfig>>,
}

/// What of a provider's settings its connections depend on: as long as it is the same, so are they.
#[derive(PartialEq)]
pub(super) struct Way {
    pub(super) host: String,
    pub(super) port: u16,
    is_tls: bool,
    /// What the file of authorities held when it was read.
    roots: Option<Vec<u8>>,
    pub(super) proxy: Option<Arc<Proxy>>,
    pub(super) http2: Http2,
}

impl Way {
    fn new(
        address: &Address,
        ca_file: Option<&Path>,
        proxy: Option<Arc<Proxy>>,
        http2: Http2,
    ) -> Result<Self, TlsError> {
        Ok(Self {
            host: address.host.clone(),
            port: address.port,
            is_tls: address.tls,
            roots: ca_file.map(tls::read).transpose()?,
            proxy,
            http2,
        })
    }
}

impl Origin {
    fn new(way: Way, ca_file: Option<&Path>) -> Result<Self, TlsError> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let config = |offers_h2| {
            let roots = tls::roots(way.roots.as_deref(), ca_file)?;
            tls::client_config(roots, offers_h2)
        };
        let is_proxy_tls = way.proxy.as_ref().is_some_and(|proxy| proxy.tls);
        Ok(Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            tls: match way.is_tls {
                true => Some(config(way.http2 != Http2::Never)?),
                false => None,
            },
            proxy_tls: match is_proxy_tls {
                true => Some(config(false)?),
                false => None,
            },
            way,
        })
    }

    /// A server that is no provider.
    pub fn other(
        address: &Address,
        ca_file: Option<&Path>,
        proxy: Option<Arc<Proxy>>,
        http2: Http2,
    ) -> Result<Self, TlsError> {
        Self::new(Way::new(address, ca_file, proxy, http2)?, ca_file)
    }

    pub fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn address(&self) -> String {
        address(&self.way.host, self.way.port)
    }
}

/// Host and port, an IPv6 address in brackets.
fn address(host: &str, port: u16) -> String {
    match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}

/// The origins in use, by provider: a reload that leaves a provider's way as it was leaves it its connections.
#[derive(Default)]
pub struct Origins(Mutex<HashMap<ProviderName, Weak<Origin>>>);

impl Origins {
    pub fn of(&self, provider: &Provider) -> Result<Arc<Origin>, TlsError> {
        let ca_file = provider.ca_file.as_deref();
        let proxy = provider.proxy.clone();
        let way = Way::new(&provider.base, ca_file, proxy, provider.http2)?;
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.get(&provider.name).and_then(Weak::upgrade);
        if let Some(before) = before.filter(|before| before.way == way) {
            return Ok(before);
        }
        let origin = Arc::new(Origin::new(way, ca_file)?);
        all.retain(|_, origin| origin.strong_count() > 0);
        all.insert(provider.name.clone(), Arc::downgrade(&origin));
        Ok(origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_address_is_written_in_brackets() {
        assert_eq!(address("::1", 443), "[::1]:443");
        assert_eq!(address("a.example", 80), "a.example:80");
    }
}
