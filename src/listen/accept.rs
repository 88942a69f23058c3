//! Sockets: each worker thread accepts from the same listener and serves what it accepted, on a runtime of its own.

use super::guard::{Exchanges, Guard, GuardOptions};
use super::service;
use crate::gateway::Gateway;
use crate::pipeline::ReplyBody;
use crate::upstream;
use arc_swap::ArcSwapOption;
use bytes::Bytes;
use hyper::Request;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// What all workers accept from.
pub struct Listener {
    pub socket: std::net::TcpListener,
    pub tls: ArcSwapOption<rustls::ServerConfig>,
}

/// Said once: stop accepting, finish what is under way.
pub type Stop = watch::Receiver<bool>;

/// Binds the address, so that all workers can share it.
pub fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = std::net::TcpListener::bind(address)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Serves until told to stop and every connection has ended.
pub async fn run_worker(
    gateway: Arc<Gateway>,
    listener: Arc<Listener>,
    mut stop: Stop,
) -> io::Result<()> {
    let socket = TcpListener::from_std(listener.socket.try_clone()?)?;
    let mut sweep = tokio::time::interval(Duration::from_secs(10));
    let (alive, mut ended) = tokio::sync::mpsc::channel::<()>(1);
    loop {
        tokio::select! {
            accepted = socket.accept() => match accepted {
                Ok((tcp, peer)) => {
                    let most = gateway.live.load().config.server.max_connections;
                    if usize::try_from(gateway.metrics.connections.get()).unwrap_or(0) >= most {
                        tracing::warn!(%peer, "too many connections: one was closed at once");
                        continue;
                    }
                    let _ = tcp.set_nodelay(true);
                    let serving = connection(gateway.clone(), listener.clone(), tcp, stop.clone());
                    let alive = alive.clone();
                    tokio::spawn(async move {
                        serving.await;
                        drop(alive);
                    });
                }
                Err(error) => {
                    // Mostly too many open files: others may close theirs.
                    tracing::warn!(%error, "accepting a connection failed");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            _ = sweep.tick() => {
                let live = gateway.live.load();
                upstream::sweep(|origin| live.has_origin(origin));
            }
            _ = stop.changed() => break,
        }
    }
    drop(socket);
    drop(alive);
    let _ = ended.recv().await;
    Ok(())
}

async fn connection(
    gateway: Arc<Gateway>,
    listener: Arc<Listener>,
    tcp: tokio::net::TcpStream,
    stop: Stop,
) {
    gateway.metrics.connections.inc();
    let _counted = Counted(&gateway);
    match listener.tls.load_full() {
        None => http(&gateway, tcp, stop).await,
        Some(config) => {
            let limit = gateway.live.load().config.server.header_timeout;
            let accepting = TlsAcceptor::from(config).accept(tcp);
            match tokio::time::timeout(limit, accepting).await {
                Ok(Ok(tls)) => http(&gateway, tls, stop).await,
                Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
                Err(_) => tracing::debug!("a TLS handshake took too long"),
            }
        }
    }
}

struct Counted<'a>(&'a Gateway);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.metrics.connections.dec();
    }
}

async fn http<IO>(gateway: &Arc<Gateway>, io: IO, mut stop: Stop)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let server = gateway.live.load().config.server.clone();
    let guarded = Guard::new(
        io,
        GuardOptions {
            max_head: server.max_head,
            header_timeout: server.header_timeout,
            idle_timeout: server.idle_timeout,
            allow_h2: true,
        },
    );
    let exchanges = guarded.exchanges();
    let service = service_fn(|request: Request<Incoming>| {
        let gateway = gateway.clone();
        let exchanges = exchanges.clone();
        async move {
            // Counted also when the answer is dropped half-made.
            let over = Over(exchanges);
            let response = service::answer(&gateway, request).await;
            Ok::<_, std::convert::Infallible>(response.map(|inner| Served { inner, _over: over }))
        }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_buf_size(server.max_head.max(8192) + (64 << 10));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(100)
        .initial_stream_window_size(64 << 10)
        .initial_connection_window_size(1 << 20)
        .max_header_list_size(u32::try_from(server.max_head).unwrap_or(u32::MAX))
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20));
    let connection = builder.serve_connection(TokioIo::new(guarded), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stop.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a client's connection ended");
    }
}

struct Over(Exchanges);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.ended();
    }
}

/// An answer's body; when it is over or dropped, so is the exchange on its connection.
struct Served {
    inner: ReplyBody,
    _over: Over,
}

impl Body for Served {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.get_mut().inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
