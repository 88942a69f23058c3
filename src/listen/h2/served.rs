//! An answer's body on its way into hyper.

use super::load::UnderWay;
use crate::clock;
use crate::pipeline::ReplyBody;
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Bytes that are given away at a time, HTTP/2's own frame size: hyper takes a piece whole as soon as the client has room
/// for a byte of it, and what it has taken is no longer seen to wait.
const PIECE: usize = 16 << 10;

/// When it is over or dropped, so is its exchange.
pub(super) struct Served {
    inner: ReplyBody,
    /// Of the last piece.
    rest: Bytes,
    under_way: UnderWay,
}

impl Served {
    pub(super) fn new(inner: ReplyBody, under_way: UnderWay) -> Self {
        Self {
            inner,
            rest: Bytes::new(),
            under_way,
        }
    }
}

impl Body for Served {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        this.under_way.took();
        if this.rest.is_empty() {
            let frame = match ready!(Pin::new(&mut this.inner).poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                end => return Poll::Ready(end),
            };
            match frame.into_data() {
                Ok(data) => this.rest = data,
                Err(other) => return Poll::Ready(Some(Ok(other))),
            }
        }
        let piece = this.rest.split_to(this.rest.len().min(PIECE));
        this.under_way.gave(clock::now(), this.inner.deadline());
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.rest.len() as u64;
        let inner = self.inner.size_hint();
        let mut hint = SizeHint::new();
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint.set_lower(inner.lower().saturating_add(rest));
        hint
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.inner.expire();
    }
}
