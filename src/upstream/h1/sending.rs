//! A request on its way out, while its answer may already come.

use crate::upstream::connect::Stream;
use bytes::{Buf, Bytes};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::AsyncWrite;

pub(super) struct Sending {
    head: Bytes,
    body: Bytes,
    /// A byte has left.
    has_sent: bool,
    state: State,
}

enum State {
    Writing,
    /// TLS may hold some of it back.
    Flushing,
    Over,
    /// The answer may have come before the connection was closed to us: it is still read.
    Failed(io::Error),
}

impl Sending {
    pub(super) fn new(head: Vec<u8>, body: Bytes) -> Self {
        Self {
            head: Bytes::from(head),
            body,
            has_sent: false,
            state: State::Writing,
        }
    }

    pub(super) fn has_sent(&self) -> bool {
        self.has_sent
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Why it can't go on.
    pub(super) fn into_error(self) -> Option<io::Error> {
        match self.state {
            State::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// Sends what the connection takes.
    pub(super) fn poll(&mut self, stream: &mut Stream, cx: &mut Context<'_>) {
        loop {
            self.state = match &self.state {
                State::Over | State::Failed(_) => return,
                State::Writing => match self.poll_write(stream, cx) {
                    Poll::Pending => return,
                    Poll::Ready(Ok(0)) => State::Failed(io::ErrorKind::WriteZero.into()),
                    Poll::Ready(Ok(count)) => {
                        self.has_sent = true;
                        let of_head = count.min(self.head.len());
                        self.head.advance(of_head);
                        self.body.advance((count - of_head).min(self.body.len()));
                        if self.head.has_remaining() || self.body.has_remaining() {
                            State::Writing
                        } else {
                            State::Flushing
                        }
                    }
                    Poll::Ready(Err(error)) => State::Failed(error),
                },
                State::Flushing => match Pin::new(&mut *stream).poll_flush(cx) {
                    Poll::Pending => return,
                    Poll::Ready(Ok(())) => State::Over,
                    Poll::Ready(Err(error)) => State::Failed(error),
                },
            };
        }
    }

    fn poll_write(&self, stream: &mut Stream, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let stream = Pin::new(stream);
        if !self.head.has_remaining() {
            stream.poll_write(cx, &self.body)
        } else if stream.is_write_vectored() {
            let slices = [IoSlice::new(&self.head), IoSlice::new(&self.body)];
            stream.poll_write_vectored(cx, &slices)
        } else {
            stream.poll_write(cx, &self.head)
        }
    }
}
