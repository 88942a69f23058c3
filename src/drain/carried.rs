//! Requests that stay open for long. So that a stream of hours does not keep hours of the journal on the disk, what is
//! known of it goes into the store, with the cursor that stands behind it, and the segments go.
//!
//! A request is carried as the records that would make it: their layout is the journal's own, with its versions.

use super::request::{Request, Try, TryEnd};
use tollgate_journal::{Attempt, AttemptEnd, Malformed, Open, Pairs, Position, Progress, Record};
use tollgate_store::Store;
use tollgate_store::carried::CarriedRow;

/// The requests that the store carries for a reader.
pub(super) fn all(store: &Store, reader: &str) -> tollgate_store::Result<Vec<Request>> {
    let mut requests = Vec::new();
    for row in store.carried(reader)? {
        match read(&row) {
            Ok(request) => requests.push(request),
            Err(error) => {
                tracing::error!(request = %row.request, %error, "an open request in the store can't be read");
            }
        }
    }
    Ok(requests)
}

/// The row of a request as it is once everything up to `through` was read.
pub(super) fn row(request: &Request, through: Position, reader: &str) -> CarriedRow {
    CarriedRow {
        reader: reader.to_owned(),
        request: request.id,
        through: through.to_bytes().to_vec(),
        records: encode(request),
    }
}

/// The request that a row holds, and how far its records are in there.
pub(super) fn read(row: &CarriedRow) -> Result<Request, Malformed> {
    let through = Position::from_bytes(&row.through).ok_or(Malformed::Short("position"))?;
    let mut rest = &*row.records;
    let Record::Open(open) = next(&mut rest)? else {
        return Err(Malformed::Value("first record"));
    };
    let mut request = Request::new(&open, through.next());
    request.is_carried = true;
    while !rest.is_empty() {
        request.take(&next(&mut rest)?);
    }
    Ok(request)
}

/// A record: kind, version, length, and itself.
fn put(record: &Record<'_>, out: &mut Vec<u8>) {
    let (kind, version) = record.kind();
    out.extend([kind, version]);
    let at = out.len();
    out.extend([0; 4]);
    record.encode(out);
    let length = u32::try_from(out.len() - at - 4).unwrap_or(u32::MAX);
    if let Some(place) = out.get_mut(at..at + 4) {
        place.copy_from_slice(&length.to_le_bytes());
    }
}

fn next<'a>(rest: &mut &'a [u8]) -> Result<Record<'a>, Malformed> {
    let short = Malformed::Short("head");
    let ([kind, version, length @ ..], after) = rest.split_first_chunk::<6>().ok_or(short)?;
    let length = u32::from_le_bytes(*length) as usize;
    let (bytes, after) = after
        .split_at_checked(length)
        .ok_or(Malformed::Short("end"))?;
    *rest = after;
    Record::decode(*kind, *version, bytes)
}

fn encode(request: &Request) -> Vec<u8> {
    let pairs: Vec<(&str, &str)> = request
        .tags
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let mut out = Vec::with_capacity(request.input.len() + request.output.len() + 1024);
    put(&Record::Open(open(request, &pairs)), &mut out);
    for attempt in &request.attempts {
        put(&Record::Attempt(begun(request, attempt)), &mut out);
        put(&Record::Progress(progress(request, attempt)), &mut out);
        if let Some(end) = &attempt.end {
            put(&Record::AttemptEnd(ended(request, attempt, end)), &mut out);
        }
    }
    let answered = Progress {
        request: request.id,
        // No attempt's: what the client was sent.
        attempt: 0,
        at_unix_nanos: request.last_seen,
        usage: None,
        is_usage_final: false,
        output: &request.output,
        output_bytes: request.output_bytes,
    };
    put(&Record::Progress(answered), &mut out);
    out
}

fn open<'a>(request: &'a Request, pairs: &'a [(&'a str, &'a str)]) -> Open<'a> {
    Open {
        request: request.id,
        trace: request.trace,
        span: request.span,
        parent: request.parent,
        started_unix_nanos: request.started,
        endpoint: request.endpoint,
        dialect: request.dialect,
        streamed: request.streamed,
        capture: request.capture,
        key: &request.key,
        team: &request.team,
        route: &request.route,
        experiment: &request.experiment,
        model: &request.model,
        session: &request.session,
        user: &request.user,
        input: &request.input,
        input_bytes: request.input_bytes,
        attributes: Pairs::new(pairs),
    }
}

fn begun<'a>(request: &Request, attempt: &'a Try) -> Attempt<'a> {
    Attempt {
        request: request.id,
        number: attempt.number,
        span: attempt.span,
        started_unix_nanos: attempt.started,
        kind: attempt.kind,
        provider: &attempt.provider,
        model: &attempt.model,
        server: &attempt.server,
    }
}

fn progress(request: &Request, attempt: &Try) -> Progress<'static> {
    Progress {
        request: request.id,
        attempt: attempt.number,
        at_unix_nanos: 0,
        usage: attempt.progress,
        is_usage_final: attempt.is_progress_final,
        output: &[],
        output_bytes: 0,
    }
}

fn ended<'a>(request: &Request, attempt: &Try, end: &'a TryEnd) -> AttemptEnd<'a> {
    AttemptEnd {
        request: request.id,
        number: attempt.number,
        ended_unix_nanos: end.ended,
        status: end.status,
        error: &end.error,
        usage: end.usage,
        cost: end.cost,
        unpriced: end.unpriced,
        finish: &end.finish,
        response_id: &end.response_id,
        response_model: &end.response_model,
        first_token_nanos: end.first_token,
        input: end.input.as_deref(),
        output: &end.output,
    }
}
