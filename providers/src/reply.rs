//! The reader of one answer of a provider.

use crate::forward::Forwarder;
use crate::translate::Translator;
use crate::{Seen, UpstreamError};
use bytes::Bytes;

/// What one read of the provider's stream gives to the caller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// Bytes for the caller; empty where the read brought nothing to pass on yet. Whole frames, but for frames of
    /// more than 64 KiB (see [`Reply::is_mid_frame`]).
    pub bytes: Bytes,
    /// Content (text, thinking, tool or refusal) has come, now or before.
    pub content: bool,
    /// The dialect's last event is in the bytes sent so far.
    pub done: bool,
}

/// Why an answer with status 200 is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyFault {
    /// The bytes are not what the dialect says.
    #[error("{0}")]
    Malformed(String),
    /// The stream ended before its end.
    #[error("the provider's stream ended early")]
    Truncated,
    /// The provider reported an error inside the answer. Its frame was not passed on.
    #[error("{}", .0.message)]
    Upstream(Box<UpstreamError>),
}

/// The reader of one answer with status 200, on either path. Use [`Reply::whole`] for an unstreamed answer, else
/// [`Reply::feed`] for every read and [`Reply::end`] at its end.
#[derive(Debug)]
pub struct Reply {
    inner: Inner,
}

#[derive(Debug)]
enum Inner {
    Forward(Box<Forwarder>),
    Translate(Box<Translator>),
}

impl Reply {
    pub(crate) fn forward(forwarder: Forwarder) -> Self {
        Self {
            inner: Inner::Forward(Box::new(forwarder)),
        }
    }

    pub(crate) fn translate(translator: Translator) -> Self {
        Self {
            inner: Inner::Translate(Box::new(translator)),
        }
    }

    /// Says when the answer was made, for dialects that tell (`created`); else it is 0 where the provider says nothing.
    pub fn created_at(&mut self, unix_seconds: u64) {
        if let Inner::Translate(translator) = &mut self.inner {
            translator.created_at(unix_seconds);
        }
    }

    /// Whether the caller asked for a stream.
    pub fn is_stream(&self) -> bool {
        match &self.inner {
            Inner::Forward(forwarder) => forwarder.is_stream(),
            Inner::Translate(translator) => translator.is_stream(),
        }
    }

    /// An unstreamed answer, for the caller. On the fast path the same bytes.
    pub fn whole(&mut self, body: Bytes) -> Result<Bytes, ReplyFault> {
        match &mut self.inner {
            Inner::Forward(forwarder) => forwarder.whole(body),
            Inner::Translate(translator) => translator.whole(body),
        }
    }

    /// The next read of a stream, cut anywhere. On a fault `out` still holds what came before it.
    pub fn feed(&mut self, chunk: Bytes, out: &mut Piece) -> Result<(), ReplyFault> {
        match &mut self.inner {
            Inner::Forward(forwarder) => forwarder.feed(chunk, out),
            Inner::Translate(translator) => translator.feed(chunk, out),
        }
    }

    /// The provider closed the stream. Without a proper end that is [`ReplyFault::Truncated`].
    pub fn end(&mut self, out: &mut Piece) -> Result<(), ReplyFault> {
        match &mut self.inner {
            Inner::Forward(forwarder) => forwarder.end(out),
            Inner::Translate(translator) => translator.end(out),
        }
    }

    /// Whether the caller has got the beginning of a frame without its end: an error event must then begin with an
    /// empty line.
    pub fn is_mid_frame(&self) -> bool {
        match &self.inner {
            Inner::Forward(forwarder) => forwarder.is_mid_frame(),
            Inner::Translate(_) => false,
        }
    }

    /// What was read off the answer so far.
    pub fn seen(&self) -> &Seen {
        match &self.inner {
            Inner::Forward(forwarder) => forwarder.seen(),
            Inner::Translate(translator) => translator.seen(),
        }
    }
}
