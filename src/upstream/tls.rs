//! TLS to providers and proxies: the web's roots, or a file's alone.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::path::Path;
use std::sync::Arc;

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{path}: {reason}")]
    Roots { path: String, reason: String },
    #[error(transparent)]
    Rustls(#[from] rustls::Error),
}

impl TlsError {
    fn roots(path: &Path, reason: impl ToString) -> Self {
        Self::Roots {
            path: path.display().to_string(),
            reason: reason.to_string(),
        }
    }
}

/// The bytes of a file of authorities.
pub fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|error| TlsError::roots(path, error))
}

/// Whom to trust: what these PEM bytes hold and nobody else; without bytes, the public authorities. `path` is where the
/// bytes are from.
pub fn roots(pem: Option<&[u8]>, path: Option<&Path>) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    let Some(pem) = pem else {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        return Ok(roots);
    };
    let path = path.unwrap_or(Path::new(""));
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| TlsError::roots(path, error))?;
        roots
            .add(certificate)
            .map_err(|error| TlsError::roots(path, error))?;
    }
    if roots.is_empty() {
        return Err(TlsError::roots(path, "no certificate in it"));
    }
    Ok(roots)
}

/// A client configuration that trusts these.
pub fn client_config(
    roots: RootCertStore,
    offers_h2: bool,
) -> Result<Arc<rustls::ClientConfig>, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    if offers_h2 {
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    }
    Ok(Arc::new(config))
}
