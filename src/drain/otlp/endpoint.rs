//! A collector as an exporter calls it.

use crate::config::{Http2, OtlpTarget};
use crate::upstream::{Origin, Template, TlsError};
use http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderMap, HeaderValue};
use std::sync::Arc;

/// Why a target that was checked cannot be called.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    #[error("telemetry.otlp: {endpoint}: {source}")]
    Tls { endpoint: String, source: TlsError },
    #[error("telemetry.otlp: {endpoint}: a header can't be sent")]
    Header { endpoint: String },
}

/// Made anew with every configuration.
pub struct Endpoint {
    /// What logs, metrics and the store's cursor call it. It holds no credential.
    pub(super) name: String,
    pub(super) origin: Arc<Origin>,
    pub(super) path: String,
    pub(super) template: Template,
    pub(super) takes_own_spans: bool,
}

impl Endpoint {
    /// All of them. A URL that is there again (with other headers, perhaps) has its place in the name.
    pub fn resolve(targets: &[OtlpTarget]) -> Result<Vec<Arc<Self>>, EndpointError> {
        let mut endpoints: Vec<Arc<Self>> = Vec::with_capacity(targets.len());
        for target in targets {
            let before = endpoints
                .iter()
                .filter(|other| other.name.split('#').next() == Some(&target.endpoint))
                .count();
            let name = match before {
                0 => target.endpoint.clone(),
                more => format!("{}#{}", target.endpoint, more + 1),
            };
            endpoints.push(Arc::new(Self::new(name, target)?));
        }
        Ok(endpoints)
    }

    fn new(name: String, target: &OtlpTarget) -> Result<Self, EndpointError> {
        let base = &target.base;
        let (ca_file, proxy) = (target.ca_file.as_deref(), target.proxy.clone());
        let origin = Origin::other(base, ca_file, proxy, Http2::Never);
        let origin = origin.map_err(|source| EndpointError::Tls {
            endpoint: target.endpoint.clone(),
            source,
        })?;
        let bad = || EndpointError::Header {
            endpoint: target.endpoint.clone(),
        };
        let mut headers = HeaderMap::new();
        let host = HeaderValue::try_from(base.authority()).map_err(|_| bad())?;
        headers.insert(HOST, host);
        let agent = concat!("tollgate/", env!("CARGO_PKG_VERSION"));
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        let protobuf = HeaderValue::from_static("application/x-protobuf");
        headers.insert(CONTENT_TYPE, protobuf);
        for (name, value) in &target.headers {
            let mut value = HeaderValue::try_from(value.expose()).map_err(|_| bad())?;
            value.set_sensitive(true);
            headers.insert(name.clone(), value);
        }
        Ok(Self {
            name,
            origin: Arc::new(origin),
            path: target.path.clone(),
            template: Template::new(headers),
            takes_own_spans: target.own_spans,
        })
    }
}
