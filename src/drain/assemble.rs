//! Records in, whole requests out. Pure: it knows positions, no journal and no store.

use super::interrupted;
use super::request::{Ending, Finished, Request};
use super::{Pricing, carried};
use std::collections::{BTreeSet, HashMap};
use tollgate_domain::RequestId;
use tollgate_journal::{Position, Record};
use tollgate_store::carried::CarriedRow;

/// The requests that are open at the place that was read last.
#[derive(Default)]
pub(super) struct Assembler {
    open: HashMap<RequestId, Request>,
    /// From where on the journal must keep their records.
    places: BTreeSet<(Position, RequestId)>,
}

impl Assembler {
    /// Begins with the requests that the store carries.
    pub(super) fn with(requests: Vec<Request>) -> Self {
        let mut assembler = Self::default();
        for request in requests {
            assembler.put(request);
        }
        assembler
    }

    /// Takes the next record; answers the request that it ends.
    pub(super) fn take(&mut self, position: Position, record: &Record<'_>) -> Option<Finished> {
        match (self.open.get_mut(&record.request()), record) {
            // The store carries what this record says.
            (Some(request), _) if position < request.position => None,
            (_, Record::Open(open)) => {
                self.remove(open.request);
                self.put(Request::new(open, position));
                None
            }
            (Some(_), Record::Closed(closed)) => {
                let mut request = self.remove(closed.request)?;
                request.output.extend_from_slice(closed.output);
                Some(Finished {
                    request,
                    ending: Ending::from(closed),
                })
            }
            (Some(request), _) => {
                request.take(record);
                None
            }
            // The request was stored before the cursor, or its first record is lost.
            (None, _) => None,
        }
    }

    /// Ends the requests whose records stand at or before `boundary`: the process that served them is gone.
    pub(super) fn interrupt(&mut self, boundary: Position, price: &Pricing) -> Vec<Finished> {
        let mut cut = Vec::new();
        while let Some(&(position, id)) = self.places.first() {
            if position > boundary {
                break;
            }
            self.places.pop_first();
            if let Some(request) = self.open.remove(&id) {
                cut.push(interrupted::finish(request, price));
            }
        }
        cut
    }

    /// Makes rows of the requests that keep records up to `end` in the journal, where everything up to `read` was
    /// taken by `reader`. With the rows stored, the cursor may pass those records.
    pub(super) fn carry(&mut self, end: Position, read: Position, reader: &str) -> Vec<CarriedRow> {
        let mut rows = Vec::new();
        while let Some(&(position, id)) = self.places.first() {
            if position > end {
                break;
            }
            let Some(mut request) = self.remove(id) else {
                break;
            };
            rows.push(carried::row(&request, read, reader));
            request.position = read.next();
            request.is_carried = true;
            self.put(request);
        }
        rows
    }

    /// What to store as the cursor where everything up to `read` was taken: before the oldest record that is needed.
    pub(super) fn cursor(&self, read: Position) -> Position {
        self.places.first().map_or(read, |(first, _)| {
            Position::from_u64(first.as_u64().saturating_sub(1)).min(read)
        })
    }

    fn put(&mut self, request: Request) {
        self.places.insert((request.position, request.id));
        self.open.insert(request.id, request);
    }

    fn remove(&mut self, id: RequestId) -> Option<Request> {
        let request = self.open.remove(&id)?;
        self.places.remove(&(request.position, id));
        Some(request)
    }
}
