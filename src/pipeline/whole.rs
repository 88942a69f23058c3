//! An answer that comes in one piece.

use super::answer::{self, Answer, ReplyBody};
use super::attempt::{Way, fail};
use super::exchange::{Ending, Exchange};
use super::failed::Failed;
use super::gunzip::Decoder;
use super::within::within;
use crate::clock;
use crate::live::LiveRoute;
use std::pin::pin;
use std::sync::Arc;
use tollgate_domain::Refusal;
use tollgate_governance::strategy::Failure;

/// Bytes of a whole answer.
pub(super) const MAX_ANSWER: usize = 256 << 20;

pub(super) async fn answer(
    mut exchange: Box<Exchange>,
    route: &Arc<LiveRoute>,
    way: Way,
) -> Result<Answer, (Box<Exchange>, Box<Failed>)> {
    let Way {
        mut reply,
        head,
        mut body,
        pass,
        ..
    } = way;
    let end = exchange.started.after(route.route.timeout.total);
    let left = end.since(clock::now());
    let collected = match within(left, pin!(body.collect(MAX_ANSWER))).await {
        Ok(Ok(collected)) => collected,
        Ok(Err(error)) => {
            let refusal = Refusal::UpstreamMalformed(format!("it broke off: {error}"));
            let failed = Failed::new(Failure::Broken, refusal);
            return fail(exchange, pass, failed);
        }
        Err(_) => {
            let failed = Failed::new(Failure::TotalTimeout, Refusal::UpstreamTimeout);
            return fail(exchange, pass, failed);
        }
    };
    let decoded = Decoder::of(&head).and_then(|mut decoder| decoder.decode(collected).ok());
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
        &head,
        "application/json",
        ReplyBody::Until(Some(bytes), end),
    );
    exchange.finish(seen, None, Ending::Ok, 200, None);
    exchange.leave().await;
    Ok(answer)
}
