//! Tollgate's spans about itself: its start, reloads, migrations, what the command line changed, and batches of the
//! drain that fail or take long. Never a request's: those come from the journal.
//!
//! A span of `tracing` with the target [`OWN`] becomes one of OpenTelemetry when it ends (`tracing-opentelemetry`), and
//! waits in a ring for the exporters. Those that nobody took in time are lost: nothing is accounted by them.

use crate::random;
use opentelemetry::trace::{SpanId, Status, TraceId, TracerProvider};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{IdGenerator, SdkTracerProvider, SpanData, SpanExporter};
use std::collections::VecDeque;
use std::future::ready;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

/// The target of such spans.
pub const OWN: &str = "tollgate::own";
/// The name of a batch of the drain: worth a span only where it failed or took so long.
pub const DRAIN_BATCH: &str = "drain batch";
const SLOW: Duration = Duration::from_secs(1);
/// Spans that wait.
const MOST: usize = 256;

/// The spans that ended last.
#[derive(Clone, Debug, Default)]
pub struct OwnSpans(Arc<Mutex<Ring>>);

#[derive(Debug, Default)]
struct Ring {
    spans: VecDeque<Span>,
    /// How many there were, with those that are gone.
    count: u64,
}

impl OwnSpans {
    /// What turns spans of `tracing` into these.
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + 'static
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync + 'static,
    {
        let provider = SdkTracerProvider::builder()
            .with_id_generator(Ids)
            .with_simple_exporter(self.clone())
            .build();
        tracing_opentelemetry::layer()
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_target(false)
            .with_tracer(provider.tracer("tollgate"))
            .with_filter(Targets::new().with_target(OWN, LevelFilter::INFO))
    }

    /// The spans that came after so many, and how many there are now.
    pub fn after(&self, seen: u64) -> (Vec<Span>, u64) {
        let ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = usize::try_from(ring.count.saturating_sub(seen)).unwrap_or(usize::MAX);
        let old = ring.spans.len().saturating_sub(new);
        (ring.spans.iter().skip(old).cloned().collect(), ring.count)
    }

    pub fn count(&self) -> u64 {
        self.after(u64::MAX).1
    }

    fn push(&self, span: SpanData) {
        if !is_worth_it(&span) {
            return;
        }
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.spans.len() >= MOST {
            ring.spans.pop_front();
        }
        ring.spans.push_back(span.into());
        ring.count += 1;
    }
}

fn is_worth_it(span: &SpanData) -> bool {
    let took = span.end_time.duration_since(span.start_time);
    span.name != DRAIN_BATCH
        || matches!(span.status, Status::Error { .. })
        || took.is_ok_and(|took| took >= SLOW)
}

impl SpanExporter for OwnSpans {
    fn export(&self, batch: Vec<SpanData>) -> impl Future<Output = OTelSdkResult> + Send {
        batch.into_iter().for_each(|span| self.push(span));
        ready(Ok(()))
    }
}

/// Ids from the one door to randomness.
#[derive(Debug)]
struct Ids;

impl IdGenerator for Ids {
    fn new_trace_id(&self) -> TraceId {
        TraceId::from_bytes(*random::trace_id().as_bytes())
    }

    fn new_span_id(&self) -> SpanId {
        SpanId::from_bytes(*random::span_id().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::subscriber::with_default;
    use tracing_subscriber::layer::SubscriberExt;

    fn names(spans: &[Span]) -> Vec<&str> {
        spans.iter().map(|span| span.name.as_str()).collect()
    }

    #[test]
    fn spans_of_the_target_wait_for_each_reader_and_no_others() {
        let own = OwnSpans::default();
        with_default(tracing_subscriber::registry().with(own.layer()), || {
            let start = tracing::info_span!(target: OWN, "start", version = "1").entered();
            tracing::info_span!(target: OWN, "migrations").in_scope(|| {});
            tracing::info_span!("hyper").in_scope(|| {});
            drop(start);
        });
        let (spans, count) = own.after(0);
        assert_eq!(names(&spans), ["migrations", "start"]);
        assert_eq!(spans[0].parent_span_id, spans[1].span_id);
        assert_eq!(spans[0].trace_id, spans[1].trace_id);
        assert_eq!(spans[1].attributes[0].key, "version");
        assert_eq!((own.after(count).0, own.count()), (vec![], 2));
        assert_eq!(names(&own.after(1).0), ["start"]);
    }

    #[test]
    fn a_batch_of_the_drain_that_went_well_is_not_worth_a_span_and_the_ring_is_bounded() {
        let own = OwnSpans::default();
        with_default(tracing_subscriber::registry().with(own.layer()), || {
            let batch = || tracing::info_span!(target: OWN, DRAIN_BATCH, otel.status_code = tracing::field::Empty);
            batch().in_scope(|| {});
            assert_eq!(own.count(), 0);
            for _ in 0..MOST + 5 {
                batch().record("otel.status_code", "ERROR");
            }
        });
        let (spans, count) = own.after(0);
        assert_eq!((spans.len(), count), (MOST, MOST as u64 + 5));
    }
}
