//! Spans to collectors by OTLP over HTTP (OpenTelemetry protocol 1.x, protobuf): each endpoint has a thread that
//! follows the journal with a cursor of its own, beside the drain into the store.
//!
//! - **The same spans.** Ids, times and attributes are the store's: both are made of the same records by the same code.
//! - **At least once.** The cursor is a row of the store (`otlp:<endpoint>`), moved on when a collector has taken what
//!   is before it. It is kept once a second, so a process that is killed sends some spans again.
//! - **Nobody waits for a collector.** One that is away is tried again with growing pauses, its spans wait in the
//!   journal, and how much of the journal that may be is bounded ([`bound`]): beyond it spans are dropped and counted.
//!
//! A batch's way: [`follow`](super::follow) (records to requests, as the drain does it), [`stored`] (what the store made
//! of them), [`batch`] (requests to exports, with [`encode`] and [`values`]), [`push`] (to the collector, again and again,
//! by [`send`]), [`export`] (the thread), [`exporters`] (all of them, and what a reload changes).

mod batch;
mod bound;
mod encode;
mod endpoint;
mod export;
mod exporters;
mod push;
mod send;
mod stored;
mod trouble;
mod values;

#[cfg(test)]
mod tests;

pub use endpoint::{Endpoint, EndpointError};
pub(crate) use exporters::cursors;
pub use exporters::{Exporters, Exporting};
