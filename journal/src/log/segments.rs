//! The segments of the log, in reading order. The last one may be active: it takes what is appended.

use crate::disk::DiskFile;
use crate::segment::{Fresh, HEADER};
use std::path::PathBuf;
use std::sync::Arc;

pub(crate) struct Segment {
    /// Rises in reading order.
    pub(crate) id: u64,
    pub(crate) path: PathBuf,
    pub(crate) file: Arc<dyn DiskFile>,
    pub(crate) nonce: u32,
    /// The first and last record's sequence numbers; 0 before there is one.
    pub(crate) first: u64,
    pub(crate) last: u64,
    /// Whole frames up to here, for readers and for the next write.
    pub(crate) end: u64,
    pub(crate) synced_end: u64,
    /// Its size on the disk.
    pub(crate) capacity: u64,
    /// Readers walk through damage and merge with its neighbours what an earlier run left.
    pub(crate) is_recovered: bool,
}

impl Segment {
    pub(crate) fn recovered(
        path: PathBuf,
        file: Arc<dyn DiskFile>,
        nonce: u32,
        (first, last): (u64, u64),
        length: u64,
    ) -> Self {
        Self {
            id: 0,
            path,
            file,
            nonce,
            first,
            last,
            end: length,
            synced_end: length,
            capacity: length,
            is_recovered: true,
        }
    }

    fn active(fresh: Fresh, nonce: u32, id: u64) -> Self {
        Self {
            id,
            path: fresh.path,
            file: fresh.file,
            nonce,
            first: 0,
            last: 0,
            end: HEADER as u64,
            synced_end: HEADER as u64,
            capacity: fresh.capacity,
            is_recovered: false,
        }
    }

    pub(crate) fn is_dirty(&self) -> bool {
        self.end > self.synced_end
    }

    pub(crate) fn has_room(&self, bytes: u64) -> bool {
        self.end
            .checked_add(bytes)
            .is_some_and(|end| end <= self.capacity)
    }

    /// Counts in what was written at the end.
    pub(crate) fn grow(&mut self, bytes: u64, first: u64, last: u64) {
        if self.first == 0 {
            self.first = first;
        }
        assert!(last >= self.last, "sequence numbers rise within a segment");
        self.last = last;
        self.end = self.end.saturating_add(bytes);
        assert!(self.end <= self.capacity, "a segment does not grow");
    }
}

pub(crate) struct Segments {
    list: Vec<Segment>,
    is_last_active: bool,
    next_id: u64,
}

impl Segments {
    pub(crate) fn recovered(mut list: Vec<Segment>) -> Self {
        let mut next_id = 1;
        for segment in &mut list {
            segment.id = next_id;
            next_id = next_id.saturating_add(1);
        }
        Self {
            list,
            is_last_active: false,
            next_id,
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Segment> {
        self.list.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn get(&self, id: u64) -> Option<&Segment> {
        self.list.iter().find(|segment| segment.id == id)
    }

    pub(crate) fn get_mut(&mut self, id: u64) -> Option<&mut Segment> {
        self.list.iter_mut().find(|segment| segment.id == id)
    }

    pub(crate) fn is_active(&self, id: u64) -> bool {
        self.is_last_active && self.list.last().is_some_and(|segment| segment.id == id)
    }

    pub(crate) fn active(&mut self) -> Option<&mut Segment> {
        self.list.last_mut().filter(|_| self.is_last_active)
    }

    /// No more is appended to the active segment.
    pub(crate) fn seal(&mut self) {
        self.is_last_active = false;
    }

    pub(crate) fn start(&mut self, fresh: Fresh, nonce: u32) -> &mut Segment {
        let id = self.next_id;
        self.next_id = self.next_id.saturating_add(1);
        self.is_last_active = true;
        let place = self.list.len();
        self.list.insert(place, Segment::active(fresh, nonce, id));
        // Just inserted there.
        #[expect(clippy::indexing_slicing)]
        &mut self.list[place]
    }

    /// Gives up what is not synced, after a failed sync: those segments end where their last good sync did.
    pub(crate) fn abandon_dirty(&mut self) -> u64 {
        self.seal();
        let mut count = 0u64;
        for segment in self.list.iter_mut().filter(|segment| segment.is_dirty()) {
            segment.end = segment.synced_end;
            count = count.saturating_add(1);
        }
        count
    }

    /// Takes out the segments with no record after `sequence`, as paths and sizes.
    pub(crate) fn take_done(&mut self, sequence: u64) -> Vec<(PathBuf, u64)> {
        let active = self
            .list
            .last()
            .filter(|_| self.is_last_active)
            .map(|segment| segment.id);
        let is_done = |segment: &mut Segment| {
            Some(segment.id) != active && segment.last <= sequence && !segment.is_dirty()
        };
        self.list
            .extract_if(.., is_done)
            .map(|segment| (segment.path, segment.capacity))
            .collect()
    }
}
