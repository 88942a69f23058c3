//! A socket that holds back what is written until it is flushed, as TLS may.

use crate::socket::Socket;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

pub(super) struct Retentive {
    io: DuplexStream,
    held: Vec<u8>,
}

impl Retentive {
    pub(super) fn new(io: DuplexStream) -> Self {
        Self {
            io,
            held: Vec::new(),
        }
    }
}

impl AsyncRead for Retentive {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        space: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, space)
    }
}

impl AsyncWrite for Retentive {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.held.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { io, held } = &mut *self;
        while !held.is_empty() {
            let count = ready!(Pin::new(&mut *io).poll_write(cx, held))?;
            held.drain(..count);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl Socket for Retentive {
    fn is_hung_up(&self) -> bool {
        false
    }
}

impl Socket for DuplexStream {
    fn is_hung_up(&self) -> bool {
        false
    }
}
