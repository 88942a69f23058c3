//! What a client sends: heads and bodies, one after the other.

use super::Options;
use super::body::Broken;
use super::timer::Timer;
use crate::chunked::Chunked;
use crate::listen::guard::{Framing, Reason, inspect};
use crate::socket::{Socket, poll_read};
use bytes::{Bytes, BytesMut};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::AsyncWrite;

/// Bytes of requests to come that are read while one is answered.
const AHEAD: usize = 64 << 10;
/// How often it is looked whether a client that sent as much has gone.
const LOOK: Duration = Duration::from_millis(50);
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A connection's reading side, in the hands of its loop and of the body that the service reads. Both are polled by
/// one task: the lock is never waited for.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Inbound>>);

impl Shared {
    pub(super) fn new(inbound: Inbound) -> Self {
        Self(Arc::new(Mutex::new(inbound)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inbound> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The socket, if nobody else has a hand on it, and what was read of it.
    pub(super) fn into_parts(self) -> (Option<Box<dyn Socket>>, Bytes) {
        match Arc::try_unwrap(self.0) {
            Ok(inbound) => {
                let inbound = inbound.into_inner().unwrap_or_else(PoisonError::into_inner);
                (Some(inbound.io), inbound.held.freeze())
            }
            Err(_) => (None, Bytes::new()),
        }
    }
}

pub(super) struct Inbound {
    pub(super) io: Box<dyn Socket>,
    /// Read and not yet taken.
    held: BytesMut,
    /// How far the held beginning of a head was looked at.
    looked: usize,
    body: Left,
    /// What is left to say to a client that waits to be asked for its body.
    invitation: &'static [u8],
    /// TLS may have taken of it what it could not send yet.
    needs_flush: bool,
    is_first: bool,
    is_at_end: bool,
}

/// What is left of the body under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Bytes(u64),
    Chunks(Chunked),
    Broken,
}

/// What comes next on a connection.
pub(super) enum Next {
    /// A head's bytes, judged.
    Head(Bytes),
    Refused {
        raw: Bytes,
        reason: Reason,
    },
    Http2,
    End,
}

impl Inbound {
    pub(super) fn new(io: Box<dyn Socket>) -> Self {
        Self {
            io,
            held: BytesMut::new(),
            looked: 0,
            body: Left::Bytes(0),
            invitation: b"",
            needs_flush: false,
            is_first: true,
            is_at_end: false,
        }
    }

    pub(super) fn is_between_requests(&self) -> bool {
        self.held.is_empty() && self.is_body_over()
    }

    pub(super) fn is_body_over(&self) -> bool {
        self.body == Left::Bytes(0)
    }

    pub(super) fn body_left(&self) -> Option<u64> {
        match self.body {
            Left::Bytes(left) => Some(left),
            Left::Chunks(_) | Left::Broken => None,
        }
    }

    /// The next head, or why there is none.
    pub(super) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        options: &Options,
        timer: &mut Timer,
    ) -> Poll<io::Result<Next>> {
        let mut begins = false;
        loop {
            if self.held.len() > self.looked
                && let Some(next) = self.judge(options.max_head)
            {
                self.looked = 0;
                self.is_first = false;
                return Poll::Ready(Ok(next));
            }
            if std::mem::take(&mut begins) {
                timer.set(options.header_timeout);
            }
            if self.is_at_end {
                return Poll::Ready(Ok(Next::End));
            }
            let was_empty = self.held.is_empty();
            match self.poll_more(cx) {
                Poll::Ready(Ok(())) => begins = was_empty,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    ready!(timer.poll(cx));
                    if self.held.is_empty() {
                        return Poll::Ready(Ok(Next::End));
                    }
                    let raw = self.held.split().freeze();
                    self.body = Left::Broken;
                    let reason = Reason::HeadTooSlow;
                    return Poll::Ready(Ok(Next::Refused { raw, reason }));
                }
            }
        }
    }

    /// Reads once, to what is held.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let held = &mut self.held;
        let read = poll_read(&mut self.io, cx, |fresh| {
            held.extend_from_slice(fresh);
            fresh.is_empty()
        });
        self.is_at_end = ready!(read)?;
        Poll::Ready(Ok(()))
    }

    /// What the held bytes begin with, once that can be told.
    fn judge(&mut self, max_head: usize) -> Option<Next> {
        if self.is_first && is_preface(&self.held) {
            return (self.held.len() >= HTTP2_PREFACE.len()).then_some(Next::Http2);
        }
        // Only a line's end can bring a verdict, or the bound: single bytes are not judged again and again.
        let fresh = self.held.get(self.looked..).unwrap_or_default();
        self.looked = self.held.len();
        if memchr::memchr(b'\n', fresh).is_none() && self.held.len() <= max_head {
            return None;
        }
        let within = self.held.get(..max_head).unwrap_or(&self.held);
        let reason = match inspect(within) {
            Ok(Some(head)) => {
                self.body = match head.framing {
                    Framing::Length(length) => Left::Bytes(length),
                    Framing::Chunked => Left::Chunks(Chunked::of_request()),
                };
                return Some(Next::Head(self.held.split_to(head.length).freeze()));
            }
            Ok(None) if self.held.len() > max_head => Reason::HeadTooLarge,
            Ok(None) => return None,
            Err(reason) => reason,
        };
        // Nothing behind it is a request.
        self.body = Left::Broken;
        let raw = self.held.split().freeze();
        Some(Next::Refused { raw, reason })
    }

    /// The client waits to be asked for the body of the request whose head was just read.
    pub(super) fn invite(&mut self) {
        if !self.is_body_over() && self.held.is_empty() {
            self.invitation = CONTINUE;
            self.needs_flush = true;
        }
    }

    pub(super) fn poll_body(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Broken>>> {
        loop {
            if self.is_body_over() {
                return Poll::Ready(None);
            }
            if !self.held.is_empty() {
                match self.take_body() {
                    Ok(data) if data.is_empty() => continue,
                    other => return Poll::Ready(Some(other)),
                }
            }
            if self.body == Left::Broken || self.is_at_end {
                self.body = Left::Broken;
                return Poll::Ready(Some(Err(Broken::Closed)));
            }
            if self.needs_flush
                && let Err(error) = ready!(self.poll_invite(cx))
            {
                return Poll::Ready(Some(Err(error.into())));
            }
            if let Err(error) = ready!(self.poll_more(cx)) {
                return Poll::Ready(Some(Err(error.into())));
            }
        }
    }

    /// Asks a client that waits for it to send its body.
    fn poll_invite(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.invitation.is_empty() {
            let said = ready!(Pin::new(&mut self.io).poll_write(cx, self.invitation))?;
            self.invitation = self.invitation.get(said..).unwrap_or_default();
        }
        ready!(Pin::new(&mut self.io).poll_flush(cx))?;
        self.needs_flush = false;
        Poll::Ready(Ok(()))
    }

    /// The body's data among the held bytes.
    fn take_body(&mut self) -> Result<Bytes, Broken> {
        match &mut self.body {
            Left::Broken => Err(Broken::Closed),
            Left::Bytes(left) => {
                let here = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(self.held.len());
                *left -= here as u64;
                Ok(self.held.split_to(here).freeze())
            }
            Left::Chunks(chunked) => {
                let mut data = Vec::with_capacity(self.held.len());
                let (followed, broken) = chunked.follow(&self.held, &mut data);
                let _framing = self.held.split_to(followed.taken);
                if followed.is_over {
                    self.body = Left::Bytes(0);
                }
                match broken {
                    Some(broken) => {
                        self.body = Left::Broken;
                        Err(broken.into())
                    }
                    None => Ok(data.into()),
                }
            }
        }
    }

    /// Ready when the client has gone, or can't be heard any more, while its request is answered.
    pub(super) fn poll_gone(&mut self, cx: &mut Context<'_>, timer: &mut Timer) -> Poll<()> {
        // The service reads the body, and sees its end.
        while self.is_body_over() {
            if self.is_at_end {
                return Poll::Ready(());
            }
            if self.held.len() >= AHEAD {
                return self.poll_hung_up(cx, timer);
            }
            if ready!(self.poll_more(cx)).is_err() {
                return Poll::Ready(());
            }
        }
        Poll::Pending
    }

    /// The end is behind more than is read now: it is looked for every now and then.
    fn poll_hung_up(&mut self, cx: &mut Context<'_>, timer: &mut Timer) -> Poll<()> {
        while !self.io.is_hung_up() {
            timer.set(LOOK);
            ready!(timer.poll(cx));
        }
        Poll::Ready(())
    }

    /// Drops what the service did not read of the body, where all of it is here. `false`: the connection can't go on.
    pub(super) fn skip_body(&mut self) -> bool {
        while !self.is_body_over() {
            if self.held.is_empty() || self.take_body().is_err() {
                return false;
            }
        }
        true
    }
}

/// Whether these bytes are HTTP/2's preface, or may become it.
fn is_preface(bytes: &[u8]) -> bool {
    let length = bytes.len().min(HTTP2_PREFACE.len());
    bytes.get(..length) == HTTP2_PREFACE.get(..length)
}
