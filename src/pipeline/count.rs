//! `POST /v1/messages/count_tokens` for a provider that does not count: an estimate by the tokenizer, said to be one.
//!
//! The tokenizer works on the blocking pool: it may have to be loaded, and the worker has others to serve.

use super::answer::{self, Answer, ReplyBody};
use super::exchange::{Ending, Exchange};
use crate::live::LiveTarget;
use crate::tokens;
use crate::upstream::Kept;
use bytes::Bytes;
use std::sync::Arc;
use tollgate_domain::{Endpoint, Refusal};
use tollgate_providers::{Call, Seen, check_count};

/// Whether the target leaves counting to us.
pub(super) fn is_ours(exchange: &Exchange, target: &LiveTarget) -> bool {
    exchange.endpoint == Endpoint::CountTokens && exchange.is_translated_to(target)
}

pub(super) async fn answer(
    mut exchange: Box<Exchange>,
    target: Arc<LiveTarget>,
    call: &Call,
) -> Answer {
    if let Err(refusal) = check_count(call) {
        return exchange.refuse(refusal).await;
    }
    let kind = target.provider.config.kind;
    let body = call.body.clone();
    let counting =
        tokio::task::spawn_blocking(move || tokens::of_prompt(kind, Endpoint::CountTokens, &body));
    let Ok(count) = counting.await else {
        return exchange.refuse(Refusal::Internal).await;
    };
    let model = target.model.clone().unwrap_or_else(|| call.model.clone());
    exchange.tried = Some((target, model));
    let body = Bytes::from(format!(r#"{{"input_tokens":{count}}}"#));
    exchange.sends(&body, &Seen::default());
    let (nothing, body) = (Kept::default(), ReplyBody::whole(body));
    let mut answer = answer::answered(&exchange, &nothing, "application/json", body);
    // What of the answer is an estimate.
    answer.lines.put("x-tollgate-estimated", "input_tokens");
    exchange.finish(&Seen::default(), None, Ending::Ok, 200, None);
    exchange.leave().await;
    answer
}
