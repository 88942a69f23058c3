//! TLS for callers.

use crate::config::Tls;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::Arc;

#[derive(Debug, thiserror::Error)]
pub enum ServeTlsError {
    #[error("server.tls: {path}: {reason}")]
    File { path: String, reason: String },
    #[error("server.tls: {0}")]
    Rustls(#[from] rustls::Error),
}

/// The configuration of a certificate chain and its key, offering HTTP/2 and HTTP/1.1.
pub fn acceptor(tls: &Tls) -> Result<Arc<ServerConfig>, ServeTlsError> {
    let bad = |path: &Path, reason: String| ServeTlsError::File {
        path: path.display().to_string(),
        reason,
    };
    let chain = CertificateDer::pem_file_iter(&tls.cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| bad(&tls.cert, error.to_string()))?;
    if chain.is_empty() {
        return Err(bad(&tls.cert, "no certificate in it".to_owned()));
    }
    let key =
        PrivateKeyDer::from_pem_file(&tls.key).map_err(|error| bad(&tls.key, error.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
