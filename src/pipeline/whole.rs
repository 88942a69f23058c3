//! An answer that comes in one piece.

use super::answer::{self, Answer, ReplyBody};
use super::attempt::{Unanswered, Way, fail};
use super::exchange::{Ending, Exchange};
use super::failed::Failed;
use super::gunzip::Decoder;
use super::within::within;
use crate::clock::{self, Moment};
use crate::live::LiveRoute;
use crate::upstream::BodyError;
use bytes::Bytes;
use std::pin::pin;
use tokio::time::error::Elapsed;
use tollgate_domain::Refusal;
use tollgate_governance::strategy::Failure;

/// Bytes of a whole answer.
pub(super) const MAX_ANSWER: usize = 256 << 20;

pub(super) async fn answer(
    exchange: Box<Exchange>,
    route: &LiveRoute,
    mut way: Way,
) -> Result<Answer, Unanswered> {
    let end = exchange.started.after(route.route.timeout.total);
    let left = || end.since(clock::now());
    let collected = within(left, pin!(way.body.collect(MAX_ANSWER))).await;
    let (exchange, answer) = settle(exchange, way, collected, end)?;
    exchange.leave().await;
    Ok(answer)
}

/// What was collected until `end`, as the caller gets it; the account is closed with it.
fn settle(
    mut exchange: Box<Exchange>,
    way: Way,
    collected: Result<Result<Bytes, BodyError>, Elapsed>,
    end: Moment,
) -> Result<(Box<Exchange>, Answer), Unanswered> {
    let (mut reply, pass) = (way.reply, way.pass);
    let collected = match collected {
        Ok(Ok(collected)) => collected,
        Ok(Err(error)) => {
            let refusal = Refusal::UpstreamMalformed(format!("it broke off: {error}"));
            return fail(exchange, pass, Failed::new(Failure::Broken, refusal));
        }
        Err(_) => {
            let failed = Failed::new(Failure::TotalTimeout, Refusal::UpstreamTimeout);
            return fail(exchange, pass, failed);
        }
    };
    let decoded = Decoder::of(&way.head).and_then(|mut decoder| decoder.decode(collected).ok());
    let Some(collected) = decoded else {
        let refusal = Refusal::UpstreamMalformed("its encoding can't be decoded".to_owned());
        return fail(exchange, pass, Failed::new(Failure::Broken, refusal));
    };
    if let Some(attempt) = &mut exchange.attempt
        && attempt.is_translated
    {
        attempt.output = collected.to_vec();
    }
    let bytes = match reply.whole(collected) {
        Ok(bytes) => bytes,
        Err(fault) => {
            let seen = reply.seen().clone();
            return fail(exchange, pass, Failed::of_fault(fault, seen));
        }
    };
    pass.succeed(clock::now());
    let seen = reply.seen();
    exchange
        .gateway()
        .thinking
        .keep(&exchange.key().principal.name, &seen.thinking);
    exchange.sends(&bytes, seen);
    let answer = answer::answered(
        &exchange,
        &way.head,
        "application/json",
        ReplyBody::Until(Some(bytes), end),
    );
    exchange.finish(seen, None, Ending::Ok, 200, None);
    Ok((exchange, answer))
}
