//! Sockets: each worker thread accepts from the same listener and serves what it accepted, on a runtime of its own.

use super::guard::{Exchanges, Guard, GuardOptions};
use super::service;
use crate::clock::{self, Moment};
use crate::gateway::Gateway;
use crate::pipeline::ReplyBody;
use crate::upstream;
use arc_swap::ArcSwapOption;
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper::{Request, Version};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// What all workers accept from.
pub struct Listener {
    /// None once it was closed.
    socket: Mutex<Option<std::net::TcpListener>>,
    pub tls: ArcSwapOption<rustls::ServerConfig>,
}

impl Listener {
    pub fn new(socket: std::net::TcpListener, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        Self {
            socket: Mutex::new(Some(socket)),
            tls: ArcSwapOption::from(tls),
        }
    }

    /// Refuses new connections, once the workers have let go as well: left open, it would let them in and not serve
    /// them.
    pub fn close(&self) {
        *lock(&self.socket) = None;
    }

    fn socket(&self) -> io::Result<std::net::TcpListener> {
        match &*lock(&self.socket) {
            Some(socket) => socket.try_clone(),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
    let socket = TcpListener::from_std(listener.socket()?)?;
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
    let load = Arc::new(Load::default());
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
        // Counted also when the answer is dropped half-made.
        let over = Over::new(exchanges.clone(), load.clone(), request.version());
        async move {
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
            tokio::select! {
                ended = connection => ended,
                () = load.is_gone() => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a client's connection ended");
    }
}

/// What a connection is in the middle of.
#[derive(Default)]
struct Load {
    under_way: AtomicU64,
    /// HTTP/1 closes by itself once its answer is out.
    is_http1: AtomicBool,
    /// When the last exchange ended.
    ended: Mutex<Option<Moment>>,
}

/// How long a client of HTTP/2 may take to answer that the connection is to end, and to read the end of its last answer.
const GOODBYE: Duration = Duration::from_millis(100);
const LAST_READ: Duration = Duration::from_secs(1);

impl Load {
    /// Once nothing is under way, and has not been for a moment: hyper waits for the client's word, which one that is
    /// idle may never give.
    async fn is_gone(&self) {
        loop {
            tokio::time::sleep(GOODBYE).await;
            let is_idle = self.under_way.load(Ordering::Relaxed) == 0;
            let ended = *lock(&self.ended);
            let is_read = ended.is_none_or(|ended| clock::elapsed(ended) >= LAST_READ);
            if is_idle && is_read && !self.is_http1.load(Ordering::Relaxed) {
                return;
            }
        }
    }
}

/// An exchange, which ends when this is dropped.
struct Over {
    exchanges: Exchanges,
    load: Arc<Load>,
}

impl Over {
    fn new(exchanges: Exchanges, load: Arc<Load>, version: Version) -> Self {
        load.under_way.fetch_add(1, Ordering::Relaxed);
        if version != Version::HTTP_2 {
            load.is_http1.store(true, Ordering::Relaxed);
        }
        Self { exchanges, load }
    }
}

impl Drop for Over {
    fn drop(&mut self) {
        self.exchanges.ended();
        *lock(&self.load.ended) = Some(clock::now());
        self.load.under_way.fetch_sub(1, Ordering::Relaxed);
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
