//! The simulated provider in the test's own process: told how to fail, asked what it saw.

use std::net::SocketAddr;
use std::thread;

use tokio::net::TcpListener;
use tokio::runtime;
use tokio::sync::oneshot;
use tollgate::simulated::{Entry, Simulator, serve};

/// Serves on a thread of its own until it is dropped.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    simulator: Simulator,
    stop: Option<oneshot::Sender<()>>,
}

impl Upstream {
    pub(crate) fn start() -> Self {
        let simulator = Simulator::new();
        let (stop, stopped) = oneshot::channel();
        let (bound, address) = std::sync::mpsc::channel();
        let served = simulator.clone();
        thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                bound.send(listener.local_addr().unwrap()).unwrap();
                tokio::select! {
                    () = serve(listener, served) => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            address: address.recv().unwrap(),
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

impl Drop for Upstream {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The thread may be gone already.
            let _ = stop.send(());
        }
    }
}
