//! HTTP/2 for callers: hyper's, behind the first bytes that told the protocol.

use super::h1::RequestBody;
use super::service;
use crate::clock::{self, Moment};
use crate::config::Server;
use crate::gateway::Gateway;
use crate::pipeline::ReplyBody;
use crate::socket::Socket;
use bytes::{Buf, Bytes};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Serves a connection whose first bytes, `began`, were read before. When `stop` is ready, its streams are finished.
pub(super) async fn serve(
    gateway: &Arc<Gateway>,
    server: &Server,
    io: Box<dyn Socket>,
    began: Bytes,
    stop: impl Future<Output = ()>,
) -> Result<(), hyper::Error> {
    let load = Arc::new(Load::default());
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let gateway = gateway.clone();
        // Counted also when the answer is dropped half-made.
        let under_way = UnderWay::new(load.clone());
        async move {
            let answer = service::answer(&gateway, request.map(RequestBody::h2)).await;
            Ok::<_, std::convert::Infallible>(answer.map(|inner| Served {
                inner,
                _under_way: under_way,
            }))
        }
    });
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(100)
        .initial_stream_window_size(64 << 10)
        .initial_connection_window_size(1 << 20)
        .max_header_list_size(u32::try_from(server.max_head).unwrap_or(u32::MAX))
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20));
    let io = TokioIo::new(Began { began, io });
    let mut connection = pin!(builder.serve_connection(io, service));
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = stop => {}
        () = load.is_idle(server.idle_timeout) => {}
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        ended = connection => ended,
        () = load.is_gone() => Ok(()),
    }
}

/// How long a client may take to answer that the connection is to end, and to read the end of its last answer.
const GOODBYE: Duration = Duration::from_millis(100);
const LAST_READ: Duration = Duration::from_secs(1);

/// What a connection is in the middle of.
#[derive(Default)]
struct Load {
    begun: AtomicU64,
    under_way: AtomicU64,
    /// When the last exchange ended.
    ended: Mutex<Option<Moment>>,
}

impl Load {
    /// Once nothing was under way for one to two of this.
    async fn is_idle(&self, limit: Duration) {
        loop {
            let begun = self.begun.load(Ordering::Relaxed);
            let was_idle = self.under_way.load(Ordering::Relaxed) == 0;
            tokio::time::sleep(limit).await;
            if was_idle && self.begun.load(Ordering::Relaxed) == begun {
                return;
            }
        }
    }

    /// Once nothing is under way, and has not been for a moment: hyper waits for the client's word, which one that is
    /// idle may never give.
    async fn is_gone(&self) {
        loop {
            tokio::time::sleep(GOODBYE).await;
            let is_idle = self.under_way.load(Ordering::Relaxed) == 0;
            let ended = *self.ended.lock().unwrap_or_else(PoisonError::into_inner);
            if is_idle && ended.is_none_or(|ended| clock::elapsed(ended) >= LAST_READ) {
                return;
            }
        }
    }
}

/// An exchange, which ends when this is dropped.
struct UnderWay(Arc<Load>);

impl UnderWay {
    fn new(load: Arc<Load>) -> Self {
        load.begun.fetch_add(1, Ordering::Relaxed);
        load.under_way.fetch_add(1, Ordering::Relaxed);
        Self(load)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        *self.0.ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(clock::now());
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An answer's body; when it is over or dropped, so is its exchange.
struct Served {
    inner: ReplyBody,
    _under_way: UnderWay,
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

/// A socket of which something was read before.
struct Began {
    began: Bytes,
    io: Box<dyn Socket>,
}

impl AsyncRead for Began {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.began.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, out);
        }
        let here = self.began.len().min(out.remaining());
        out.put_slice(self.began.get(..here).unwrap_or_default());
        self.began.advance(here);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Began {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
