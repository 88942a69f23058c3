//! The raw-head guard: stands between the socket and hyper and refuses what hyper would accept or hide.
//!
//! hyper lets bare line feeds, missing and double Hosts, `gzip, chunked`, `Transfer_Encoding` and more through, and of
//! two length headers it shows one. Once it has parsed a head, nobody can see that any more; a server or proxy on either
//! side that reads the same bytes in another way sees another request (request smuggling). So the guard judges the
//! bytes before hyper does ([`inspect`]). hyper gets a good request as it came; for a bad one it gets a stand-in, which
//! the service recognizes ([`refusal_of`]), answers in the caller's dialect, and closes. Framing that breaks inside a
//! body ends the connection with an error, so that no such body is ever taken for whole.
//!
//! It also keeps the times that hyper does not: a head that is too slow, a connection that is idle. And it closes without
//! losing the answer: what a client still sends after a refusal is read and dropped for a moment, since a socket that is
//! closed on unread bytes resets, and a reset takes an answer with it that the client has not read.
//!
//! The usual request lies whole in one read: it is judged where hyper wanted it, and nothing is copied.

mod chunked;
mod fields;
mod head;
mod machine;
mod reason;
mod stand_in;
mod syntax;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use machine::{Machine, Phase};

pub use head::{Framing, Head, inspect};
pub use reason::{BrokenBody, Reason};
pub use stand_in::refusal_of;

/// How long, and how much, a client may go on sending after its connection was shut.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 1 << 20;

#[derive(Clone, Copy, Debug)]
pub struct GuardOptions {
    /// Bytes of a head, its last empty line included.
    pub max_head: usize,
    /// From a head's first byte to its last.
    pub header_timeout: Duration,
    /// Between requests; a connection is closed after one to two of it.
    pub idle_timeout: Duration,
    /// Whether HTTP/2 may begin without TLS, by its preface.
    pub allow_h2: bool,
}

/// Counts the exchanges that are over, so that only a connection with none under way is idle.
#[derive(Clone, Debug, Default)]
pub struct Exchanges(Arc<AtomicU64>);

impl Exchanges {
    /// To be said once for each request that the service was given, when its response's body is over or dropped.
    pub fn ended(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A socket whose inbound bytes are judged. Give it to hyper as its I/O.
#[derive(Debug)]
pub struct Guard<IO> {
    io: IO,
    machine: Machine,
    options: GuardOptions,
    exchanges: Exchanges,
    timer: Option<Pin<Box<Sleep>>>,
    /// When the head under way has to be complete.
    head_deadline: Option<Instant>,
    /// Something was read since the timer was set.
    is_active: bool,
    is_idle_closed: bool,
    lingered: Option<usize>,
}

impl<IO> Guard<IO> {
    pub fn new(io: IO, options: GuardOptions) -> Self {
        Self {
            io,
            machine: Machine::new(options.max_head, options.allow_h2),
            options,
            exchanges: Exchanges::default(),
            timer: None,
            head_deadline: None,
            is_active: false,
            is_idle_closed: false,
            lingered: None,
        }
    }

    /// To be told of each exchange's end; without that no connection that had a request is ever idle.
    pub fn exchanges(&self) -> Exchanges {
        self.exchanges.clone()
    }

    pub fn get_ref(&self) -> &IO {
        &self.io
    }

    fn is_idle(&self) -> bool {
        let ended = self.exchanges.0.load(Ordering::Relaxed);
        self.machine.is_between_requests() && ended >= self.machine.heads
    }

    /// Called when there is nothing to read. Ready: a clock has run out and changed the state.
    fn poll_clock(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let deadline = match self.machine.phase {
                Phase::Begin | Phase::Head => self.head_deadline,
                _ => return Poll::Pending,
            };
            let timer = match &mut self.timer {
                Some(timer) => {
                    if let Some(deadline) = deadline.filter(|deadline| *deadline < timer.deadline())
                    {
                        timer.as_mut().reset(deadline);
                    }
                    timer
                }
                none => {
                    let idle = Instant::now() + self.options.idle_timeout;
                    none.insert(Box::pin(sleep_until(deadline.unwrap_or(idle).min(idle))))
                }
            };
            ready!(timer.as_mut().poll(cx));
            let now = Instant::now();
            match deadline {
                Some(deadline) if deadline <= now => {
                    self.head_deadline = None;
                    self.machine.too_slow();
                    return Poll::Ready(());
                }
                Some(deadline) => timer.as_mut().reset(deadline),
                // The timer is not moved on each request, but asked whether one came when it fires.
                None if self.is_active || !self.is_idle() => {
                    self.is_active = false;
                    let next = now + self.options.idle_timeout;
                    if let Some(timer) = &mut self.timer {
                        timer.as_mut().reset(next);
                    }
                }
                None => {
                    self.is_idle_closed = true;
                    return Poll::Ready(());
                }
            }
        }
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Guard<IO> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let guard = self.get_mut();
        loop {
            let waiting = guard.machine.ready();
            if !waiting.is_empty() {
                let (now, _) = waiting.split_at(waiting.len().min(out.remaining()));
                out.put_slice(now);
                guard.machine.took(now.len());
                return Poll::Ready(Ok(()));
            }
            match guard.machine.phase {
                // Not an end: at one, hyper would drop the answer.
                Phase::Refused(_) => return Poll::Pending,
                Phase::Broken(broken) => {
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, broken)));
                }
                _ if guard.is_idle_closed => return Poll::Ready(Ok(())),
                _ => {}
            }
            let before = out.filled().len();
            match Pin::new(&mut guard.io).poll_read(cx, out) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    ready!(guard.poll_clock(cx));
                    continue;
                }
            }
            let fresh = out.filled().get(before..).unwrap_or_default();
            if fresh.is_empty() {
                return Poll::Ready(Ok(()));
            }
            guard.is_active = true;
            let passed = guard.machine.feed(fresh);
            out.set_filled(before + passed);
            match (guard.machine.has_begun_head(), guard.head_deadline) {
                (true, None) => {
                    guard.head_deadline = Some(Instant::now() + guard.options.header_timeout)
                }
                (true, Some(_)) if passed == 0 => {}
                // A new head began behind the end of another.
                (true, Some(_)) => {
                    guard.head_deadline = Some(Instant::now() + guard.options.header_timeout)
                }
                (false, _) => guard.head_deadline = None,
            }
            if passed > 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guard<IO> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    /// Shuts the sending side, then reads and drops what still comes if the client is in the middle of something.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let guard = self.get_mut();
        if guard.lingered.is_none() {
            ready!(Pin::new(&mut guard.io).poll_shutdown(cx))?;
            if guard.machine.is_between_requests() || guard.machine.phase == Phase::Opaque {
                return Poll::Ready(Ok(()));
            }
            guard.lingered = Some(0);
            guard.timer = Some(Box::pin(sleep_until(Instant::now() + LINGER)));
        }
        let mut space = [0; 4096];
        while let Some(lingered) = &mut guard.lingered
            && *lingered < LINGER_BYTES
        {
            let mut dropped = ReadBuf::new(&mut space);
            match Pin::new(&mut guard.io).poll_read(cx, &mut dropped) {
                Poll::Ready(Ok(())) if !dropped.filled().is_empty() => {
                    *lingered += dropped.filled().len()
                }
                // The end, or an error: nothing more will come.
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => match &mut guard.timer {
                    Some(timer) => return timer.as_mut().poll(cx).map(Ok),
                    None => return Poll::Ready(Ok(())),
                },
            }
        }
        Poll::Ready(Ok(()))
    }
}
