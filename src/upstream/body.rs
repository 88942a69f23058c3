//! A provider's answer, read as it comes.

use super::pool::{self, H1};
use bytes::Bytes;
use http_body::Body;
use hyper::body::Incoming;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The body of an answer. Dropped before its end, its connection is closed: that is how a provider learns that the
/// client has gone.
pub struct UpstreamBody {
    incoming: Incoming,
    /// HTTP/1 only: the connection, driven from here and given back to the pool at the body's end.
    connection: Option<H1>,
    ended: bool,
}

impl UpstreamBody {
    pub(super) fn h1(incoming: Incoming, connection: H1) -> Self {
        let mut body = Self {
            incoming,
            connection: Some(connection),
            ended: false,
        };
        if body.incoming.is_end_stream() {
            body.finish();
        }
        body
    }

    pub(super) fn h2(incoming: Incoming) -> Self {
        let ended = incoming.is_end_stream();
        Self {
            incoming,
            connection: None,
            ended,
        }
    }

    /// Whether every byte has been read.
    pub fn is_end(&self) -> bool {
        self.ended
    }

    /// The exact number of bytes to come, where the provider said it.
    pub fn exact_len(&self) -> Option<u64> {
        self.incoming.size_hint().exact()
    }

    /// The next piece: all that one read brought, in one or more pieces; `None` at the proper end.
    pub fn poll_chunk(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, hyper::Error>>> {
        loop {
            if self.ended {
                return Poll::Ready(None);
            }
            match self.poll_incoming(cx) {
                Poll::Ready(None) => {
                    self.finish();
                    return Poll::Ready(None);
                }
                Poll::Ready(Some(Err(error))) => {
                    self.ended = true;
                    self.connection = None;
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        if self.incoming.is_end_stream() {
                            self.finish();
                        }
                        if !data.is_empty() {
                            return Poll::Ready(Some(Ok(data)));
                        }
                    }
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    pub async fn chunk(&mut self) -> Option<Result<Bytes, hyper::Error>> {
        std::future::poll_fn(|cx| self.poll_chunk(cx)).await
    }

    fn poll_incoming(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, hyper::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(cx) {
            return Poll::Ready(frame);
        }
        let Some(connection) = &mut self.connection else {
            return Poll::Pending;
        };
        let driven = connection.driver.as_mut().poll(cx);
        match (Pin::new(&mut self.incoming).poll_frame(cx), driven) {
            (Poll::Ready(frame), _) => Poll::Ready(frame),
            // The connection's future is over and left nothing behind: the body can't go on.
            (Poll::Pending, Poll::Ready(Err(error))) => Poll::Ready(Some(Err(error))),
            (Poll::Pending, _) => Poll::Pending,
        }
    }

    fn finish(&mut self) {
        self.ended = true;
        if let Some(connection) = self.connection.take() {
            pool::put(connection);
        }
    }
}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, hyper::Error>>> {
        let chunk = ready!(self.get_mut().poll_chunk(cx));
        Poll::Ready(chunk.map(|chunk| chunk.map(hyper::body::Frame::data)))
    }
}
