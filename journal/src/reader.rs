//! The journal's reading end: from a position on, and then along with the writer.

use crate::Position;
use crate::error::ReadError;
use crate::lane::Lane;
use crate::log::{Log, RESTART_GAP};
use crate::record::{Malformed, Record};
use crate::scan::{Found, Scan};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// Reads records in order. Several readers are independent of each other.
pub struct Reader {
    log: Arc<Log>,
    id: u64,
    /// The last sequence number dealt with.
    after: u64,
    /// The last record that was given out, and how far there is nothing else to give.
    given: u64,
    passed: u64,
    /// The segments being read. Those that an earlier run left may overlap, and are merged by sequence number.
    lanes: Vec<Lane>,
    /// Segments with a smaller id have been opened, or hold nothing new.
    next_segment: u64,
    /// The first record of the next segment that may overlap.
    next_first: Option<u64>,
    skipped: Skipped,
}

/// A record and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry<'a> {
    pub position: Position,
    pub record: Record<'a>,
}

/// What a reader passed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Records that are missing: damaged, or in a segment that is gone.
    pub missing: u64,
    /// Damaged places. One may have cost several records, or none.
    pub damaged: u64,
    /// Whole records that this release does not know.
    pub unknown: u64,
}

impl Reader {
    pub(crate) fn new(log: Arc<Log>, after: Position) -> Self {
        let after = after.as_u64();
        let id = log.add_reader(after);
        Self {
            log,
            id,
            after,
            given: after,
            passed: 0,
            lanes: Vec::new(),
            next_segment: 0,
            next_first: None,
            skipped: Skipped::default(),
        }
    }

    /// The next record, or `None` while there is none. After an error the same call tries again; a place that can't
    /// be read is given up after some tries.
    #[expect(
        clippy::should_implement_trait,
        reason = "the item borrows from the reader"
    )]
    pub fn next(&mut self) -> Result<Option<Entry<'_>>, ReadError> {
        let (lane, found) = loop {
            let Some((place, found)) = self.next_frame()? else {
                return Ok(None);
            };
            let Some(lane) = self.lanes.get(place) else {
                return Ok(None);
            };
            let payload = lane.scan.payload(&found);
            self.after = found.sequence;
            match Record::decode(found.kind, found.version, payload) {
                Ok(_) => break (place, found),
                Err(_) => self.skipped.unknown = self.skipped.unknown.saturating_add(1),
            }
        };
        self.given = found.sequence;
        let entry = self.lanes.get(lane).and_then(|lane| {
            decode(&lane.scan, &found).ok().map(|record| Entry {
                position: Position::from_u64(found.sequence),
                record,
            })
        });
        Ok(entry)
    }

    /// The last record that was read or passed over: what to store as the cursor.
    pub fn position(&self) -> Position {
        Position::from_u64(self.after)
    }

    /// Waits until there may be a record; `false` after the timeout, or when the writer is gone. Readers are woken by
    /// a sync, not by each append: keep the timeout short where a failing disk must not delay them.
    pub fn wait(&self, timeout: Duration) -> bool {
        let state = self.log.lock();
        let held_back = self.lanes.iter().map(|lane| lane.held_back).max();
        let has_none = |state: &crate::log::State| match held_back.unwrap_or(0) {
            0 => state.readable <= self.after.max(self.passed),
            sequence => state.synced < sequence,
        };
        let (state, _) = self
            .log
            .grown
            .wait_timeout_while(state, timeout, |state| {
                has_none(state) && !state.is_stopping
            })
            .unwrap_or_else(PoisonError::into_inner);
        !has_none(&state)
    }

    /// Says that everything up to the position is dealt with for good: segments that no reader needs are removed.
    pub fn release(&self, up_to: Position) {
        let mut up_to = up_to.as_u64();
        if up_to >= self.given {
            // What was passed over holds nothing back.
            up_to = up_to.max(self.after).max(self.passed);
        }
        self.log.release(self.id, up_to);
    }

    /// The last record of each segment that was read to its end and is still there, in order. What a reader must hold
    /// back of such a segment keeps all of it on the disk.
    pub fn read_through(&self) -> Vec<Position> {
        let state = self.log.lock();
        let segments = &state.segments;
        segments
            .iter()
            .filter(|segment| segment.last <= self.after && !segments.is_active(segment.id))
            .map(|segment| Position::from_u64(segment.last))
            .collect()
    }

    pub fn skipped(&self) -> Skipped {
        let mut skipped = self.skipped;
        for lane in &self.lanes {
            skipped.damaged = skipped.damaged.saturating_add(lane.scan.damaged);
        }
        skipped
    }

    /// The next frame that was not seen yet, and the lane that holds it.
    fn next_frame(&mut self) -> Result<Option<(usize, Found)>, ReadError> {
        loop {
            self.fill()?;
            let peeks = self.lanes.iter().enumerate();
            let least = peeks
                .filter_map(|(place, lane)| Some((place, lane.peek?)))
                .min_by_key(|(_, found)| found.sequence);
            let Some((place, found)) = least else {
                return Ok(None);
            };
            let Some(lane) = self.lanes.get_mut(place) else {
                return Ok(None);
            };
            if !lane.is_recovered && found.sequence > lane.expected {
                // A hole. After a failed sync the kernel may show one where nothing was lost: those records are being
                // written to another segment, and this one is cut off.
                let state = self.log.lock();
                let segment = state.segments.get(lane.segment);
                if segment.is_none_or(|segment| found.offset >= segment.end) {
                    lane.peek = None;
                    continue;
                }
                if state.synced < found.sequence {
                    lane.held_back = found.sequence;
                    return Ok(None);
                }
            }
            lane.held_back = 0;
            lane.expected = found.sequence.saturating_add(1);
            lane.peek = None;
            if found.sequence <= self.after {
                continue;
            }
            let gap = found.sequence.saturating_sub(self.after).saturating_sub(1);
            if self.after != 0 && gap < RESTART_GAP {
                self.skipped.missing = self.skipped.missing.saturating_add(gap);
            }
            return Ok(Some((place, found)));
        }
    }

    /// Brings every lane to its next frame, ends those that are through, and opens the segments that come next.
    fn fill(&mut self) -> Result<(), ReadError> {
        loop {
            let mut place = 0usize;
            while let Some(lane) = self.lanes.get_mut(place) {
                let goes_on = lane.advance(&self.log)?;
                let lost = std::mem::take(&mut lane.lost_end).saturating_sub(self.after);
                self.after = self.after.saturating_add(lost);
                self.skipped.missing = self.skipped.missing.saturating_add(lost);
                if goes_on {
                    place = place.saturating_add(1);
                } else {
                    let lane = self.lanes.swap_remove(place);
                    self.skipped.damaged = self.skipped.damaged.saturating_add(lane.scan.damaged);
                }
            }
            let peeks = self.lanes.iter().filter_map(|lane| lane.peek);
            let least = peeks.map(|found| found.sequence).min();
            let overlaps =
                matches!((self.next_first, least), (Some(first), Some(least)) if first <= least);
            if !(self.lanes.is_empty() || overlaps) {
                return Ok(());
            }
            let Some(lane) = self.open_next() else {
                return Ok(());
            };
            self.lanes.push(lane);
        }
    }

    fn open_next(&mut self) -> Option<Lane> {
        let (after, next_segment) = (self.after, self.next_segment);
        let state = self.log.lock();
        let mut coming = state
            .segments
            .iter()
            .filter(|segment| segment.id >= next_segment && segment.last > after);
        let Some(next) = coming.next() else {
            let is_open = |id| self.lanes.iter().any(|lane| lane.segment == id);
            let through = state
                .segments
                .iter()
                .filter(|segment| segment.is_recovered && !is_open(segment.id));
            self.passed = through.map(|segment| segment.last).max().unwrap_or(0);
            return None;
        };
        let lane = Lane::new(next);
        self.next_segment = next.id.saturating_add(1);
        self.next_first = coming.next().filter(|s| s.is_recovered).map(|s| s.first);
        Some(lane)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.log.remove_reader(self.id);
    }
}

fn decode<'a>(scan: &'a Scan, found: &Found) -> Result<Record<'a>, Malformed> {
    Record::decode(found.kind, found.version, scan.payload(found))
}
