//! HTTP/1.1 and 1.0 for callers (RFC 9112). One task reads a head, lets the service answer, and writes the answer out:
//! nothing stands between the socket and the pipeline.
//!
//! We read HTTP/1 ourselves because a gateway sits between two parsers: what one lets through and the other reads in
//! another way is another request (request smuggling). So a head is judged by its raw bytes, all of them, by
//! [`inspect`](super::guard::inspect), and the same bytes give method, target, headers and framing. What is refused is
//! answered in the caller's dialect; nothing after it is read as a request.
//!
//! Heads have a time to come in, idle connections an end, and an answer whose reader does not take a byte for long is
//! given up. A connection that is closed while its client still sends is closed without losing the answer: a socket
//! that is closed on unread bytes resets, and a reset takes an answer with it that was not read.

mod body;
mod inbound;
mod outbound;
mod request;
mod timer;

#[cfg(test)]
mod tests;

pub use body::RequestBody;

use super::guard::Reason;
use super::service::Answering;
use crate::pipeline::Answer;
use crate::socket::{Socket, poll_read};
use bytes::Bytes;
use http::Request;
use inbound::{Inbound, Next, Shared};
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Poll, ready};
use std::time::Duration;
use timer::Timer;
use tokio::io::AsyncWrite;

/// How long a client may go on sending after its connection was shut.
const LINGER: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Bytes of a head, its last empty line included.
    pub max_head: usize,
    /// From a head's first byte to its last.
    pub header_timeout: Duration,
    /// Between requests; and for a client that takes no byte of its answer.
    pub idle_timeout: Duration,
}

/// Who answers.
pub trait Service {
    /// Answers a request.
    fn answer(&self, request: Request<RequestBody>) -> Answering<'_>;

    /// Answers a head that was refused; `raw` is what came of it.
    fn refuse(&self, raw: &[u8], reason: Reason) -> Answer;

    /// Whether connections are to be closed after their answer.
    fn is_stopping(&self) -> bool;
}

/// How a connection's requests came to their end.
pub enum Ended {
    Over,
    /// The client speaks HTTP/2, as its first bytes say.
    Http2 {
        io: Box<dyn Socket>,
        began: Bytes,
    },
}

/// Serves a connection until it ends. `stop` is ready when idle connections are to be closed.
pub async fn serve(
    io: Box<dyn Socket>,
    service: &impl Service,
    options: Options,
    stop: impl Future<Output = ()>,
) -> io::Result<Ended> {
    let shared = Shared::new(Inbound::new(io));
    let mut timer = Timer::new();
    let mut stop = pin!(stop);
    loop {
        timer.set(if shared.lock().is_between_requests() {
            options.idle_timeout
        } else {
            options.header_timeout
        });
        let next = poll_fn(|cx| {
            let mut inbound = shared.lock();
            if let Poll::Ready(next) = inbound.poll_next(cx, &options, &mut timer) {
                return Poll::Ready(next);
            }
            // Only between requests: one that has begun is served.
            if inbound.is_between_requests() && stop.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(Next::End));
            }
            Poll::Pending
        });
        let (request, about) = match next.await? {
            Next::End => return Ok(Ended::Over),
            Next::Http2 => {
                let (io, began) = shared.into_parts();
                return Ok(match io {
                    Some(io) => Ended::Http2 { io, began },
                    None => Ended::Over,
                });
            }
            Next::Head(head) => match request::read(head, RequestBody::h1(&shared)) {
                Ok(read) => read,
                Err((raw, reason)) => {
                    return refuse(&shared, service, &raw, reason, options, timer).await;
                }
            },
            Next::Refused { raw, reason } => {
                return refuse(&shared, service, &raw, reason, options, timer).await;
            }
        };
        let mut answering = service.answer(request);
        let answer = poll_fn(|cx| {
            if let Poll::Ready(answer) = answering.as_mut().poll(cx) {
                return Poll::Ready(Some(answer));
            }
            match shared.lock().poll_gone(cx, &mut timer) {
                Poll::Ready(()) => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        });
        let answer = answer.await;
        drop(answering);
        let Some(answer) = answer else {
            return Ok(Ended::Over);
        };
        let keeps = about.keeps_alive && !service.is_stopping() && shared.lock().skip_body();
        let writing = outbound::Writing::new(answer, about, keeps);
        if !outbound::write(writing, &shared, &mut timer, options.idle_timeout).await? {
            return linger(&shared).await;
        }
    }
}

async fn refuse(
    shared: &Shared,
    service: &impl Service,
    raw: &[u8],
    reason: Reason,
    options: Options,
    mut timer: Timer,
) -> io::Result<Ended> {
    let answer = service.refuse(raw, reason);
    let writing = outbound::Writing::new(answer, request::About::refused(raw), false);
    outbound::write(writing, shared, &mut timer, options.idle_timeout).await?;
    linger(shared).await
}

/// Shuts the sending side, then reads and drops what still comes if the client is in the middle of something.
async fn linger(shared: &Shared) -> io::Result<Ended> {
    let shutting = poll_fn(|cx| Pin::new(&mut shared.lock().io).poll_shutdown(cx));
    if let Ok(shut) = tokio::time::timeout(LINGER, shutting).await {
        shut?;
    }
    if shared.lock().is_between_requests() {
        return Ok(Ended::Over);
    }
    let dropping = poll_fn(|cx| {
        while let 1.. = ready!(poll_read(&mut shared.lock().io, cx, <[u8]>::len)).unwrap_or(0) {}
        Poll::Ready(())
    });
    let _ = tokio::time::timeout(LINGER, dropping).await;
    Ok(Ended::Over)
}
