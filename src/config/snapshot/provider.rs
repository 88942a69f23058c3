//! Whom requests go to.

use crate::vault::Secret;
use http::HeaderName;
use std::borrow::Cow;
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
    /// The prefix and a path of the dialect. Servers that are compatible with OpenAI's may have a version of their own
    /// in place of `/v1` (`/v1beta/openai`, `/api/paas/v4`), or one before the vendor's name (`/v1/openai`).
    pub fn path(&self, kind: ProviderKind, path: &'static str) -> Cow<'static, str> {
        if self.path_prefix.is_empty() {
            return Cow::Borrowed(path);
        }
        let has_version = self.path_prefix.split('/').any(is_version);
        let path = match kind {
            ProviderKind::OpenAi if has_version => path.strip_prefix("/v1").unwrap_or(path),
            _ => path,
        };
        Cow::Owned([&self.path_prefix, path].concat())
    }

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

/// `v4`, `v1beta`, `v1beta1`.
fn is_version(segment: &str) -> bool {
    let Some(rest) = segment.strip_prefix('v') else {
        return false;
    };
    let stage = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let stage = stage.trim_end_matches(|letter: char| letter.is_ascii_digit());
    rest.starts_with(|letter: char| letter.is_ascii_digit())
        && matches!(stage, "" | "alpha" | "beta")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_in_the_base_url_takes_the_place_of_v1() {
        let path = |kind, prefix: &str| {
            let address = Address {
                tls: true,
                host: "x".to_owned(),
                port: 443,
                path_prefix: prefix.to_owned(),
            };
            address.path(kind, "/v1/models").into_owned()
        };
        for (prefix, expected) in [
            ("", "/v1/models"),
            ("/openai", "/openai/v1/models"),
            ("/video/voices", "/video/voices/v1/models"),
            ("/v1beta/openai", "/v1beta/openai/models"),
            ("/api/paas/v4", "/api/paas/v4/models"),
            ("/v1beta1/projects/p", "/v1beta1/projects/p/models"),
            ("/v1/openai", "/v1/openai/models"),
        ] {
            assert_eq!(path(ProviderKind::OpenAi, prefix), expected);
        }
        let gateway = path(ProviderKind::Anthropic, "/v1/account/anthropic");
        assert_eq!(gateway, "/v1/account/anthropic/v1/models");
    }
}
