//! Server-sent events, incrementally: the bytes may be cut anywhere.
//!
//! Format: WHATWG HTML, "Server-sent events" §9.2.6. A line ends with LF, CRLF or CR alone; an empty line ends a
//! *frame*; a line that begins with a colon is a comment; the values of several `data` lines are joined by LF; one
//! byte-order mark may come first. Work is linear in the bytes, however they are cut and however long a line is.

use bytes::{Bytes, BytesMut};
use memchr::memchr2;
use std::borrow::Cow;

/// One frame's fields. A frame of comments alone has neither name nor data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event<'a> {
    /// The last `event` field; empty where there is none.
    pub name: &'a [u8],
    /// The `data` fields, joined by LF; `None` where there is none (the frame is then no event at all).
    pub data: Option<Cow<'a, [u8]>>,
}

impl<'a> Event<'a> {
    /// Reads a frame: its lines, with or without the empty one that ended it.
    pub fn parse(frame: &'a [u8]) -> Self {
        let mut rest = frame.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(frame);
        let mut event = Self::default();
        while !rest.is_empty() {
            let (line, next) = match memchr2(b'\n', b'\r', rest) {
                Some(at) => {
                    let (line, end) = rest.split_at(at);
                    let width = if end.starts_with(b"\r\n") { 2 } else { 1 };
                    (line, end.get(width..).unwrap_or_default())
                }
                None => (rest, Default::default()),
            };
            event.line(line);
            rest = next;
        }
        event
    }

    fn line(&mut self, line: &'a [u8]) {
        if let Some(value) = field(line, b"data") {
            match &mut self.data {
                None => self.data = Some(Cow::Borrowed(value)),
                Some(data) => {
                    let data = data.to_mut();
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
            }
        } else if let Some(value) = field(line, b"event") {
            self.name = value;
        }
    }
}

/// The value of a line, if the line is that field: what follows the colon and at most one space.
fn field<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    match line.strip_prefix(name)? {
        [] => Some(&[]),
        [b':', b' ', value @ ..] | [b':', value @ ..] => Some(value),
        _ => None,
    }
}

/// Finds where frames end. Holds no bytes: only where in a line the last ones left off.
#[derive(Clone, Debug, Default)]
pub struct Splitter {
    /// The current line has bytes already.
    in_line: bool,
    /// The last byte was a CR that ended a line: an LF now belongs to it.
    after_cr: bool,
    /// That line was the empty one that ended a frame.
    frame_ended: bool,
}

impl Splitter {
    /// How many of these bytes (0 or 1), the first after earlier ones, still belong to the frame that ended there.
    pub fn trailer(&mut self, bytes: &[u8]) -> usize {
        if !(self.frame_ended && self.after_cr) || bytes.is_empty() {
            return 0;
        }
        self.frame_ended = false;
        self.after_cr = false;
        usize::from(bytes.first() == Some(&b'\n'))
    }

    /// The length of what is left of the current frame in these bytes, its empty line included; `None` where they run
    /// out before (they are then counted as read).
    pub fn frame_end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        if std::mem::take(&mut self.after_cr) && bytes.first() == Some(&b'\n') {
            at = 1;
        }
        self.frame_ended = false;
        while let Some(rest) = bytes.get(at..) {
            let Some(found) = memchr2(b'\n', b'\r', rest) else {
                self.in_line |= !rest.is_empty();
                return None;
            };
            let is_empty_line = found == 0 && !self.in_line;
            self.in_line = false;
            at += found + 1;
            if rest.get(found) == Some(&b'\r') {
                match bytes.get(at) {
                    Some(b'\n') => at += 1,
                    Some(_) => {}
                    None => self.after_cr = true,
                }
            }
            if is_empty_line {
                self.frame_ended = true;
                return Some(at);
            }
        }
        None
    }
}

/// A frame grew beyond the reader's limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a frame of the event stream is larger than {limit} bytes")]
pub struct TooLong {
    /// The limit, in bytes.
    pub limit: usize,
}

/// Reads events from bytes cut anywhere. Frames that lie whole in one read are not copied.
#[derive(Debug)]
pub struct Reader {
    splitter: Splitter,
    partial: BytesMut,
    limit: usize,
}

impl Reader {
    /// A reader that keeps at most `limit` bytes of an unfinished frame.
    pub fn new(limit: usize) -> Self {
        Self {
            splitter: Splitter::default(),
            partial: BytesMut::new(),
            limit,
        }
    }

    /// Calls `each` for every event (frames with data) that these bytes complete.
    pub fn feed<E: From<TooLong>>(
        &mut self,
        chunk: &[u8],
        mut each: impl FnMut(&Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let trailer = self.splitter.trailer(chunk);
        let mut rest = chunk.get(trailer..).unwrap_or_default();
        while !rest.is_empty() {
            let Some(end) = self.splitter.frame_end(rest) else {
                if self.partial.len() + rest.len() > self.limit {
                    return Err(TooLong { limit: self.limit }.into());
                }
                self.partial.extend_from_slice(rest);
                return Ok(());
            };
            let (frame, next) = rest.split_at(end);
            rest = next;
            if self.partial.is_empty() {
                dispatch(frame, &mut each)?;
            } else {
                self.partial.extend_from_slice(frame);
                let whole: Bytes = self.partial.split().freeze();
                dispatch(&whole, &mut each)?;
            }
        }
        Ok(())
    }

    /// The stream ended: what is left is dispatched as if its empty line had come (servers leave it out).
    pub fn finish<E>(
        &mut self,
        mut each: impl FnMut(&Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let whole = self.partial.split().freeze();
        dispatch(&whole, &mut each)
    }
}

fn dispatch<E>(frame: &[u8], each: &mut impl FnMut(&Event<'_>) -> Result<(), E>) -> Result<(), E> {
    let event = Event::parse(frame);
    if event.data.is_some() {
        each(&event)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
