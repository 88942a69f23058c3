//! The listener: HTTP/1.1 by hyper.

use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::Simulator;
use super::handler::handle;
use super::wire::{Other, Reset, Socket, Wire};

/// Serves until it is dropped, which also ends every connection.
pub async fn serve(listener: TcpListener, simulator: Simulator) {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Frames leave when they are written; where the option fails they leave later.
                let _ = stream.set_nodelay(true);
                connections.spawn(serve_socket(stream, simulator.clone()));
            }
            // Out of descriptors, or a connection that died in the queue: neither is the end.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

/// Serves one connection that somebody else accepted, over TLS for example.
pub async fn serve_stream<IO>(io: IO, simulator: Simulator)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send,
{
    serve_socket(Other(io), simulator).await;
}

async fn serve_socket<IO>(io: IO, simulator: Simulator)
where
    IO: Reset + AsyncRead + AsyncWrite + Unpin + Send,
{
    let wire = Wire::default();
    let socket = Socket {
        io,
        wire: wire.clone(),
    };
    let service = service_fn(move |request| handle(simulator.clone(), wire.clone(), request));
    // How each request ended is in the log; the connection's own end says nothing more.
    let _ = http1::Builder::new()
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(socket), service)
        .await;
}
