//! Records in, whole requests out. Pure: it knows positions, no journal and no store.

use super::interrupted;
use super::request::{Ending, Finished, Request, Try};
use super::{DrainStats, Pricing};
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::Ordering;
use tollgate_domain::RequestId;
use tollgate_journal::{Position, Record};

/// The requests that are open at the place that was read last.
#[derive(Default)]
pub(super) struct Assembler {
    open: HashMap<RequestId, Request>,
    /// Their first records' places.
    places: BTreeSet<(Position, RequestId)>,
}

impl Assembler {
    /// Takes the next record; answers the request that it ends.
    pub(super) fn take(
        &mut self,
        position: Position,
        record: &Record<'_>,
        stats: &DrainStats,
    ) -> Option<Finished> {
        if let Record::Open(open) = record {
            self.places.insert((position, open.request));
            let before = self.open.insert(open.request, Request::new(position, open));
            if let Some(before) = before {
                self.places.remove(&(before.position, before.id));
            }
            return None;
        }
        let Some(request) = self.open.get_mut(&record.request()) else {
            // The request was stored before the cursor, or its first record is lost.
            stats.strays.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        match record {
            Record::Open(_) => {}
            Record::Attempt(attempt) => request.attempts.push(Try::from(attempt)),
            Record::Progress(progress) => {
                request.output.extend_from_slice(progress.output);
                if let Some(attempt) = request.attempt(progress.attempt) {
                    attempt.progress = progress.usage.or(attempt.progress);
                }
            }
            Record::AttemptEnd(end) => {
                if let Some(attempt) = request.attempt(end.number) {
                    attempt.end = Some(end.into());
                }
            }
            Record::Closed(closed) => {
                request.output.extend_from_slice(closed.output);
                let request = self.open.remove(&closed.request)?;
                self.places.remove(&(request.position, request.id));
                return Some(Finished {
                    request,
                    ending: Ending::from(closed),
                });
            }
        }
        None
    }

    /// Ends the requests whose first record stands at or before `boundary`: the process that served them is gone.
    pub(super) fn interrupt(&mut self, boundary: Position, price: &Pricing) -> Vec<Finished> {
        let mut cut = Vec::new();
        while let Some(&(position, id)) = self.places.first() {
            if position > boundary {
                break;
            }
            self.places.remove(&(position, id));
            if let Some(request) = self.open.remove(&id) {
                cut.push(interrupted::finish(request, price));
            }
        }
        cut
    }

    /// What to store as the cursor where everything up to `read` was taken: before the oldest open request.
    pub(super) fn cursor(&self, read: Position) -> Position {
        self.places.first().map_or(read, |(first, _)| {
            Position::from_u64(first.as_u64().saturating_sub(1)).min(read)
        })
    }
}
