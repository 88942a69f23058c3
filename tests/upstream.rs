//! The simulated provider in the test's own process: told how to fail, asked what it saw.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tollgate::simulated::{Entry, Simulator, serve, serve_stream};

use crate::background;

/// Serves on a thread of its own until it is dropped.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    simulator: Simulator,
    stop: Option<oneshot::Sender<()>>,
}

impl Upstream {
    pub(crate) fn start() -> Self {
        Self::serving(None)
    }

    /// Over TLS.
    pub(crate) fn secured(tls: Arc<rustls::ServerConfig>) -> Self {
        Self::serving(Some(TlsAcceptor::from(tls)))
    }

    fn serving(tls: Option<TlsAcceptor>) -> Self {
        let simulator = Simulator::new();
        let (stop, stopped) = oneshot::channel();
        let served = simulator.clone();
        let address = background::serve(|listener| async move {
            let serving = async {
                match tls {
                    None => serve(listener, served).await,
                    Some(tls) => serve_tls(listener, tls, served).await,
                }
            };
            tokio::select! {
                () = serving => {}
                _ = stopped => {}
            }
        });
        Self {
            address,
            simulator,
            stop: Some(stop),
        }
    }

    /// Requests to model endpoints, oldest first.
    pub(crate) fn log(&self) -> Vec<Entry> {
        let mut entries = self.simulator.log();
        entries.retain(|entry| entry.path.starts_with("/v1/"));
        entries
    }
}

async fn serve_tls(listener: TcpListener, tls: TlsAcceptor, simulator: Simulator) {
    loop {
        let (tcp, _) = listener.accept().await.unwrap();
        let (tls, simulator) = (tls.clone(), simulator.clone());
        tokio::spawn(async move {
            // A client that does not like the certificate goes.
            if let Ok(stream) = tls.accept(tcp).await {
                serve_stream(stream, simulator).await;
            }
        });
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The thread may be gone already.
            let _ = stop.send(());
        }
    }
}
