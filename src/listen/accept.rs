//! Sockets: each worker thread accepts from the same listener and serves what it accepted, on a runtime of its own.

use super::guard::{self, Reason};
use super::h1::{self, RequestBody};
use super::{h2, service};
use crate::gateway::Gateway;
use crate::pipeline::{self, Answer};
use crate::socket::Socket;
use crate::upstream;
use arc_swap::ArcSwapOption;
use http::Request;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// How long streams that are cut off may take to say so.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// What all workers accept from.
pub struct Listener {
    /// None once it was closed.
    socket: Mutex<Option<std::net::TcpListener>>,
    pub tls: ArcSwapOption<rustls::ServerConfig>,
    /// Connections.
    open: AtomicUsize,
}

impl Listener {
    pub fn new(socket: std::net::TcpListener, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        Self {
            socket: Mutex::new(Some(socket)),
            tls: ArcSwapOption::from(tls),
            open: AtomicUsize::new(0),
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

/// How far the way down has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Serving,
    /// Accept nothing more, finish what is under way.
    Finishing,
    /// Drop what is still under way.
    CutOff,
}

/// Says when to stop.
pub type Stop = watch::Receiver<Phase>;

/// Binds the address, so that all workers can share it.
pub fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = std::net::TcpListener::bind(address)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Serves until told to stop and every connection has ended, or until told to wait for none.
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
                    let Some(place) = Place::take(&gateway, &listener) else {
                        tracing::warn!(%peer, "too many connections: one was closed at once");
                        continue;
                    };
                    let _ = tcp.set_nodelay(true);
                    let serving = connection(place, tcp, stop.clone());
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
    tokio::select! {
        _ = ended.recv() => return Ok(()),
        _ = stop.wait_for(|phase| *phase == Phase::CutOff) => {}
    }
    pipeline::wake_cut_off();
    let _ = tokio::time::timeout(LAST_WORDS, ended.recv()).await;
    Ok(())
}

async fn connection(place: Place, tcp: tokio::net::TcpStream, stop: Stop) {
    let Place { gateway, listener } = &place;
    match listener.tls.load_full() {
        None => http(gateway, Box::new(tcp), stop).await,
        Some(config) => {
            let limit = gateway.live.load().config.server.header_timeout;
            let accepting = TlsAcceptor::from(config).accept(tcp);
            match tokio::time::timeout(limit, accepting).await {
                Ok(Ok(tls)) => http(gateway, Box::new(tls), stop).await,
                Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
                Err(_) => tracing::debug!("a TLS handshake took too long"),
            }
        }
    }
}

/// One of the connections that may be open at once, taken before its task runs: a burst finds no more than there are.
struct Place {
    gateway: Arc<Gateway>,
    listener: Arc<Listener>,
}

impl Place {
    fn take(gateway: &Arc<Gateway>, listener: &Arc<Listener>) -> Option<Self> {
        let most = gateway.live.load().config.server.max_connections;
        let one_more = |open: usize| (open < most).then(|| open.saturating_add(1));
        let open = &listener.open;
        open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more)
            .ok()?;
        gateway.metrics.connections.inc();
        Some(Self {
            gateway: gateway.clone(),
            listener: listener.clone(),
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.gateway.metrics.connections.dec();
        self.listener.open.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn http(gateway: &Arc<Gateway>, io: Box<dyn Socket>, stop: Stop) {
    let server = gateway.live.load().config.server.clone();
    let options = h1::Options {
        max_head: server.max_head,
        header_timeout: server.header_timeout,
        idle_timeout: server.idle_timeout,
    };
    let answerer = Answerer(gateway);
    match h1::serve(io, &answerer, options, stopped(stop.clone())).await {
        Ok(h1::Ended::Over) => {}
        Ok(h1::Ended::Http2 { io, began }) => {
            let serving = h2::serve(gateway, &server, io, began, stopped(stop));
            if let Err(error) = Box::pin(serving).await {
                tracing::debug!(%error, "a client's connection ended");
            }
        }
        Err(error) => tracing::debug!(%error, "a client's connection ended"),
    }
}

async fn stopped(mut stop: Stop) {
    // An error: whoever could say it is gone.
    let _ = stop.wait_for(|phase| *phase != Phase::Serving).await;
}

struct Answerer<'a>(&'a Arc<Gateway>);

impl h1::Service for Answerer<'_> {
    fn answer(&self, request: Request<RequestBody>) -> service::Answering<'_> {
        service::answer(self.0, request)
    }

    fn refuse(&self, raw: &[u8], reason: Reason) -> Answer {
        service::refuse(self.0, guard::dialect_of(raw), reason)
    }

    fn is_stopping(&self) -> bool {
        self.0.is_draining.load(Ordering::Relaxed)
    }
}
