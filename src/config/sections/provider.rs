//! `providers`: whom requests go to.

use super::{address, header, proxy, server::readable};
use crate::config::read::{Located, Named, PathText, Reader, SecretText, choices, section};
use crate::config::snapshot::{Address, Http2, Provider, Proxy};
use crate::config::suggest;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tollgate_domain::{ProviderKind, ProviderName};
use tollgate_providers::{Credential, provider as facts};

section! {
    /// A server that speaks one of the wire formats, and the account with it.
    pub(crate) struct ProviderSection {
        /// Whose wire format it speaks: `openai` (and everything compatible) or `anthropic`.
        kind: ProviderKind = required,
        /// With or without a trailing `/v1`; a compatible server's own version takes its place (`/v1beta/openai`).
        /// Default: the vendor's own. `simulated:` is the simulated server of this process.
        base_url: String,
        /// Left out for servers that ask for none.
        api_key: SecretText,
        /// Further headers of every request; their values are kept from sight.
        headers: Named<SecretText>,
        /// PEM file of the authorities to trust in place of the public ones, for the server and for a proxy that is
        /// reached over TLS; relative to this file's folder.
        ca_file: PathText,
        /// URL of a proxy to tunnel through, `http://` or `https://`, or `none`. Default: `HTTPS_PROXY`, unless `NO_PROXY` exempts the host.
        proxy: SecretText,
        /// Sent as `OpenAI-Organization`.
        organization: String,
        /// Sent as `OpenAI-Project`.
        project: String,
        /// Ask for usage on streams whose client did not. `false` for servers that refuse it: what a client asks is then left
        /// out as well, and tokens are counted. Default: true.
        stream_usage: bool,
        /// `auto`, `never`, or `always` (also in plain text). Default: `auto`.
        http2: Http2,
        /// Requests that may be on their way to it at once. Default: no bound.
        max_concurrent: usize,
    }
}

choices! {
    ProviderKind: "openai" => OpenAi, "anthropic" => Anthropic;
    Http2: "auto" => Auto, "never" => Never, "always" => Always;
}

/// The providers that could be read, and the names of all.
pub(crate) struct Providers {
    pub(crate) usable: Vec<Arc<Provider>>,
    pub(crate) names: Vec<String>,
}

impl Providers {
    /// The provider of a name; a name that nobody has is noted.
    pub(crate) fn find(
        &self,
        name: &Located<String>,
        reader: &mut Reader<'_>,
    ) -> Option<Arc<Provider>> {
        if !self.names.contains(&name.value) {
            let hint = suggest::hint(name, self.names.iter().map(String::as_str));
            reader.note_at(name, format!("no provider named `{}`{hint}", name.value));
        }
        let mut usable = self.usable.iter();
        usable
            .find(|provider| provider.name.as_str() == name.value)
            .cloned()
    }
}

pub(crate) fn resolve(
    section: Option<Located<Named<ProviderSection>>>,
    reader: &mut Reader<'_>,
) -> Providers {
    let entries = section.map(|section| section.value.into_entries());
    let mut providers = Providers {
        usable: Vec::new(),
        names: Vec::new(),
    };
    for entry in entries.into_iter().flatten() {
        providers.names.push(entry.name.value.clone());
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        if entry.name.is_empty() || !entry.name.bytes().all(is_plain) {
            reader.note_at(
                &entry.name,
                "a provider's name has letters, digits, `-`, `_` and `.` only",
            );
        }
        if let Some(section) = entry.value {
            let provider = resolve_one(&entry.name, section, reader);
            providers.usable.extend(provider.map(Arc::new));
        }
    }
    providers
}

fn resolve_one(
    name: &Located<String>,
    section: ProviderSection,
    reader: &mut Reader<'_>,
) -> Option<Provider> {
    let headers = header::resolve(section.headers, reader);
    let ca_file = readable(section.ca_file.as_ref(), reader);
    if let (Some(kind), Some(key)) = (&section.kind, &section.api_key) {
        let own = match facts(kind.value).credential {
            Credential::Bearer => "authorization",
            Credential::Header(name) => name,
        };
        if headers.iter().any(|(header, _)| header.as_str() == own) {
            reader.note_at(
                key,
                format!("`api_key` and `headers.{own}` are the same header; give one"),
            );
        }
        if !key.0.expose().bytes().all(|b| b.is_ascii_graphic()) {
            reader.note_at(
                key,
                "expected a credential of visible ASCII characters without spaces",
            );
        }
    }
    for text in [&section.organization, &section.project]
        .into_iter()
        .flatten()
    {
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
            reader.note_at(text, "expected visible ASCII characters without spaces");
        }
    }
    let kind = section.kind?.value;
    let (base, simulated) = base(kind, section.base_url.as_ref(), reader)?;
    let proxy = proxy_of(name, &base, simulated, section.proxy.as_ref(), reader)?;
    Some(Provider {
        name: ProviderName::from(name.value.as_str()),
        kind,
        base,
        simulated,
        api_key: section.api_key.map(|key| key.value.0),
        headers,
        ca_file,
        proxy,
        organization: section.organization.map(|text| text.value),
        project: section.project.map(|text| text.value),
        stream_usage: section.stream_usage.is_none_or(|usage| usage.value),
        http2: section.http2.map_or(Http2::Auto, |http2| http2.value),
        max_concurrent: section.max_concurrent.map(|count| count.value),
    })
}

fn base(
    kind: ProviderKind,
    url: Option<&Located<String>>,
    reader: &mut Reader<'_>,
) -> Option<(Address, bool)> {
    let Some(url) = url else {
        return Some((address::parse(facts(kind).base_url).ok()?, false));
    };
    if matches!(url.as_str(), "simulated:" | "simulated") {
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let at = reader.sources.simulated.unwrap_or(nowhere);
        let address = Address {
            tls: false,
            host: at.ip().to_string(),
            port: at.port(),
            path_prefix: String::new(),
        };
        return Some((address, true));
    }
    Some((
        address::read(url, "https://api.example.com/v1", reader)?,
        false,
    ))
}

/// The proxy to use, if any; `None` outside where the setting is a mistake.
fn proxy_of(
    name: &Located<String>,
    base: &Address,
    simulated: bool,
    setting: Option<&Located<SecretText>>,
    reader: &mut Reader<'_>,
) -> Option<Option<Arc<Proxy>>> {
    let wrong = match setting {
        _ if simulated => return Some(None),
        Some(setting) if setting.0.expose() == "none" => return Some(None),
        Some(setting) => match proxy::parse(setting.0.expose()) {
            Ok(proxy) => return Some(Some(Arc::new(proxy))),
            Err(wrong) => {
                let message =
                    format!("expected a URL such as `http://proxy:3128`, or `none`: {wrong}");
                reader.note_at(setting, message);
                return None;
            }
        },
        None => match proxy::from_environment(base, reader.sources.environment) {
            None => return Some(None),
            Some(Ok(proxy)) => return Some(Some(Arc::new(proxy))),
            Some(Err(wrong)) => wrong,
        },
    };
    let message = format!(
        "the environment variable `HTTPS_PROXY` is no URL of a proxy: {wrong}; `proxy: none` goes without"
    );
    reader.note_at(name, message);
    None
}
