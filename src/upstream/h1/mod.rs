//! HTTP/1.1 to a provider, spoken by the request's own task: no task, no channel and no buffer stand between the socket
//! and whoever reads. Format: RFC 9112.
//!
//! Every read goes to one buffer of the thread and is copied out in its exact size, so that a connection which waits,
//! idle or within a stream, holds no buffer at all.

mod head;
mod reading;
mod sending;
#[cfg(test)]
mod tests;

pub use head::BadHead;
pub(super) use reading::Reading;

use super::connect::Stream;
use super::error::BodyError;
use super::kept::Kept;
use super::origin::Origin;
use crate::socket::poll_read;
use bytes::Bytes;
use http::StatusCode;
use sending::Sending;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use tokio::task::coop;

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
        // Where a task has spent its turn, tokio shows it every socket as one that has nothing to say.
        let looking = coop::unconstrained(poll_fn(|cx| poll_read(&mut self.stream, cx, |_| ())));
        pin!(looking).poll(&mut context).is_pending()
    }

    /// Sends a request and waits for the answer's head. What is not sent by then goes out while the body is read; after
    /// an error nobody wants it.
    pub(super) async fn exchange(
        mut self,
        head: Vec<u8>,
        body: Bytes,
    ) -> Result<(StatusCode, Kept, Reading), NoAnswer> {
        let mut sending = Sending::new(head, body);
        let mut began = Vec::new();
        let answered = poll_fn(|cx| {
            sending.poll(&mut self.stream, cx);
            poll_head(&mut self.stream, cx, &mut began)
        });
        let (head, rest) = match answered.await {
            Ok(answered) => answered,
            Err(error) => {
                return Err(NoAnswer {
                    is_unsent: !sending.has_sent(),
                    error: sending.into_error().map_or(error, BodyError::Io),
                });
            }
        };
        let goes_on = head.status.is_success();
        let is_reusable = head.is_reusable && (goes_on || sending.is_over());
        let left = (goes_on && !sending.is_over()).then(|| Box::new(sending));
        let reading = Reading::new(self, left, head.framing, is_reusable, rest);
        Ok((head.status, head.kept, reading))
    }
}

fn poll_head(
    stream: &mut Stream,
    cx: &mut Context<'_>,
    began: &mut Vec<u8>,
) -> Poll<Result<(head::Head, Bytes), BodyError>> {
    loop {
        let read = ready!(poll_read(stream, cx, |fresh| {
            if fresh.is_empty() {
                return Err(BodyError::Truncated);
            }
            if !began.is_empty() {
                began.extend_from_slice(fresh);
            }
            let all = if began.is_empty() { fresh } else { &began[..] };
            match head::parse(all)? {
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
        match read {
            Ok(Ok(Some(answer))) => return Poll::Ready(Ok(answer)),
            Ok(Ok(None)) => {}
            Ok(Err(error)) => return Poll::Ready(Err(error)),
            Err(error) => return Poll::Ready(Err(BodyError::Io(error))),
        }
    }
}
