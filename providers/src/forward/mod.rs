//! The fast path: both sides speak the same dialect, so bytes go on as they came, with the least edits.

mod request;
mod stream;
#[cfg(test)]
mod tests;
mod thinking;

pub(crate) use request::prepare;

use crate::meter::Meter;
use crate::{Piece, ReplyFault, Seen};
use bytes::Bytes;
use stream::Stream;

/// Reads one answer and passes its bytes on.
#[derive(Debug)]
pub(crate) struct Forwarder {
    meter: Meter,
    stream: Option<Stream>,
}

impl Forwarder {
    pub(crate) fn is_stream(&self) -> bool {
        self.stream.is_some()
    }

    pub(crate) fn whole(&mut self, body: Bytes) -> Result<Bytes, ReplyFault> {
        self.meter.whole(&body)?;
        Ok(body)
    }

    pub(crate) fn feed(&mut self, chunk: Bytes, out: &mut Piece) -> Result<(), ReplyFault> {
        match &mut self.stream {
            Some(stream) => stream.feed(&mut self.meter, chunk, out),
            None => Err(ReplyFault::Malformed(
                "a stream came where none was asked for".to_owned(),
            )),
        }
    }

    pub(crate) fn end(&mut self, out: &mut Piece) -> Result<(), ReplyFault> {
        match &mut self.stream {
            Some(stream) => stream.end(&mut self.meter, out),
            None => Ok(()),
        }
    }

    pub(crate) fn is_mid_frame(&self) -> bool {
        self.stream.as_ref().is_some_and(Stream::is_mid_frame)
    }

    pub(crate) fn seen(&self) -> &Seen {
        &self.meter.seen
    }
}
