//! An answer's body on HTTP/1, read as it comes.

use super::H1;
use super::head::Framing;
use super::sending::Sending;
use crate::chunked::BrokenBody;
use crate::socket::poll_read;
use crate::upstream::error::BodyError;
use crate::upstream::pool;
use bytes::{Bytes, BytesMut};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncReadExt;

/// More than this is read where it is to stay, instead of through the thread's buffer.
const LARGE: u64 = 16 << 10;

/// The connection goes back to the pool at the body's end. Dropped before, it is closed: that is how a provider learns
/// that nobody listens any more.
pub(in crate::upstream) struct Reading {
    /// `None` after the end.
    connection: Option<H1>,
    /// What of the request is still on its way.
    sending: Option<Box<Sending>>,
    body: Framed,
    /// Came with the head.
    first: Bytes,
}

/// A body as it lies on the connection.
struct Framed {
    framing: Framing,
    is_reusable: bool,
    /// To be told next.
    broken: Option<BrokenBody>,
}

impl Reading {
    /// `rest` is what came behind the head.
    pub(super) fn new(
        connection: H1,
        sending: Option<Box<Sending>>,
        framing: Framing,
        is_reusable: bool,
        rest: Bytes,
    ) -> Self {
        let mut reading = Self {
            connection: Some(connection),
            sending,
            body: Framed {
                framing,
                is_reusable: is_reusable && (framing != Framing::Length(0) || rest.is_empty()),
                broken: None,
            },
            first: rest,
        };
        if reading.body.is_over() {
            reading.first.clear();
            reading.finish();
        }
        reading
    }

    #[cfg(test)]
    pub(super) fn origin(&self) -> Option<std::sync::Arc<crate::upstream::Origin>> {
        self.connection
            .as_ref()
            .map(|connection| connection.origin.clone())
    }

    /// Whether every byte was handed out.
    pub(in crate::upstream) fn is_end(&self) -> bool {
        self.connection.is_none() && self.first.is_empty()
    }

    pub(in crate::upstream) fn poll_chunk(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BodyError>>> {
        loop {
            let Some(connection) = &mut self.connection else {
                return Poll::Ready(None);
            };
            if let Some(sending) = &mut self.sending {
                sending.poll(&mut connection.stream, cx);
                if sending.is_over() {
                    self.sending = None;
                }
            }
            let body = &mut self.body;
            let taken = if let Some(broken) = body.broken.take() {
                Err(broken.into())
            } else if self.first.is_empty() {
                let read = poll_read(&mut connection.stream, cx, |fresh| {
                    (!fresh.is_empty()).then(|| body.take(Taken::Borrowed(fresh)))
                });
                match ready!(read) {
                    Ok(Some(taken)) => taken,
                    Ok(None) if body.framing == Framing::UntilClose => {
                        self.connection = None;
                        return Poll::Ready(None);
                    }
                    Ok(None) => Err(BodyError::Truncated),
                    Err(error) => Err(BodyError::Io(error)),
                }
            } else {
                body.take(Taken::Owned(std::mem::take(&mut self.first)))
            };
            match taken {
                Err(error) => {
                    self.connection = None;
                    return Poll::Ready(Some(Err(error)));
                }
                Ok(data) => {
                    if self.body.is_over() {
                        self.finish();
                    }
                    if !data.is_empty() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
            }
        }
    }

    /// The rest of the body in one piece, up to `most` bytes.
    pub(in crate::upstream) async fn collect(&mut self, most: usize) -> Result<Bytes, BodyError> {
        if let Framing::Length(length) = self.body.framing
            && length > most as u64
        {
            return Err(BodyError::TooLarge);
        }
        let mut whole = BytesMut::new();
        while let Some(piece) = poll_fn(|cx| self.poll_chunk(cx)).await {
            let piece = piece?;
            if whole.is_empty() && self.is_end() {
                return Ok(piece);
            }
            if whole.len() + piece.len() > most {
                return Err(BodyError::TooLarge);
            }
            if let Framing::Length(left) = self.body.framing
                && left > LARGE
            {
                whole.reserve(piece.len() + usize::try_from(left).unwrap_or(0));
            }
            whole.extend_from_slice(&piece);
            self.read_large(&mut whole).await?;
        }
        Ok(whole.freeze())
    }

    /// Reads a body of known length to its end, right to where it stays.
    async fn read_large(&mut self, whole: &mut BytesMut) -> Result<(), BodyError> {
        while let (Framing::Length(left @ 1..), Some(connection)) =
            (self.body.framing, &mut self.connection)
        {
            if left <= LARGE || self.sending.is_some() {
                return Ok(());
            }
            let mut limited = bytes::BufMut::limit(
                std::mem::take(whole),
                usize::try_from(left).unwrap_or(usize::MAX),
            );
            let read = Pin::new(&mut connection.stream)
                .read_buf(&mut limited)
                .await;
            *whole = limited.into_inner();
            match read.map_err(BodyError::Io)? {
                0 => return Err(BodyError::Truncated),
                count => self.body.framing = Framing::Length(left - count as u64),
            }
        }
        if self.body.is_over() {
            self.finish();
        }
        Ok(())
    }

    fn finish(&mut self) {
        if let Some(connection) = self.connection.take()
            && self.body.is_reusable
            && self.sending.is_none()
        {
            pool::put(connection);
        }
    }
}

impl Framed {
    /// The body's data in bytes from the connection.
    fn take(&mut self, bytes: Taken<'_>) -> Result<Bytes, BodyError> {
        let length = bytes.as_slice().len();
        // What nobody asked for makes the connection's next answer uncertain.
        match &mut self.framing {
            Framing::UntilClose => Ok(bytes.up_to(length)),
            Framing::Length(left) => {
                let here = usize::try_from(*left).unwrap_or(usize::MAX).min(length);
                *left -= here as u64;
                self.is_reusable &= here == length;
                Ok(bytes.up_to(here))
            }
            Framing::Chunked(chunked) => {
                let mut data = Vec::with_capacity(length);
                let (followed, broken) = chunked.follow(bytes.as_slice(), &mut data);
                self.is_reusable &= followed.taken == length;
                match broken {
                    Some(broken) if data.is_empty() => Err(broken.into()),
                    // What came before it is told first.
                    Some(broken) => {
                        self.broken = Some(broken);
                        Ok(data.into())
                    }
                    None => Ok(data.into()),
                }
            }
        }
    }

    fn is_over(&self) -> bool {
        match &self.framing {
            Framing::Length(left) => *left == 0,
            Framing::Chunked(chunked) => chunked.is_over(),
            Framing::UntilClose => false,
        }
    }
}

/// Bytes from the connection: of the thread's buffer, or already on their own.
enum Taken<'a> {
    Borrowed(&'a [u8]),
    Owned(Bytes),
}

impl Taken<'_> {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Owned(bytes) => bytes,
        }
    }

    fn up_to(self, end: usize) -> Bytes {
        match self {
            Self::Borrowed(bytes) => Bytes::copy_from_slice(bytes.get(..end).unwrap_or(bytes)),
            Self::Owned(mut bytes) => {
                bytes.truncate(end);
                bytes
            }
        }
    }
}
