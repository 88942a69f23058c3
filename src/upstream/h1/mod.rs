//! HTTP/1.1 to a provider, spoken by the request's own task: no task, no channel and no buffer stand between the socket
//! and whoever reads. Format: RFC 9112.
//!
//! Every read goes to one buffer of the thread and is copied out in its exact size, so that a connection which waits,
//! idle or within a stream, holds no buffer at all.

mod head;
mod reading;
#[cfg(test)]
mod tests;

pub use head::BadHead;
pub(super) use reading::Reading;

use super::connect::Stream;
use super::error::BodyError;
use super::origin::Origin;
use crate::socket::poll_read;
use bytes::{Buf, Bytes};
use http::{HeaderMap, StatusCode};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use tokio::io::AsyncWrite;

/// An open connection with no answer under way.
pub(super) struct H1 {
    stream: Stream,
    pub(super) origin: Arc<Origin>,
}

/// Why no head came.
#[derive(Debug)]
pub(super) struct NoAnswer {
    pub(super) error: BodyError,
    /// Nothing of the request can have been read: it may be sent again.
    pub(super) is_unsent: bool,
}

impl H1 {
    pub(super) fn new(stream: Stream, origin: Arc<Origin>) -> Self {
        Self { stream, origin }
    }

    /// Whether the server has neither closed the connection nor said anything that nobody asked for.
    pub(super) fn is_usable(&mut self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        poll_read(&mut self.stream, &mut context, |_| ()).is_pending()
    }

    /// Sends a request and waits for the answer's head.
    pub(super) async fn exchange(
        self,
        head: Vec<u8>,
        body: Bytes,
        keeps: &[&'static str],
    ) -> Result<(StatusCode, HeaderMap, Reading), NoAnswer> {
        let mut sending = Sending {
            stream: self.stream,
            head: Bytes::from(head),
            body,
            has_sent: false,
            write_error: None,
        };
        let mut began = Vec::new();
        let answered = std::future::poll_fn(|cx| {
            sending.poll_send(cx);
            sending.poll_head(cx, &mut began, keeps)
        });
        let (head, rest) = match answered.await {
            Ok(answered) => answered,
            Err(error) => {
                return Err(NoAnswer {
                    error,
                    is_unsent: !sending.has_sent,
                });
            }
        };
        let is_reusable = head.is_reusable && !sending.is_unfinished();
        let connection = Self {
            stream: sending.stream,
            origin: self.origin,
        };
        let reading = Reading::new(connection, head.framing, is_reusable, rest);
        Ok((head.status, head.headers, reading))
    }
}

/// A request on its way out, while its answer may already come.
struct Sending {
    stream: Stream,
    head: Bytes,
    body: Bytes,
    /// A byte has left.
    has_sent: bool,
    /// The answer may have come before the connection was closed to us: it is still read.
    write_error: Option<io::Error>,
}

impl Sending {
    fn is_unfinished(&self) -> bool {
        self.head.has_remaining() || self.body.has_remaining()
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) {
        while self.is_unfinished() && self.write_error.is_none() {
            let slices = [IoSlice::new(&self.head), IoSlice::new(&self.body)];
            let stream = Pin::new(&mut self.stream);
            let wrote = if self.head.has_remaining() && stream.is_write_vectored() {
                stream.poll_write_vectored(cx, &slices)
            } else if self.head.has_remaining() {
                stream.poll_write(cx, &self.head)
            } else {
                stream.poll_write(cx, &self.body)
            };
            match wrote {
                Poll::Pending => return,
                Poll::Ready(Ok(0)) => self.write_error = Some(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(count)) => {
                    self.has_sent = true;
                    let of_head = count.min(self.head.len());
                    self.head.advance(of_head);
                    self.body.advance((count - of_head).min(self.body.len()));
                }
                Poll::Ready(Err(error)) => self.write_error = Some(error),
            }
        }
        // TLS may hold some of it back; there is nothing to do about an error but to read on.
        if let Poll::Ready(Err(error)) = Pin::new(&mut self.stream).poll_flush(cx) {
            self.write_error.get_or_insert(error);
        }
    }

    fn poll_head(
        &mut self,
        cx: &mut Context<'_>,
        began: &mut Vec<u8>,
        keeps: &[&'static str],
    ) -> Poll<Result<(head::Head, Bytes), BodyError>> {
        loop {
            let read = ready!(poll_read(&mut self.stream, cx, |fresh| {
                if fresh.is_empty() {
                    return Err(BodyError::Truncated);
                }
                if !began.is_empty() {
                    began.extend_from_slice(fresh);
                }
                let all = if began.is_empty() { fresh } else { &began[..] };
                match head::parse(all, keeps)? {
                    Some(head) => {
                        let rest = all.get(head.length..).unwrap_or_default();
                        let rest = Bytes::copy_from_slice(rest);
                        Ok(Some((head, rest)))
                    }
                    None => {
                        if began.is_empty() {
                            began.extend_from_slice(fresh);
                        }
                        Ok(None)
                    }
                }
            }));
            let found = match read {
                Ok(found) => found,
                Err(error) => Err(BodyError::Io(error)),
            };
            match found {
                Ok(Some(answer)) => return Poll::Ready(Ok(answer)),
                Ok(None) => {}
                Err(error) => {
                    let written = self.write_error.take().map(BodyError::Io);
                    return Poll::Ready(Err(written.unwrap_or(error)));
                }
            }
        }
    }
}
