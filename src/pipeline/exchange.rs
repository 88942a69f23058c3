//! One request's account: opened when the caller is known, settled once, when the last byte has gone or the client has.
//!
//! It rides in the response body, so that permits, reservations, the journal's closed record and the metrics last just
//! as long as the request does.

use super::answer::{self, Answer};
use super::caller::Caller;
use super::limit;
use super::lines::Lines;
use super::record::{self, End, Ended};
use super::written::Unwritten;
use crate::clock::{self, Moment};
use crate::gateway::Gateway;
use crate::live::{Live, LiveKey, LiveRoute, LiveTarget};
use crate::random;
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tollgate_domain::{Cost, Dialect, Endpoint, Refusal, RequestId, SpanId, TraceId, Usage};
use tollgate_governance::limit::{Admission, Permit, Standing};
use tollgate_journal::{Position, Synced};
use tollgate_providers::{Call, Seen, provider};

use crate::config::JournalSync;

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Ok,
    Failed,
    ClientGone,
    /// The gateway stopped before it was over.
    CutOff,
    Refused,
}

/// One try at one target.
pub struct Attempt {
    pub number: u32,
    pub span: SpanId,
    pub target: Arc<LiveTarget>,
    pub model: String,
    pub started: Moment,
    pub first_token: Option<Duration>,
    pub status: u16,
    /// The provider's request and answer, kept where they differ from the caller's.
    pub input: Bytes,
    pub output: Vec<u8>,
    pub is_translated: bool,
    /// The provider counts it among those at once until it ends.
    pub _permit: Option<Permit>,
}

pub struct Exchange {
    gateway: Arc<Gateway>,
    live: Arc<Live>,
    key: Arc<LiveKey>,
    pub endpoint: Endpoint,
    pub dialect: Dialect,
    pub id: RequestId,
    pub trace: TraceId,
    pub span: SpanId,
    pub parent: Option<SpanId>,
    pub session: Option<String>,
    pub started: Moment,
    pub started_unix_nanos: u64,
    pub route: Option<Arc<LiveRoute>>,
    pub model: String,
    pub is_stream: bool,
    pub body: Bytes,
    pub attempts: u32,
    pub attempt: Option<Attempt>,
    /// Target and model of the last try.
    pub tried: Option<(Arc<LiveTarget>, String)>,
    pub losses: String,
    pub usage: Usage,
    pub cost: Cost,
    pub unpriced: bool,
    pub first_token: Option<Duration>,
    /// What is kept of the answer and is not in the journal yet.
    pub output: Vec<u8>,
    pub output_bytes: u64,
    /// The beginning of the answer, where the route's policy keeps nothing of it.
    pub sample: Vec<u8>,
    /// Sent since the last record of progress.
    pub(super) unrecorded: usize,
    admission: Option<Admission>,
    /// How the key stood at its limits; none as long as it was not there.
    standing: Option<Standing>,
    closed_at: Option<Position>,
    pub(super) unwritten: Option<Unwritten>,
    pub(super) is_opened: bool,
    is_settled: bool,
}

impl Exchange {
    pub fn open(
        gateway: Arc<Gateway>,
        live: Arc<Live>,
        key: Arc<LiveKey>,
        endpoint: Endpoint,
        caller: &Caller,
    ) -> Box<Self> {
        let started_unix_nanos = clock::unix_nanos();
        let (trace, parent) = match caller.trace {
            Some((trace, parent)) => (trace, Some(parent)),
            None => (random::trace_id(), None),
        };
        gateway.metrics.in_flight.inc();
        Box::new(Self {
            gateway,
            live,
            key,
            endpoint,
            dialect: caller.dialect,
            id: random::request_id(started_unix_nanos),
            trace,
            span: random::span_id(),
            parent,
            session: caller.session.clone(),
            started: clock::now(),
            started_unix_nanos,
            route: None,
            model: String::new(),
            is_stream: false,
            body: Bytes::new(),
            attempts: 0,
            attempt: None,
            tried: None,
            losses: String::new(),
            usage: Usage::default(),
            cost: Cost::default(),
            unpriced: false,
            first_token: None,
            output: Vec::new(),
            output_bytes: 0,
            sample: Vec::new(),
            unrecorded: 0,
            admission: None,
            standing: None,
            closed_at: None,
            unwritten: None,
            is_opened: false,
            is_settled: false,
        })
    }

    pub fn gateway(&self) -> &Arc<Gateway> {
        &self.gateway
    }

    pub fn live(&self) -> &Arc<Live> {
        &self.live
    }

    pub fn key(&self) -> &Arc<LiveKey> {
        &self.key
    }

    pub fn received(&mut self, body: Bytes, call: Option<&Call>) {
        self.body = body;
        if let Some(call) = call {
            self.model.clone_from(&call.model);
            self.is_stream = call.stream;
        }
    }

    pub fn routed(&mut self, route: Arc<LiveRoute>) {
        self.route = Some(route);
    }

    pub fn admitted(&mut self, admission: Admission) {
        self.standing = Some(*admission.standing());
        self.admission = Some(admission);
    }

    /// Whether its limits have counted or refused it.
    pub fn was_at_gates(&self) -> bool {
        self.standing.is_some()
    }

    /// How the key stands, where it was refused.
    pub fn note_standing(&mut self, standing: Standing) {
        self.standing = Some(standing);
    }

    pub fn standing(&self) -> Standing {
        self.standing
            .unwrap_or_else(|| self.key.standing(clock::now()))
    }

    /// Whether a target speaks another dialect than the caller's.
    pub fn is_translated_to(&self, target: &LiveTarget) -> bool {
        self.endpoint.dialect() != provider(target.provider.config.kind).dialect
    }

    pub fn route_name(&self) -> &str {
        self.route
            .as_ref()
            .map_or("", |route| route.route.name.as_str())
    }

    /// Ends the try that is under way, and another may follow.
    pub fn end_attempt(&mut self, seen: &Seen, failure: &str) {
        if let Some(ended) = self.account_attempt(seen, Some(failure)) {
            let written = record::attempt_end(self, &ended, seen);
            self.note(written);
        }
    }

    /// Prices what the try under way reported and adds it to the request.
    fn account_attempt<'a>(&mut self, seen: &Seen, failure: Option<&'a str>) -> Option<Ended<'a>> {
        let attempt = self.attempt.take()?;
        let (usage, cost, unpriced) = self.account(&attempt, seen, failure);
        self.usage = self.usage + usage.unwrap_or_default();
        self.cost = self.cost + cost.unwrap_or_default();
        self.unpriced |= unpriced;
        self.gateway.metrics.attempt(self, &attempt, failure);
        if let Some(usage) = usage
            && !(usage.estimated && self.hand_over(&attempt, seen, usage))
        {
            let spender = self.spender(&attempt);
            let metrics = &self.gateway.metrics;
            metrics.used(&spender, usage, cost, unpriced);
        }
        Some(Ended {
            attempt,
            failure,
            usage,
            cost,
            unpriced,
        })
    }

    /// The first content has come.
    pub fn saw_content(&mut self) {
        if self.first_token.is_none() {
            self.first_token = Some(clock::elapsed(self.started));
        }
        if let Some(attempt) = &mut self.attempt
            && attempt.first_token.is_none()
        {
            attempt.first_token = Some(clock::elapsed(attempt.started));
        }
    }

    /// What the client's last bytes wait for where `store.sync` is `each`: the account on the disk.
    pub fn synced(&self) -> Option<Synced> {
        let is_each = self.live.config.store.sync == JournalSync::Each;
        let position = self.closed_at.filter(|_| is_each)?;
        Some(self.gateway.journal.synced(position))
    }

    /// Answers with a refusal and settles.
    pub async fn refuse(self: Box<Self>, refusal: Refusal) -> Answer {
        self.refuse_as_told(refusal, &Lines::default()).await
    }

    /// The same, with what of a provider's head is for the caller.
    pub(super) async fn refuse_as_told(
        mut self: Box<Self>,
        refusal: Refusal,
        told: &Lines,
    ) -> Answer {
        let body = answer::refusal_body(&self, &refusal);
        self.sends(&body, &Seen::default());
        let ending = match refusal {
            Refusal::Upstream { .. }
            | Refusal::UpstreamAuth
            | Refusal::UpstreamQuota
            | Refusal::UpstreamMalformed(_)
            | Refusal::UpstreamTimeout
            | Refusal::TotalTimeout
            | Refusal::Unreachable(_)
            | Refusal::Internal => Ending::Failed,
            _ => Ending::Refused,
        };
        let status = tollgate_providers::error_status(self.dialect, &refusal);
        let answer = answer::refused(&self, &refusal, status, body, told);
        self.finish(&Seen::default(), None, ending, status, Some(&refusal));
        self.leave().await;
        answer
    }

    /// Lets a request go whose answer is whole: before its bytes go out, the account is on the disk where that was
    /// asked for.
    pub async fn leave(mut self: Box<Self>) {
        self.turn_ends().await;
        self.write_account();
        let synced = self.synced();
        drop(self);
        if let Some(synced) = synced {
            synced.await;
        }
    }

    pub fn is_settled(&self) -> bool {
        self.is_settled
    }

    /// Ends the request, and with it the try that is under way: limits, journal, metrics. Once; a second call does
    /// nothing. Before the client's last bytes go out, the account is to be written: [`Self::leave`] does so, or
    /// [`Self::write_account`].
    pub fn finish(
        &mut self,
        seen: &Seen,
        failure: Option<&str>,
        ending: Ending,
        status: u16,
        refusal: Option<&Refusal>,
    ) {
        if std::mem::replace(&mut self.is_settled, true) {
            return;
        }
        let is_cut_off = self.gateway.is_cut_off.load(Relaxed);
        let (ending, failure, status) = match ending {
            Ending::CutOff => (ending, Some("interrupted"), 0),
            Ending::ClientGone if is_cut_off => (Ending::CutOff, Some("interrupted"), 0),
            _ => (ending, failure, status),
        };
        // Left before it came to its limits, it is a request all the same.
        let _ = limit::count(self);
        // It may be left while its beginning waits to be written.
        self.write_account();
        let last = self.account_attempt(seen, failure);
        let last = last.as_ref().map(|last| (last, seen));
        let now = clock::now();
        if let Some(admission) = self.admission.take() {
            admission.settle(self.usage.total(), now);
        }
        let output = std::mem::take(&mut self.output);
        let end = End {
            ending,
            status,
            refusal,
        };
        let taken = record::closed(self, &end, last, &output, !self.is_opened);
        self.closed_at = self.note(taken);
        self.unwritten = self.closed_at.map(|position| Unwritten {
            position,
            opens: false,
        });
        self.gateway.metrics.settled(self, ending, status, now);
        match ending {
            Ending::Ok => {
                tracing::debug!(request = %self.id, model = %self.model, status, "answered");
            }
            Ending::ClientGone => tracing::info!(request = %self.id, "the client went away"),
            Ending::CutOff => tracing::info!(request = %self.id, "cut off"),
            Ending::Failed | Ending::Refused => tracing::info!(
                request = %self.id,
                route = self.route_name(),
                status,
                code = refusal.map_or("", |refusal| refusal.code()),
                "not answered"
            ),
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if !self.is_settled {
            self.finish(
                &Seen::default(),
                Some("client_gone"),
                Ending::ClientGone,
                499,
                None,
            );
        }
        self.write_account();
        self.gateway.metrics.in_flight.dec();
    }
}
