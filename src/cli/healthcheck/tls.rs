//! TLS to the server that is asked.

use crate::upstream::{read_roots, roots};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned,
};
use std::io;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

/// How a server's certificate is judged.
#[derive(Clone, Copy)]
pub(super) enum Trust<'a> {
    /// Not: whoever listens at an address of this machine is the server, as without TLS.
    Anyone,
    /// By the public authorities.
    Public,
    /// By those of a PEM file alone.
    File(&'a Path),
}

/// TLS to `host`; the handshake happens with the first bytes.
pub(super) fn connect(
    host: &str,
    trust: Trust<'_>,
    tcp: TcpStream,
) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let connection = ClientConnection::new(config(trust)?, name).map_err(io::Error::other)?;
    Ok(StreamOwned::new(connection, tcp))
}

fn config(trust: Trust<'_>) -> io::Result<Arc<ClientConfig>> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    let builder = match trust {
        Trust::Anyone => {
            let verifier = Arc::new(AnyCertificate(provider));
            builder
                .dangerous()
                .with_custom_certificate_verifier(verifier)
        }
        Trust::Public => {
            builder.with_root_certificates(roots(None, None).map_err(io::Error::other)?)
        }
        Trust::File(path) => {
            let pem = read_roots(path).map_err(io::Error::other)?;
            let roots = roots(Some(&pem), Some(path)).map_err(io::Error::other)?;
            builder.with_root_certificates(roots)
        }
    };
    Ok(Arc::new(builder.with_no_client_auth()))
}

/// Takes any certificate, if only the peer has its key.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
