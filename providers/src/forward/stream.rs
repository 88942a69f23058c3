//! A stream on the fast path: frames go on as they came, but for a usage chunk that nobody asked for.
//!
//! What one read brought goes out as one slice, uncopied, up to the end of its last whole frame. The beginning of the
//! next frame is held until its end comes: a caller can make nothing of it before, it may have to be withheld, and so
//! an error event of ours always begins on a fresh line. Only a frame of more than [`HOLD_MAX`] goes on in parts.

use crate::meter::{Frame, Meter};
use crate::wire::sse::{Event, Splitter};
use crate::{Piece, ReplyFault};
use bytes::{Bytes, BytesMut};

/// The most that is held of an unfinished frame before it goes on in parts. A usage chunk is far smaller.
const HOLD_MAX: usize = 64 * 1024;

/// The most that is kept of a frame for reading it.
const FRAME_MAX: usize = 32 * 1024 * 1024;

#[derive(Debug)]
pub(crate) struct Stream {
    splitter: Splitter,
    /// The unfinished frame.
    partial: BytesMut,
    /// How much of it the caller has got: nothing, or all.
    sent: bool,
    /// Withhold usage chunks.
    strips_usage: bool,
    /// The last frame was withheld; so is what still belongs to it.
    withheld: bool,
    has_content: bool,
    is_done: bool,
}

impl Stream {
    pub(super) fn new(strips_usage: bool) -> Self {
        Self {
            splitter: Splitter::default(),
            partial: BytesMut::new(),
            sent: false,
            strips_usage,
            withheld: false,
            has_content: false,
            is_done: false,
        }
    }

    pub(super) fn is_mid_frame(&self) -> bool {
        self.sent
    }

    pub(super) fn feed(
        &mut self,
        meter: &mut Meter,
        chunk: Bytes,
        out: &mut Piece,
    ) -> Result<(), ReplyFault> {
        let mut gather = Gather::new(&chunk);
        let result = self.frames(meter, &chunk, &mut gather);
        out.bytes = gather.finish();
        out.content = self.has_content;
        out.done = self.is_done;
        result
    }

    /// The upstream closed: what is left is read as if its empty line had come (some servers leave it out).
    pub(super) fn end(&mut self, meter: &mut Meter, out: &mut Piece) -> Result<(), ReplyFault> {
        let rest = self.partial.split().freeze();
        let result = self.last_frame(meter, &rest);
        if matches!(result, Ok(true)) && !self.sent {
            out.bytes = rest;
            self.sent = true;
        }
        out.content = self.has_content;
        out.done = self.is_done;
        match result {
            Err(ReplyFault::Upstream(error)) => Err(ReplyFault::Upstream(error)),
            _ if self.is_done || meter.is_finished() => Ok(()),
            _ => Err(ReplyFault::Truncated),
        }
    }

    fn last_frame(&mut self, meter: &mut Meter, rest: &Bytes) -> Result<bool, ReplyFault> {
        if rest.is_empty() {
            Ok(false)
        } else {
            self.frame(meter, rest)
        }
    }

    fn frames(
        &mut self,
        meter: &mut Meter,
        chunk: &Bytes,
        gather: &mut Gather<'_>,
    ) -> Result<(), ReplyFault> {
        let mut at = self.splitter.trailer(chunk);
        gather.pass(0..at, !self.withheld);
        while let Some(rest) = chunk.get(at..).filter(|rest| !rest.is_empty()) {
            let Some(length) = self.splitter.frame_end(rest) else {
                return self.hold(rest, at..chunk.len(), gather);
            };
            let range = at..at + length;
            let piece = rest.get(..length).unwrap_or_default();
            at = range.end;
            let passes = if self.partial.is_empty() {
                self.frame(meter, piece)?
            } else {
                self.partial.extend_from_slice(piece);
                let whole = self.partial.split().freeze();
                let was_sent = std::mem::take(&mut self.sent);
                let passes = self.frame(meter, &whole)?;
                if passes && !was_sent {
                    gather.prepend(whole);
                    self.withheld = false;
                    continue;
                }
                passes || was_sent
            };
            self.withheld = !passes;
            gather.pass(range, passes);
        }
        Ok(())
    }

    /// Reads a whole frame; whether the caller gets it.
    fn frame(&mut self, meter: &mut Meter, frame: &[u8]) -> Result<bool, ReplyFault> {
        let event = Event::parse(frame);
        let Some(data) = &event.data else {
            return Ok(true);
        };
        let Frame {
            content,
            done,
            usage_only,
        } = meter.frame(event.name, data)?;
        self.has_content |= content;
        self.is_done |= done;
        Ok(!(usage_only && self.strips_usage && frame.len() <= HOLD_MAX))
    }

    /// Keeps the beginning of a frame; one that grows too large goes on in parts.
    fn hold(
        &mut self,
        rest: &[u8],
        range: std::ops::Range<usize>,
        gather: &mut Gather<'_>,
    ) -> Result<(), ReplyFault> {
        if self.partial.len() + rest.len() > FRAME_MAX {
            return Err(ReplyFault::Malformed(format!(
                "an event of the stream is larger than {FRAME_MAX} bytes"
            )));
        }
        let held = self.partial.len();
        self.partial.extend_from_slice(rest);
        if self.sent {
            gather.pass(range, true);
        } else if self.partial.len() > HOLD_MAX {
            self.sent = true;
            if held == 0 {
                gather.pass(range, true);
            } else {
                gather.prepend(Bytes::copy_from_slice(&self.partial));
            }
        }
        Ok(())
    }
}

/// The bytes that go out for one read: a slice of it while that is enough, else a copy.
struct Gather<'a> {
    chunk: &'a Bytes,
    slice: std::ops::Range<usize>,
    copy: BytesMut,
}

impl<'a> Gather<'a> {
    fn new(chunk: &'a Bytes) -> Self {
        Self {
            chunk,
            slice: 0..0,
            copy: BytesMut::new(),
        }
    }

    fn pass(&mut self, range: std::ops::Range<usize>, passes: bool) {
        if !passes || range.is_empty() {
            return;
        }
        if !self.slice.is_empty() && self.slice.end == range.start {
            self.slice.end = range.end;
        } else {
            self.settle();
            self.slice = range;
        }
    }

    /// Bytes of earlier reads, which this read's come after.
    fn prepend(&mut self, held: Bytes) {
        self.settle();
        self.copy.extend_from_slice(&held);
    }

    fn settle(&mut self) {
        let slice = self
            .chunk
            .get(std::mem::take(&mut self.slice))
            .unwrap_or_default();
        self.copy.extend_from_slice(slice);
    }

    fn finish(mut self) -> Bytes {
        if self.copy.is_empty() {
            return self.chunk.slice(self.slice);
        }
        self.settle();
        self.copy.freeze()
    }
}
