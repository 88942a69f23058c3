//! Who calls: the key, the dialect, the trace that the call belongs to.

use crate::clock;
use crate::live::{Live, LiveKey};
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use ring::digest::{SHA256, digest};
use std::sync::Arc;
use subtle::ConstantTimeEq;
use tollgate_domain::{Dialect, Endpoint, Refusal, SpanId, TraceId};
use tollgate_governance::principal::KeyHash;
use tollgate_providers::CallerHeaders;

// Names whose hash and spelling are known are found at once.
static SESSIONS: [HeaderName; 3] = [
    HeaderName::from_static("x-tollgate-session"),
    HeaderName::from_static("x-claude-code-session-id"),
    HeaderName::from_static("x-session-id"),
];
static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
static ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");
static ANTHROPIC_BETA: HeaderName = HeaderName::from_static("anthropic-beta");
static OPENAI_BETA: HeaderName = HeaderName::from_static("openai-beta");
static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
static X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
static API_KEY: HeaderName = HeaderName::from_static("api-key");

/// What of a request's head matters later on.
pub struct Caller {
    pub dialect: Dialect,
    pub trace: Option<(TraceId, SpanId)>,
    pub session: Option<String>,
    anthropic_version: Option<HeaderValue>,
    anthropic_beta: Option<HeaderValue>,
    openai_beta: Option<HeaderValue>,
    idempotency_key: Option<HeaderValue>,
}

impl Caller {
    pub fn read(endpoint: Endpoint, head: &Parts) -> Self {
        let headers = &head.headers;
        let session = SESSIONS
            .iter()
            .find_map(|name| headers.get(name)?.to_str().ok())
            .map(|text| text.chars().take(250).collect());
        Self {
            dialect: dialect(endpoint.path(), headers),
            trace: headers.get(&TRACEPARENT).and_then(traceparent),
            session,
            anthropic_version: headers.get(&ANTHROPIC_VERSION).cloned(),
            anthropic_beta: headers.get(&ANTHROPIC_BETA).cloned(),
            openai_beta: headers.get(&OPENAI_BETA).cloned(),
            idempotency_key: headers.get(&IDEMPOTENCY_KEY).cloned(),
        }
    }

    /// The headers that an adapter may forward.
    pub fn headers(&self) -> CallerHeaders<'_> {
        CallerHeaders {
            anthropic_version: text_of(&self.anthropic_version),
            anthropic_beta: text_of(&self.anthropic_beta),
            openai_beta: text_of(&self.openai_beta),
            idempotency_key: text_of(&self.idempotency_key),
        }
    }
}

fn text_of(value: &Option<HeaderValue>) -> Option<&str> {
    value.as_ref()?.to_str().ok()
}

/// The dialect to answer in: Anthropic's where the path or `anthropic-version` says so, else OpenAI's.
pub fn dialect(path: &str, headers: &HeaderMap) -> Dialect {
    dialect_by(path, headers.contains_key(&ANTHROPIC_VERSION))
}

/// The same, of a head that is no more than bytes.
pub fn dialect_by(path: &str, names_version: bool) -> Dialect {
    if path.starts_with("/v1/messages") || names_version {
        Dialect::Anthropic
    } else {
        Dialect::OpenAi
    }
}

/// The key that a request carries: `Authorization: Bearer`, the password of `Basic`, `x-api-key` or `api-key`.
fn presented(headers: &HeaderMap) -> Option<std::borrow::Cow<'_, [u8]>> {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use std::borrow::Cow;
    if let Some(value) = headers.get(AUTHORIZATION) {
        let value = value.as_bytes();
        let (scheme, rest) = value.split_at(value.iter().position(|byte| *byte == b' ')?);
        let rest = rest.trim_ascii();
        if scheme.eq_ignore_ascii_case(b"bearer") {
            return Some(Cow::Borrowed(rest));
        }
        if scheme.eq_ignore_ascii_case(b"basic") {
            let decoded = STANDARD.decode(rest).ok()?;
            let colon = decoded.iter().position(|byte| *byte == b':')?;
            return Some(Cow::Owned(decoded.get(colon + 1..)?.to_vec()));
        }
    }
    let value = headers.get(&X_API_KEY).or_else(|| headers.get(&API_KEY))?;
    Some(Cow::Borrowed(value.as_bytes().trim_ascii()))
}

/// Whether the request carries a credential of any form.
pub fn is_anonymous(headers: &HeaderMap) -> bool {
    presented(headers).is_none()
}

/// The key's bearer, if the key is known, enabled and not expired.
pub fn authenticate(live: &Live, headers: &HeaderMap) -> Result<Arc<LiveKey>, Refusal> {
    let presented = presented(headers).ok_or(Refusal::MissingKey)?;
    let digest = digest(&SHA256, &presented);
    let bytes = <[u8; 32]>::try_from(digest.as_ref()).map_err(|_| Refusal::InvalidKey)?;
    let key = live
        .key(&KeyHash::from_bytes(bytes))
        .ok_or(Refusal::InvalidKey)?;
    if !bool::from(key.hash.as_bytes().ct_eq(&bytes)) {
        return Err(Refusal::InvalidKey);
    }
    key.principal.check(clock::unix_millis())?;
    Ok(key.clone())
}

/// Reads W3C `traceparent` (Trace Context, level 1): `00-<trace>-<span>-<flags>`.
fn traceparent(value: &HeaderValue) -> Option<(TraceId, SpanId)> {
    let mut parts = value.to_str().ok()?.split('-');
    let version = parts
        .next()
        .filter(|version| version.len() == 2 && *version != "ff")?;
    let trace = parts.next()?.parse().ok()?;
    let span = parts.next()?.parse().ok()?;
    let flags = parts.next()?;
    let is_whole = flags.len() == 2 && (version != "00" || parts.next().is_none());
    is_whole.then_some((trace, span))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traceparent_is_read_to_the_letter() {
        let read = |text| traceparent(&HeaderValue::from_static(text)).is_some();
        assert!(read(
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        ));
        assert!(read(
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later"
        ));
        for wrong in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later",
        ] {
            assert!(!read(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_key_is_taken_from_every_header_that_sdks_use() {
        let check = |name: &'static str, value: &'static str, key: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static(value));
            let found = presented(&headers).map(|key| String::from_utf8_lossy(&key).into_owned());
            assert_eq!(found.as_deref(), key, "{name}: {value}");
        };
        check("authorization", "Bearer tg-1", Some("tg-1"));
        check("authorization", "bearer  tg-1", Some("tg-1"));
        check("authorization", "Basic dXNlcjp0Zy0x", Some("tg-1"));
        check("authorization", "Basic !", None);
        check("x-api-key", "tg-1", Some("tg-1"));
        check("api-key", "tg-1", Some("tg-1"));
        check("x-other", "tg-1", None);
    }
}
