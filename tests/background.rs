//! Servers of the test's own process that run on tokio, each on a thread of its own.

use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;

use tokio::net::TcpListener;
use tokio::runtime;

/// Serves on a port that was free until `serving` ends, or the test's process; where.
pub(crate) fn serve<F: Future<Output = ()>>(
    serving: impl FnOnce(TcpListener) -> F + Send + 'static,
) -> SocketAddr {
    let (bound, address) = mpsc::channel();
    thread::spawn(move || {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            bound.send(listener.local_addr().unwrap()).unwrap();
            serving(listener).await;
        });
    });
    address.recv().unwrap()
}
