//! Exports to the collector, in order, each until it is taken, refused or given up.

use super::batch::Export;
use super::bound::{Bound, Room};
use super::endpoint::Endpoint;
use super::send::{Answer, send};
use super::trouble::Trouble;
use crate::clock::{self, Moment};
use crate::drain::stop::Stop;
use crate::random;
use crate::telemetry::{Dropped, EndpointMetrics};
use arc_swap::ArcSwap;
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tollgate_governance::strategy::backoff;

/// Waits between tries.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A collector may ask for so long a wait.
const LONGEST_ASKED: Duration = Duration::from_secs(300);
/// Tries where the collector may fail at what it was sent.
const FAILED_TRIES: u32 = 8;
/// What the last exports may take when the process stops.
const LAST: Duration = Duration::from_secs(3);
/// An answer within this time is one at once.
const AT_ONCE: Duration = Duration::from_secs(2);
/// Between two looks at what else there is, while a collector is waited for.
const LOOK: Duration = Duration::from_millis(20);

/// Why a try was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GivenUp {
    /// The process stops: the rest stays in the journal.
    Stopping,
    /// The journal can't keep more for this collector.
    Lag,
}

/// What became of an export.
enum Pushed {
    Taken,
    Refused { status: u16 },
}

pub(super) struct Pusher {
    /// Another one after a reload.
    pub(super) endpoint: Arc<ArcSwap<Endpoint>>,
    pub(super) metrics: EndpointMetrics,
    pub(super) trouble: Trouble,
    pub(super) bound: Bound,
    pub(super) stop: Arc<Stop>,
    /// The collector is no longer configured: nothing more is to be sent.
    pub(super) is_gone: Arc<AtomicBool>,
    /// When the wish to stop was seen.
    pub(super) stopping: Option<Moment>,
    /// The last try failed.
    pub(super) is_failing: bool,
}

impl Pusher {
    /// Pushes all of them. Where that was given up: why, and how many spans are left. `oldest` is when the request that
    /// has waited longest ended.
    pub(super) async fn push_all(
        &mut self,
        exports: Vec<Export>,
        oldest: Option<u64>,
    ) -> Result<(), (GivenUp, u64)> {
        let mut left: Vec<Export> = exports.into_iter().rev().collect();
        while let Some(export) = left.pop() {
            match self.push(&export, oldest).await {
                Ok(Pushed::Taken) => {}
                Ok(Pushed::Refused { status }) => left.extend(self.refused(status, export)),
                Err(given_up) => {
                    let spans = left.iter().map(Export::spans).sum::<u64>();
                    return Err((given_up, spans + export.spans()));
                }
            }
        }
        Ok(())
    }

    /// Counts what was refused; where it may be for its size or for one request in it, its halves are to be tried.
    fn refused(&mut self, status: u16, export: Export) -> Vec<Export> {
        let spans = export.spans();
        if matches!(status, 400 | 413 | 422)
            && let Some([first, second]) = export.halves()
        {
            return vec![second, first];
        }
        self.metrics.dropped(Dropped::Refused, spans);
        self.trouble.refused(status, spans);
        Vec::new()
    }

    async fn push(&mut self, export: &Export, oldest: Option<u64>) -> Result<Pushed, GivenUp> {
        let body = Bytes::from(export.encode());
        let mut tries = 0;
        loop {
            let endpoint = self.endpoint.load_full();
            let answer = tokio::select! {
                biased;
                answer = send(&endpoint, body.clone(), clock::unix_seconds()) => answer,
                given_up = self.until_given_up(oldest) => return Err(given_up),
            };
            tries += 1;
            self.is_failing = matches!(answer, Answer::Later { .. } | Answer::Failed { .. });
            if let Answer::Accepted { rejected, message } = answer {
                let rejected = rejected.min(export.spans());
                self.metrics.exported.inc_by(export.spans() - rejected);
                self.metrics.dropped(Dropped::Refused, rejected);
                self.trouble.taken(rejected, &message);
                return Ok(Pushed::Taken);
            }
            self.metrics.failures.inc();
            let (why, after) = match answer {
                Answer::Later { why, after } => (why, after),
                Answer::Failed { status } if tries < FAILED_TRIES => {
                    (format!("status {status}"), None)
                }
                Answer::Failed { status } | Answer::Refused { status } => {
                    return Ok(Pushed::Refused { status });
                }
                Answer::Accepted { .. } => return Ok(Pushed::Taken),
            };
            self.trouble.failed(&why);
            let pause = after
                .unwrap_or_else(|| backoff(FIRST_PAUSE, LONGEST_PAUSE, tries, random::next_u64()));
            self.pause(pause.min(LONGEST_ASKED), &endpoint, oldest)
                .await?;
        }
    }

    /// Waits before the next try; not for long where the configuration changed meanwhile.
    async fn pause(
        &mut self,
        time: Duration,
        endpoint: &Arc<Endpoint>,
        oldest: Option<u64>,
    ) -> Result<(), GivenUp> {
        let started = clock::now();
        while clock::elapsed(started) < time && Arc::ptr_eq(endpoint, &self.endpoint.load()) {
            tokio::time::sleep(LOOK.min(time)).await;
            if self.stop.is_set() {
                return Err(GivenUp::Stopping);
            }
            self.measure(oldest);
            if self.has_no_room() {
                return Err(GivenUp::Lag);
            }
        }
        Ok(())
    }

    /// Resolves when the answer is no longer to be waited for.
    async fn until_given_up(&mut self, oldest: Option<u64>) -> GivenUp {
        let started = clock::now();
        loop {
            tokio::time::sleep(LOOK).await;
            if self.stop.is_set() && self.is_out_of_time() {
                return GivenUp::Stopping;
            }
            self.measure(oldest);
            let is_slow = self.is_failing || clock::elapsed(started) >= AT_ONCE;
            match self.bound.state() {
                Room::None => return GivenUp::Lag,
                Room::Little if is_slow => return GivenUp::Lag,
                Room::Little | Room::Enough => {}
            }
        }
    }

    /// With the wish to stop: whether what is left has to stay.
    pub(super) fn is_out_of_time(&mut self) -> bool {
        let since = *self.stopping.get_or_insert_with(clock::now);
        self.is_gone.load(Ordering::Relaxed) || clock::elapsed(since) >= LAST
    }

    /// Whether what is not taken at once can't be kept.
    pub(super) fn has_no_room(&self) -> bool {
        match self.bound.state() {
            Room::None => true,
            Room::Little => self.is_failing,
            Room::Enough => false,
        }
    }

    /// Says how far the collector is behind.
    pub(super) fn measure(&self, oldest: Option<u64>) {
        let waits = oldest.map_or(0, |ended| clock::unix_nanos().saturating_sub(ended));
        self.metrics.lag.set(waits as f64 / 1e9);
        let held = i64::try_from(self.bound.held()).unwrap_or(i64::MAX);
        self.metrics.held.set(held);
    }
}
