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
    /// Its last records are in another segment, after a failed sync.
    pub(crate) is_abandoned: bool,
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
            is_abandoned: false,
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
            is_abandoned: false,
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
    /// The last one's id, while it takes what is appended.
    active: Option<u64>,
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
            active: None,
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
        self.list.iter().rfind(|segment| segment.id == id)
    }

    pub(crate) fn get_mut(&mut self, id: u64) -> Option<&mut Segment> {
        self.list.iter_mut().rfind(|segment| segment.id == id)
    }

    pub(crate) fn is_active(&self, id: u64) -> bool {
        self.active == Some(id)
    }

    pub(crate) fn active(&mut self) -> Option<&mut Segment> {
        self.get_mut(self.active?)
    }

    /// No more is appended to the active segment.
    pub(crate) fn seal(&mut self) {
        self.active = None;
    }

    pub(crate) fn start(&mut self, fresh: Fresh, nonce: u32) -> &mut Segment {
        let id = self.next_id;
        self.next_id = self.next_id.saturating_add(1);
        self.active = Some(id);
        self.list.push_mut(Segment::active(fresh, nonce, id))
    }

    /// Gives up what is not synced, after a failed sync: those segments end where their last good sync did.
    pub(crate) fn abandon_dirty(&mut self) -> u64 {
        self.seal();
        let mut count = 0u64;
        for segment in self.list.iter_mut().filter(|segment| segment.is_dirty()) {
            segment.end = segment.synced_end;
            segment.is_abandoned = true;
            count = count.saturating_add(1);
        }
        count
    }

    /// Takes out the abandoned segments of which nothing was ever synced.
    pub(crate) fn take_superseded(&mut self) -> Vec<(PathBuf, u64)> {
        let is_void = |segment: &mut Segment| segment.is_abandoned && segment.end <= HEADER as u64;
        let void = self.list.extract_if(.., is_void);
        void.map(|segment| (segment.path, segment.capacity))
            .collect()
    }

    /// Takes out the segments with no record after `sequence`, as paths and sizes; the active one only if it is in
    /// the way.
    pub(crate) fn take_done(&mut self, sequence: u64, with_active: bool) -> Vec<(PathBuf, u64)> {
        let spared = self.active.filter(|_| !with_active);
        let is_done = |segment: &mut Segment| {
            Some(segment.id) != spared && segment.last <= sequence && !segment.is_dirty()
        };
        let done: Vec<_> = self.list.extract_if(.., is_done).collect();
        if done.iter().any(|segment| Some(segment.id) == self.active) {
            self.active = None;
        }
        done.into_iter()
            .map(|segment| (segment.path, segment.capacity))
            .collect()
    }
}
