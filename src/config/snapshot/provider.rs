//! Whom requests go to.

use crate::vault::Secret;
use http::HeaderName;
use std::path::PathBuf;
use std::sync::Arc;
use tollgate_domain::{ProviderKind, ProviderName};

/// A server that speaks one of the wire formats, and our account with it.
pub struct Provider {
    pub name: ProviderName,
    pub kind: ProviderKind,
    pub base: Address,
    /// Whether the server is the simulated one of this process (`base_url: "simulated:"`).
    pub simulated: bool,
    /// None for servers that ask for none.
    pub api_key: Option<Secret>,
    /// Sent with every request; one of them may be a credential.
    pub headers: Vec<(HeaderName, Secret)>,
    /// PEM file of the authorities to trust, for the server and for a proxy, in place of the public ones.
    pub ca_file: Option<PathBuf>,
    /// The proxy to go through: the provider's own setting, else what `HTTPS_PROXY` and `NO_PROXY` say.
    pub proxy: Option<Arc<Proxy>>,
    /// `OpenAI-Organization`.
    pub organization: Option<String>,
    /// `OpenAI-Project`.
    pub project: Option<String>,
    /// Whether usage is asked for on streams whose client did not.
    pub stream_usage: bool,
    pub http2: Http2,
    /// Requests that may be on their way to this provider at once.
    pub max_concurrent: Option<usize>,
}

/// A base URL in parts. A dialect's path (`/v1/messages`) is appended to `path_prefix`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub tls: bool,
    /// A name or an address, IPv6 without brackets.
    pub host: String,
    pub port: u16,
    /// Empty, or `/` and more, without a trailing `/` or `/v1`.
    pub path_prefix: String,
}

impl Address {
    /// The value of `Host`: the port only where it is not the scheme's own.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        match (self.tls, self.port) {
            (true, 443) | (false, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }
}

/// A proxy that tunnels by `CONNECT`.
#[derive(PartialEq)]
pub struct Proxy {
    /// Whether the proxy itself is spoken to over TLS.
    pub tls: bool,
    pub host: String,
    pub port: u16,
    /// The value of `Proxy-Authorization`.
    pub authorization: Option<Secret>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Http2 {
    /// As TLS negotiates; HTTP/1.1 in plain text.
    Auto,
    Never,
    /// Also in plain text, by prior knowledge.
    Always,
}
