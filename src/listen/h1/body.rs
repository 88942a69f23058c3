//! A request's body, over either protocol, read when somebody wants it.

use super::inbound::Shared;
use crate::chunked::BrokenBody;
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Why a body can't be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    #[error(transparent)]
    Framing(#[from] BrokenBody),
    #[error("the connection was closed")]
    Closed,
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Http2(#[from] hyper::Error),
}

pub struct RequestBody(Kind);

enum Kind {
    H1(Shared),
    H2(Incoming),
}

impl RequestBody {
    pub(super) fn h1(shared: &Shared) -> Self {
        Self(Kind::H1(shared.clone()))
    }

    /// The client waits to be asked for it.
    pub(super) fn invite(&self) {
        if let Kind::H1(shared) = &self.0 {
            shared.lock().invite();
        }
    }

    pub fn h2(incoming: Incoming) -> Self {
        Self(Kind::H2(incoming))
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match &mut self.get_mut().0 {
            Kind::H1(shared) => shared
                .lock()
                .poll_body(cx)
                .map(|data| data.map(|data| data.map(Frame::data))),
            Kind::H2(incoming) => Pin::new(incoming)
                .poll_frame(cx)
                .map(|frame| frame.map(|frame| frame.map_err(Broken::from))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::H1(shared) => shared.lock().is_body_over(),
            Kind::H2(incoming) => incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::H1(shared) => match shared.lock().body_left() {
                Some(left) => SizeHint::with_exact(left),
                None => SizeHint::default(),
            },
            Kind::H2(incoming) => incoming.size_hint(),
        }
    }
}
