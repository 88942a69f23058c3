//! Reading from sockets: each thread has one buffer that all of its connections read into, and what came is copied out in
//! its exact size. A connection that waits holds no buffer.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// Bytes that one read may bring.
const READ: usize = 64 << 10;

thread_local! {
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ].into_boxed_slice());
}

/// Reads once and shows what came; an empty slice is the end.
pub fn poll_read<T>(
    io: &mut (impl AsyncRead + Unpin + ?Sized),
    cx: &mut Context<'_>,
    see: impl FnOnce(&[u8]) -> T,
) -> Poll<io::Result<T>> {
    SCRATCH.with_borrow_mut(|scratch| {
        let mut space = ReadBuf::new(scratch);
        ready!(Pin::new(io).poll_read(cx, &mut space))?;
        Poll::Ready(Ok(see(space.filled())))
    })
}

/// A connection in both directions, whatever it runs over.
pub trait Socket: AsyncRead + AsyncWrite + Send + Unpin {
    /// Whether the other side has closed it, also where that is still behind bytes to be read. A system call.
    fn is_hung_up(&self) -> bool;
}

impl Socket for TcpStream {
    fn is_hung_up(&self) -> bool {
        const GONE: PollFlags = PollFlags::RDHUP.union(PollFlags::HUP).union(PollFlags::ERR);
        let mut asked = [PollFd::new(self, PollFlags::RDHUP)];
        let now = Timespec::default();
        let polled = poll(&mut asked, Some(&now));
        let [answered] = asked;
        polled.is_ok() && answered.revents().intersects(GONE)
    }
}

impl Socket for TlsStream<TcpStream> {
    fn is_hung_up(&self) -> bool {
        self.get_ref().0.is_hung_up()
    }
}
