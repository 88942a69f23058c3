//! A request as its records tell it, owned.

use super::Pricing;
use tollgate_domain::{Cost, Dialect, Endpoint, ProviderKind, RequestId, SpanId, TraceId, Usage};
use tollgate_journal::{Attempt, AttemptEnd, Capture, Closed, Open, Outcome, Position, Record};

/// A request from its first record on.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// Where the first of its records stands that only the journal has.
    pub(super) position: Position,
    /// Those before are in the store.
    pub(super) is_carried: bool,
    pub(super) id: RequestId,
    pub(super) trace: TraceId,
    pub(super) span: SpanId,
    pub(super) parent: Option<SpanId>,
    pub(super) started: u64,
    pub(super) endpoint: Endpoint,
    pub(super) dialect: Dialect,
    pub(super) streamed: bool,
    pub(super) capture: Capture,
    pub(super) key: String,
    pub(super) team: String,
    pub(super) route: String,
    pub(super) experiment: String,
    pub(super) model: String,
    pub(super) session: String,
    pub(super) user: String,
    pub(super) input: Vec<u8>,
    pub(super) input_bytes: u64,
    /// Those of the key.
    pub(super) tags: Vec<(String, String)>,
    pub(super) attempts: Vec<Try>,
    /// What was captured of the answer, piece by piece, and its true size as far as it is known.
    pub(super) output: Vec<u8>,
    pub(super) output_bytes: u64,
    /// The last moment that a record tells of.
    pub(super) last_seen: u64,
}

/// One attempt.
#[derive(Clone, Debug)]
pub(super) struct Try {
    pub(super) number: u32,
    pub(super) span: SpanId,
    pub(super) started: u64,
    pub(super) kind: ProviderKind,
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) server: String,
    /// The last usage that a progress record had.
    pub(super) progress: Option<Usage>,
    pub(super) is_progress_final: bool,
    pub(super) end: Option<TryEnd>,
}

/// How an attempt ended.
#[derive(Clone, Debug, Default)]
pub(super) struct TryEnd {
    pub(super) ended: u64,
    pub(super) status: u16,
    pub(super) error: String,
    pub(super) usage: Option<Usage>,
    pub(super) cost: Option<Cost>,
    pub(super) unpriced: bool,
    pub(super) finish: String,
    pub(super) response_id: String,
    pub(super) response_model: String,
    pub(super) first_token: Option<u64>,
    /// The body that went to the provider, where it was translated.
    pub(super) input: Option<Vec<u8>>,
    pub(super) output: Vec<u8>,
}

/// How a request ended.
#[derive(Clone, Debug)]
pub(super) struct Ending {
    pub(super) ended: u64,
    pub(super) outcome: Outcome,
    pub(super) status: u16,
    pub(super) error_type: String,
    pub(super) error_message: String,
    pub(super) usage: Usage,
    pub(super) cost: Cost,
    pub(super) unpriced: bool,
    pub(super) first_token: Option<u64>,
    pub(super) output_bytes: u64,
    pub(super) losses: String,
    pub(super) attributes: Vec<(String, String)>,
}

/// A request that is over.
#[derive(Clone, Debug)]
pub(super) struct Finished {
    pub(super) request: Request,
    pub(super) ending: Ending,
}

impl Request {
    pub(super) fn new(open: &Open<'_>, position: Position) -> Self {
        Self {
            position,
            is_carried: false,
            id: open.request,
            trace: open.trace,
            span: open.span,
            parent: open.parent,
            started: open.started_unix_nanos,
            endpoint: open.endpoint,
            dialect: open.dialect,
            streamed: open.streamed,
            capture: open.capture,
            key: open.key.to_owned(),
            team: open.team.to_owned(),
            route: open.route.to_owned(),
            experiment: open.experiment.to_owned(),
            model: open.model.to_owned(),
            session: open.session.to_owned(),
            user: open.user.to_owned(),
            input: open.input.to_vec(),
            input_bytes: open.input_bytes,
            tags: owned(open.attributes.iter()),
            attempts: Vec::new(),
            output: Vec::new(),
            output_bytes: 0,
            last_seen: open.started_unix_nanos,
        }
    }

    /// Takes the next of its records, but for the first and the last.
    pub(super) fn take(&mut self, record: &Record<'_>) {
        match record {
            Record::Open(_) | Record::Closed(_) => {}
            Record::Attempt(attempt) => {
                self.saw(attempt.started_unix_nanos);
                self.attempts.push(Try::from(attempt));
            }
            Record::Progress(progress) => {
                self.saw(progress.at_unix_nanos);
                self.output.extend_from_slice(progress.output);
                self.output_bytes = self.output_bytes.max(progress.output_bytes);
                if let Some(attempt) = self.attempt(progress.attempt) {
                    attempt.progress = progress.usage.or(attempt.progress);
                    attempt.is_progress_final = progress.is_usage_final;
                }
            }
            Record::AttemptEnd(end) => {
                self.saw(end.ended_unix_nanos);
                if let Some(attempt) = self.attempt(end.number) {
                    attempt.end = Some(end.into());
                }
            }
        }
    }

    fn attempt(&mut self, number: u32) -> Option<&mut Try> {
        self.attempts
            .iter_mut()
            .find(|attempt| attempt.number == number)
    }

    /// Counts in a moment that a record tells of.
    fn saw(&mut self, unix_nanos: u64) {
        self.last_seen = self.last_seen.max(unix_nanos);
    }

    pub(super) fn is_captured(&self) -> bool {
        self.capture == Capture::Full
    }
}

/// What attempts used and cost together, and whether some of it has no price.
pub(super) fn totals(attempts: &[Try]) -> (Usage, Cost, bool) {
    let ends = attempts.iter().filter_map(|attempt| attempt.end.as_ref());
    ends.fold(Default::default(), |(usage, cost, unpriced), end| {
        (
            usage + end.usage.unwrap_or_default(),
            cost + end.cost.unwrap_or_default(),
            unpriced || end.unpriced,
        )
    })
}

impl Try {
    /// What a usage costs here, and whether it has tokens without a price.
    pub(super) fn cost_of(
        &self,
        usage: &Usage,
        tier: Option<&str>,
        price: &Pricing,
    ) -> (Option<Cost>, bool) {
        let cost = price(&self.provider, self.kind, &self.model, usage, tier);
        (cost, cost.is_none() && usage.total() > 0)
    }
}

impl From<&Attempt<'_>> for Try {
    fn from(record: &Attempt<'_>) -> Self {
        Self {
            number: record.number,
            span: record.span,
            started: record.started_unix_nanos,
            kind: record.kind,
            provider: record.provider.to_owned(),
            model: record.model.to_owned(),
            server: record.server.to_owned(),
            progress: None,
            is_progress_final: false,
            end: None,
        }
    }
}

impl From<&AttemptEnd<'_>> for TryEnd {
    fn from(record: &AttemptEnd<'_>) -> Self {
        Self {
            ended: record.ended_unix_nanos,
            status: record.status,
            error: record.error.to_owned(),
            usage: record.usage,
            cost: record.cost,
            unpriced: record.unpriced,
            finish: record.finish.to_owned(),
            response_id: record.response_id.to_owned(),
            response_model: record.response_model.to_owned(),
            first_token: record.first_token_nanos,
            input: record.input.map(<[u8]>::to_vec),
            output: record.output.to_vec(),
        }
    }
}

impl From<&Closed<'_>> for Ending {
    fn from(record: &Closed<'_>) -> Self {
        Self {
            ended: record.ended_unix_nanos,
            outcome: record.outcome,
            status: record.status,
            error_type: record.error_type.to_owned(),
            error_message: record.error_message.to_owned(),
            usage: record.usage,
            cost: record.cost,
            unpriced: record.unpriced,
            first_token: record.first_token_nanos,
            output_bytes: record.output_bytes,
            losses: record.losses.to_owned(),
            attributes: owned(record.attributes.iter()),
        }
    }
}

fn owned<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(String, String)> {
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
