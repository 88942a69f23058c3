//! One segment as a reader goes through it.

use crate::error::ReadError;
use crate::log::Log;
use crate::log::segments::Segment;
use crate::scan::{Found, Scan};
use std::path::PathBuf;

pub(crate) struct Lane {
    pub(crate) segment: u64,
    path: PathBuf,
    pub(crate) scan: Scan,
    /// The next frame.
    pub(crate) peek: Option<Found>,
    /// The next frame's sequence number if nothing is missing. Known for what this run wrote.
    pub(crate) expected: u64,
    /// Frames lie behind a hole, or are one, until this sequence number is synced; 0 for no hole.
    pub(crate) held_back: u64,
    /// The last of the frames that are missing at the end for good; 0 for none.
    pub(crate) lost_end: u64,
    pub(crate) is_recovered: bool,
}

impl Lane {
    pub(crate) fn new(segment: &Segment) -> Self {
        Self {
            segment: segment.id,
            path: segment.path.clone(),
            scan: Scan::new(segment.file.clone(), segment.nonce, segment.end),
            peek: None,
            expected: segment.first,
            held_back: 0,
            lost_end: 0,
            is_recovered: segment.is_recovered,
        }
    }

    /// Brings the next frame to the front. `false` when there will never be another frame.
    pub(crate) fn advance(&mut self, log: &Log) -> Result<bool, ReadError> {
        while self.peek.is_none() {
            self.peek = self.scan.next().map_err(|source| ReadError {
                path: self.path.clone(),
                source,
            })?;
            if self.peek.is_some() {
                break;
            }
            let state = log.lock();
            let Some(segment) = state.segments.get(self.segment) else {
                return Ok(false);
            };
            let has_grown = segment.end > self.scan.end();
            self.scan.set_end(segment.end);
            if has_grown {
                continue;
            }
            // Frames missing at the end are a hole as well.
            let is_whole = self.is_recovered || segment.is_abandoned;
            let is_short = !is_whole && self.expected <= segment.last;
            let may_come = is_short && segment.last > state.synced;
            self.held_back = if may_come { segment.last } else { 0 };
            if is_short && !may_come {
                self.lost_end = segment.last;
                self.expected = segment.last.saturating_add(1);
            }
            return Ok(self.held_back != 0 || state.segments.is_active(self.segment));
        }
        Ok(true)
    }
}
