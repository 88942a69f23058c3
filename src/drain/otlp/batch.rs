//! Requests that wait for a collector, and the exports that are made of them.

use super::{encode, stored};
use crate::clock::{self, Moment};
use crate::drain::request::Finished;
use crate::drain::sink::row;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use std::time::Duration;
use tollgate_domain::{RequestId, TraceId};

/// A batch is exported when it has so many spans, holds so many bytes of bodies, or is so old.
const SPANS: u64 = 512;
const BODIES: usize = 4 << 20;
const AGE: Duration = Duration::from_millis(200);
/// An export has at most so many bytes, unless a single request has more.
const EXPORT: usize = 4 << 20;

#[derive(Default)]
pub(super) struct Batch {
    requests: Vec<Finished>,
    spans: u64,
    bodies: usize,
    since: Option<Moment>,
}

impl Batch {
    pub(super) fn push(&mut self, request: Finished) {
        self.since.get_or_insert_with(clock::now);
        self.spans += spans_of(&request);
        self.bodies += request.request.input.len() + request.request.output.len();
        self.requests.push(request);
    }

    /// Those that the store carries.
    pub(super) fn carried(&self) -> Vec<RequestId> {
        let carried = self.requests.iter().filter(|over| over.request.is_carried);
        carried.map(|over| over.request.id).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    pub(super) fn is_due(&self) -> bool {
        self.is_full() || self.since.is_some_and(|since| clock::elapsed(since) >= AGE)
    }

    pub(super) fn is_full(&self) -> bool {
        self.spans >= SPANS || self.bodies >= BODIES
    }

    pub(super) fn spans(&self) -> u64 {
        self.spans
    }

    /// When the request that has waited longest ended, in nanoseconds since 1970.
    pub(super) fn oldest(&self) -> Option<u64> {
        self.requests
            .iter()
            .map(|request| request.ending.ended)
            .min()
    }

    /// Whether the store may know more of one of them.
    pub(super) fn needs_store(&self) -> bool {
        self.requests.iter().any(stored::may_differ)
    }

    /// Takes everything out as exports. `settle` puts in what the store knows more, and answers the trace id there.
    pub(super) fn exports(
        &mut self,
        settle: impl Fn(&mut Finished) -> Option<TraceId>,
    ) -> Vec<Export> {
        let batch = std::mem::take(self);
        let mut exports: Vec<Export> = Vec::new();
        for mut request in batch.requests {
            let may_differ = stored::may_differ(&request);
            let stored_as = may_differ.then(|| settle(&mut request)).flatten();
            let row = row(request);
            let spans = encode::spans(&row, stored_as.unwrap_or(row.trace.trace));
            let bytes = spans.iter().map(Message::encoded_len).sum();
            match exports
                .last_mut()
                .filter(|export| export.bytes + bytes <= EXPORT)
            {
                Some(export) => export.push(spans, bytes),
                None => exports.push(Export {
                    requests: vec![spans],
                    bytes,
                }),
            }
        }
        exports
    }
}

fn spans_of(request: &Finished) -> u64 {
    1 + request.request.attempts.len() as u64
}

/// What goes in one call: whole requests.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Export {
    requests: Vec<Vec<Span>>,
    bytes: usize,
}

impl Export {
    /// Spans that are no requests'.
    pub(super) fn of(spans: Vec<Span>) -> Self {
        Self {
            bytes: spans.iter().map(Message::encoded_len).sum(),
            requests: vec![spans],
        }
    }

    fn push(&mut self, spans: Vec<Span>, bytes: usize) {
        self.requests.push(spans);
        self.bytes += bytes;
    }

    pub(super) fn spans(&self) -> u64 {
        self.requests.iter().map(|spans| spans.len() as u64).sum()
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        encode::request(self.requests.concat()).encode_to_vec()
    }

    /// Both halves, where there is more than one request in it.
    pub(super) fn halves(&self) -> Option<[Self; 2]> {
        let (first, second) = self.requests.split_at(self.requests.len() / 2);
        let half = |requests: &[Vec<Span>]| Self {
            requests: requests.to_vec(),
            bytes: self.bytes / 2,
        };
        (!first.is_empty()).then(|| [half(first), half(second)])
    }
}
