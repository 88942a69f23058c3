//! The socket under a connection, which an answer can have reset or hung up.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// What an answer has told its connection to do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wire(Arc<Flags>);

#[derive(Debug, Default)]
struct Flags {
    reset: AtomicBool,
    hang_up: AtomicBool,
}

impl Wire {
    /// Close with RST instead of FIN.
    pub(crate) fn reset(&self) {
        self.0.reset.store(true, Ordering::Release);
    }

    /// Close after this answer, unannounced.
    pub(crate) fn hang_up(&self) {
        self.0.hang_up.store(true, Ordering::Release);
    }

    fn is_reset(&self) -> bool {
        self.0.reset.load(Ordering::Acquire)
    }

    fn is_hung_up(&self) -> bool {
        self.0.hang_up.load(Ordering::Acquire)
    }
}

/// What can be closed with a reset. Only TCP can; over anything else the connection just ends.
pub(crate) trait Reset {
    fn on_reset(&mut self) {}
}

impl Reset for TcpStream {
    fn on_reset(&mut self) {
        // A peer that has closed already leaves nothing to reset.
        let _ = self.set_zero_linger();
    }
}

/// Any other stream, TLS for one.
#[derive(Debug)]
pub(crate) struct Other<IO>(pub(crate) IO);

impl<IO> Reset for Other<IO> {}

#[derive(Debug)]
pub(crate) struct Socket<IO: Reset> {
    pub(crate) io: IO,
    pub(crate) wire: Wire,
}

impl<IO: Reset> Drop for Socket<IO> {
    fn drop(&mut self) {
        if self.wire.is_reset() {
            self.io.on_reset();
        }
    }
}

impl<IO: Reset + AsyncRead + Unpin> AsyncRead for Socket<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.wire.is_hung_up() {
            // hyper closes a connection whose client has nothing more to say.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl<IO: Reset + AsyncWrite + Unpin> AsyncWrite for Socket<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.wire.is_reset() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Other<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Other<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
