//! A request's events as records of the journal.

use super::exchange::{Attempt, Ending, Exchange};
use super::fit;
use crate::clock;
use crate::config::Capture;
use crate::drain::INTERRUPTED;
use tollgate_domain::{Cost, Refusal, Usage};
use tollgate_journal::{
    AppendError, Attempt as Tried, AttemptEnd, Capture as Kept, Closed, Open, Outcome, Pairs,
    Position, Progress, Record,
};
use tollgate_providers::Seen;

type Taken = Result<Position, AppendError>;

/// In the kernel on return.
fn append<const N: usize>(exchange: &Exchange, mut records: [Record<'_>; N]) -> Taken {
    fit::fit(&mut records, fit::BODIES);
    exchange.gateway().journal.append_all(&records)
}

/// To be written with others: the exchange asks for it.
fn enqueue<const N: usize>(exchange: &Exchange, mut records: [Record<'_>; N]) -> Taken {
    fit::fit(&mut records, fit::BODIES);
    exchange.gateway().journal.enqueue(&records)
}

fn open(exchange: &Exchange) -> Record<'_> {
    let principal = &exchange.key().principal;
    let route = exchange.route.as_ref().map(|live| &live.route);
    Record::Open(Open {
        request: exchange.id,
        trace: exchange.trace,
        span: exchange.span,
        parent: exchange.parent,
        started_unix_nanos: exchange.started_unix_nanos,
        endpoint: exchange.endpoint,
        dialect: exchange.dialect,
        streamed: exchange.is_stream,
        capture: match route.map_or(Capture::Full, |route| route.capture) {
            Capture::Full => Kept::Full,
            Capture::Metadata => Kept::Metadata,
            Capture::Off => Kept::Off,
        },
        key: principal.name.as_str(),
        team: &principal.team,
        route: exchange.route_name(),
        experiment: route.map_or("0", |route| &route.experiment),
        model: fit::name(&exchange.model),
        session: fit::name(exchange.session.as_deref().unwrap_or("")),
        user: &principal.owner,
        input: exchange.captured(&exchange.body),
        input_bytes: exchange.body.len() as u64,
        attributes: Pairs::of(&principal.tags),
    })
}

fn tried<'a>(exchange: &'a Exchange, attempt: &'a Attempt) -> Record<'a> {
    let provider = &attempt.target.provider.config;
    let elapsed = attempt.started.since(exchange.started);
    Record::Attempt(Tried {
        request: exchange.id,
        number: attempt.number,
        span: attempt.span,
        started_unix_nanos: later(exchange.started_unix_nanos, elapsed),
        kind: provider.kind,
        provider: provider.name.as_str(),
        model: fit::name(&attempt.model),
        server: &provider.base.host,
    })
}

/// A try is about to leave; with it, in the same write, the request itself where it is the first.
pub(super) fn attempt(exchange: &Exchange, attempt: &Attempt, is_first: bool) -> Taken {
    let tried = tried(exchange, attempt);
    if is_first {
        enqueue(exchange, [open(exchange), tried])
    } else {
        enqueue(exchange, [tried])
    }
}

/// A piece of what went to the client.
pub(super) fn progress(exchange: &Exchange, piece: &[u8], seen: &Seen) -> Taken {
    let attempt = exchange.attempts;
    append(
        exchange,
        [Record::Progress(Progress {
            request: exchange.id,
            attempt,
            at_unix_nanos: now(exchange),
            usage: seen.usage,
            is_usage_final: !seen.finish_reasons.is_empty(),
            output: piece,
            output_bytes: exchange.output_bytes,
        })],
    )
}

/// How a try ended, with its account.
pub(super) struct Ended<'a> {
    pub attempt: Attempt,
    pub failure: Option<&'a str>,
    pub usage: Option<Usage>,
    pub cost: Option<Cost>,
    pub unpriced: bool,
}

fn ended<'a>(
    exchange: &'a Exchange,
    ended: &'a Ended<'a>,
    seen: &'a Seen,
    finish: &'a str,
) -> Record<'a> {
    let attempt = &ended.attempt;
    Record::AttemptEnd(AttemptEnd {
        request: exchange.id,
        number: attempt.number,
        ended_unix_nanos: now(exchange),
        status: attempt.status,
        error: ended.failure.unwrap_or(""),
        usage: ended.usage,
        cost: ended.cost,
        unpriced: ended.unpriced,
        finish: fit::name(finish),
        response_id: fit::name(seen.response_id.as_deref().unwrap_or("")),
        response_model: fit::name(seen.model.as_deref().unwrap_or("")),
        first_token_nanos: attempt.first_token.map(nanos),
        input: attempt
            .is_translated
            .then(|| exchange.captured(&attempt.input)),
        output: exchange.captured(&attempt.output),
    })
}

/// A try is over and another may follow.
pub(super) fn attempt_end(exchange: &Exchange, end: &Ended<'_>, seen: &Seen) -> Taken {
    let finish = seen.finish_reasons.join(",");
    append(exchange, [ended(exchange, end, seen, &finish)])
}

/// How a request ended.
pub(super) struct End<'a> {
    pub ending: Ending,
    pub status: u16,
    pub refusal: Option<&'a Refusal>,
}

/// The request is over, and with it, in the same write, the try that was under way; a request that never left for a
/// provider is opened in it, too.
pub(super) fn closed(
    exchange: &Exchange,
    end: &End<'_>,
    last: Option<(&Ended<'_>, &Seen)>,
    output: &[u8],
    is_first: bool,
) -> Taken {
    let (error, message) = match end.ending {
        Ending::CutOff => ("interrupted", INTERRUPTED.to_owned()),
        _ => {
            let message = end.refusal.map(ToString::to_string).unwrap_or_default();
            (end.refusal.map_or("", |refusal| refusal.code()), message)
        }
    };
    let closed = Record::Closed(Closed {
        request: exchange.id,
        ended_unix_nanos: now(exchange),
        outcome: match end.ending {
            Ending::Ok => Outcome::Ok,
            Ending::Failed => Outcome::Error,
            Ending::ClientGone => Outcome::ClientGone,
            Ending::CutOff => Outcome::Interrupted,
            Ending::Refused => Outcome::Refused,
        },
        status: end.status,
        error_type: error,
        error_message: fit::message(&message),
        usage: exchange.usage,
        cost: exchange.cost,
        unpriced: exchange.unpriced,
        first_token_nanos: exchange.first_token.map(nanos),
        output,
        output_bytes: exchange.output_bytes,
        losses: &exchange.losses,
        attributes: Pairs::EMPTY,
    });
    match last {
        Some((last, seen)) => {
            let finish = seen.finish_reasons.join(",");
            let ended = ended(exchange, last, seen, &finish);
            if is_first {
                // The journal was full when the request began, and it went on all the same.
                let tried = tried(exchange, &last.attempt);
                enqueue(exchange, [open(exchange), tried, ended, closed])
            } else {
                enqueue(exchange, [ended, closed])
            }
        }
        None if is_first => enqueue(exchange, [open(exchange), closed]),
        None => enqueue(exchange, [closed]),
    }
}

/// Wall time by the monotonic clock: a clock that is set back makes no negative duration.
fn now(exchange: &Exchange) -> u64 {
    later(
        exchange.started_unix_nanos,
        clock::elapsed(exchange.started),
    )
}

fn later(from: u64, by: std::time::Duration) -> u64 {
    from.saturating_add(nanos(by))
}

fn nanos(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
