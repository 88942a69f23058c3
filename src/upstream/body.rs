//! A provider's answer, read as it comes.

use super::error::BodyError;
use super::h1::Reading;
use crate::pieces::Pieces;
use bytes::Bytes;
use http_body::Body;
use hyper::body::Incoming;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The body of an answer. Dropped before its end, the provider learns that the client has gone: on HTTP/1 its
/// connection is closed, on HTTP/2 its stream.
pub struct UpstreamBody {
    kind: Kind,
    /// A piece that was given back.
    unread: Option<Bytes>,
}

enum Kind {
    H1(Reading),
    H2(Incoming),
}

impl UpstreamBody {
    pub(super) fn h1(reading: Reading) -> Self {
        Self::of(Kind::H1(reading))
    }

    pub(super) fn h2(incoming: Incoming) -> Self {
        Self::of(Kind::H2(incoming))
    }

    fn of(kind: Kind) -> Self {
        let unread = None;
        Self { kind, unread }
    }

    /// Gives back the piece that was read last.
    pub fn give_back(&mut self, piece: Bytes) {
        self.unread = Some(piece);
    }

    /// Whether every byte has been read.
    pub fn is_end(&self) -> bool {
        if self.unread.is_some() {
            return false;
        }
        match &self.kind {
            Kind::H1(reading) => reading.is_end(),
            Kind::H2(incoming) => incoming.is_end_stream(),
        }
    }

    /// The next piece: the data of one read; `None` at the proper end.
    pub fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        if let Some(unread) = self.unread.take() {
            return Poll::Ready(Some(Ok(unread)));
        }
        match &mut self.kind {
            Kind::H1(reading) => reading.poll_chunk(cx),
            Kind::H2(incoming) => loop {
                match Pin::new(&mut *incoming).poll_frame(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(None) => return Poll::Ready(None),
                    Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error.into()))),
                    Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                        Ok(data) if !data.is_empty() => return Poll::Ready(Some(Ok(data))),
                        _ => {}
                    },
                }
            },
        }
    }

    pub async fn chunk(&mut self) -> Option<Result<Bytes, BodyError>> {
        std::future::poll_fn(|cx| self.poll_chunk(cx)).await
    }

    /// All of it in one piece, `most` bytes at the most.
    pub async fn collect(&mut self, most: usize) -> Result<Bytes, BodyError> {
        if let (Kind::H1(reading), None) = (&mut self.kind, &self.unread) {
            return reading.collect(most).await;
        }
        let mut pieces = Pieces::default();
        while let Some(piece) = self.chunk().await {
            pieces.push(piece?);
            if pieces.len() > most {
                return Err(BodyError::TooLarge);
            }
        }
        Ok(pieces.finish())
    }
}
