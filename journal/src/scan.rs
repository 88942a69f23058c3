//! Walks the frames of one segment, whatever state it is in.
//!
//! Damage costs the frames that it touches: after a damaged payload the next frame is where the head says, after a
//! damaged head the run's nonce is searched for. Sequence numbers rise within a segment, so that what a search finds
//! inside a payload by accident is not taken for a record.

use crate::disk::DiskFile;
use crate::frame::{HEAD, Head};
use crate::segment::HEADER;
use crate::window::Window;
use memchr::memmem;
use std::io;
use std::sync::Arc;

/// How often a read is tried before the blocks that fail are given up.
const READ_TRIES: u32 = 4;
/// How far a search looks at once.
const STRIDE: u64 = 64 << 10;

/// A frame whose checksums hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) sequence: u64,
    pub(crate) kind: u8,
    pub(crate) version: u8,
    pub(crate) offset: u64,
    length: usize,
}

impl Found {
    fn payload_at(&self) -> u64 {
        self.offset.saturating_add(HEAD as u64)
    }
}

pub(crate) struct Scan {
    file: Arc<dyn DiskFile>,
    nonce: u32,
    window: Window,
    offset: u64,
    end: u64,
    last: u64,
    failed_reads: u32,
    is_in_damage: bool,
    /// Damaged places: each stretch of bytes that is neither frames nor zeros, and each damaged payload.
    pub(crate) damaged: u64,
    /// The end of the last byte that is not zero, as far as was read.
    pub(crate) used: u64,
    /// Some blocks could not be read.
    pub(crate) has_unread: bool,
}

impl Scan {
    pub(crate) fn new(file: Arc<dyn DiskFile>, nonce: u32, end: u64) -> Self {
        Self {
            file,
            nonce,
            window: Window::default(),
            offset: HEADER as u64,
            end,
            last: 0,
            failed_reads: 0,
            is_in_damage: false,
            damaged: 0,
            used: HEADER as u64,
            has_unread: false,
        }
    }

    /// Frames may now be read up to `end`. A smaller one than before cuts off what was not yet returned.
    pub(crate) fn set_end(&mut self, end: u64) {
        self.end = end;
    }

    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// The next good frame before the end. After an error it may be called again and tries the same place.
    pub(crate) fn next(&mut self) -> io::Result<Option<Found>> {
        loop {
            if self.offset.saturating_add(HEAD as u64) > self.end {
                return Ok(None);
            }
            self.load(self.offset, HEAD as u64)?;
            let head = self.head();
            let Some(head) = head else {
                self.search()?;
                continue;
            };
            let found = Found {
                sequence: head.sequence,
                kind: head.kind,
                version: head.version,
                offset: self.offset,
                length: head.length,
            };
            self.load(self.offset, head.frame_length())?;
            let is_good = head.fits(self.payload(&found)) && found.sequence > self.last;
            self.offset = self.offset.saturating_add(head.frame_length());
            self.used = self.offset;
            if is_good {
                self.is_in_damage = false;
                self.last = found.sequence;
                return Ok(Some(found));
            }
            self.damaged = self.damaged.saturating_add(1);
            self.is_in_damage = true;
        }
    }

    /// The payload of the frame returned last.
    pub(crate) fn payload(&self, found: &Found) -> &[u8] {
        self.window
            .held(found.payload_at(), found.length as u64)
            .and_then(|held| held.get(..found.length))
            .unwrap_or_default()
    }

    /// The head at the offset, if the frame ends before the segment does.
    fn head(&self) -> Option<Head> {
        let head = Head::parse(self.window.held(self.offset, HEAD as u64)?, self.nonce)?;
        (self.offset.checked_add(head.frame_length())? <= self.end).then_some(head)
    }

    /// Moves the offset to the next place where a frame may begin, or to the end.
    fn search(&mut self) -> io::Result<()> {
        let nonce = self.nonce.to_le_bytes();
        let stride = STRIDE.min(self.end.saturating_sub(self.offset));
        self.load(self.offset, stride)?;
        let held = self.window.held(self.offset, stride).unwrap_or_default();
        let after_first = held.get(1..).unwrap_or_default();
        let skipped = match memmem::find(after_first, &nonce) {
            Some(place) => place.saturating_add(1),
            None if self.offset.saturating_add(held.len() as u64) >= self.end => held.len(),
            // The nonce may begin in this stride and end in the next.
            None => held.len().saturating_sub(nonce.len() - 1).max(1),
        };
        let passed = held.get(..skipped).unwrap_or_default();
        if let Some(place) = passed.iter().rposition(|byte| *byte != 0) {
            self.used = self.offset.saturating_add(place as u64).saturating_add(1);
            if !self.is_in_damage {
                self.is_in_damage = true;
                self.damaged = self.damaged.saturating_add(1);
            }
        }
        self.offset = self.offset.saturating_add(skipped as u64).min(self.end);
        Ok(())
    }

    fn load(&mut self, offset: u64, length: u64) -> io::Result<()> {
        let loaded = self.window.load(&*self.file, offset, length, self.end);
        match loaded {
            Ok(()) => {
                self.failed_reads = 0;
                Ok(())
            }
            Err(error) => {
                self.failed_reads = self.failed_reads.saturating_add(1);
                if self.failed_reads < READ_TRIES {
                    return Err(error);
                }
                self.failed_reads = 0;
                self.has_unread = true;
                self.window
                    .load_what_can_be_read(&*self.file, offset, length, self.end);
                Ok(())
            }
        }
    }
}
