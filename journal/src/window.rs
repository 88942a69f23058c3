//! A piece of a file in memory that moves forward as it is read.

use crate::disk::DiskFile;
use std::io;

/// Read at once, so that a record costs no system call of its own.
const CHUNK: u64 = 256 << 10;
/// What is given up where it can't be read.
const BLOCK: u64 = 4 << 10;

#[derive(Default)]
pub(crate) struct Window {
    bytes: Vec<u8>,
    base: u64,
}

impl Window {
    /// What is in memory from `offset` on, if that is `length` bytes at least.
    pub(crate) fn held(&self, offset: u64, length: u64) -> Option<&[u8]> {
        let from = usize::try_from(offset.checked_sub(self.base)?).ok()?;
        let held = self.bytes.get(from..)?;
        (held.len() as u64 >= length).then_some(held)
    }

    /// Brings `length` bytes at `offset` into memory, and more up to `end`. What the file lacks is zeros.
    pub(crate) fn load(
        &mut self,
        file: &dyn DiskFile,
        offset: u64,
        length: u64,
        end: u64,
    ) -> io::Result<()> {
        if self.held(offset, length).is_some() {
            return Ok(());
        }
        let missing = self.advance(offset, length, end);
        let had = self.bytes.len();
        self.bytes.resize(had.saturating_add(missing), 0);
        let place = self.bytes.get_mut(had..).unwrap_or_default();
        let read = file.read_at(place, self.base.saturating_add(had as u64));
        if read.is_err() {
            self.bytes.truncate(had);
        }
        read.map(|_| ())
    }

    /// As [`Window::load`], with zeros for the blocks that can't be read.
    pub(crate) fn load_what_can_be_read(
        &mut self,
        file: &dyn DiskFile,
        offset: u64,
        length: u64,
        end: u64,
    ) {
        let missing = self.advance(offset, length, end) as u64;
        let mut at = self.base.saturating_add(self.bytes.len() as u64);
        let stop = at.saturating_add(missing);
        while at < stop {
            let block_end = (at / BLOCK).saturating_add(1).saturating_mul(BLOCK);
            let length = block_end.min(stop).saturating_sub(at);
            let mut block = [0; BLOCK as usize];
            let place = block.get_mut(..length as usize).unwrap_or_default();
            if file.read_at(place, at).is_err() {
                place.fill(0);
            }
            self.bytes.extend_from_slice(place);
            at = at.saturating_add(length);
        }
    }

    /// Forgets what is before `offset`; returns how many bytes are to be read after what is left.
    fn advance(&mut self, offset: u64, length: u64, end: u64) -> usize {
        let passed = offset.checked_sub(self.base);
        match passed.and_then(|count| usize::try_from(count).ok()) {
            Some(count) if count <= self.bytes.len() => drop(self.bytes.drain(..count)),
            _ => self.bytes.clear(),
        }
        self.base = offset;
        let wanted = length
            .max(CHUNK)
            .min(end.saturating_sub(offset))
            .max(length);
        if wanted <= CHUNK {
            self.bytes.shrink_to(2 * CHUNK as usize);
        }
        (wanted as usize).saturating_sub(self.bytes.len())
    }
}
