//! An answer to a call that asked for a stream and that is none: an error or a whole answer with status 200, a page of
//! some proxy. Passed on as a stream it would be one without events, which clients take for an empty answer.

use super::attempt::Way;
use super::failed::Failed;
use super::gunzip::Decoder;
use super::whole::MAX_ANSWER;
use super::within::within;
use crate::upstream::Kept;
use bytes::Bytes;
use std::pin::pin;
use std::time::Duration;
use tollgate_domain::Refusal;
use tollgate_governance::strategy::Failure;
use tollgate_providers::ReplyFault;

/// Waits for the first bytes, whatever the answer calls itself.
pub(super) async fn look(way: &mut Way, limit: impl FnOnce() -> Duration) -> Result<(), Failed> {
    let reading = async {
        let Some(Ok(first)) = way.body.chunk().await else {
            return Ok(());
        };
        if begins_otherwise(&way.head, &first) {
            return Err(read(way, first).await);
        }
        way.body.give_back(first);
        Ok(())
    };
    match within(limit, pin!(reading)).await {
        Ok(looked) => looked,
        Err(_) => Err(Failed::new(
            Failure::FirstTokenTimeout,
            Refusal::UpstreamTimeout,
        )),
    }
}

/// No line of a stream begins as JSON or HTML does.
fn begins_otherwise(head: &Kept, first: &Bytes) -> bool {
    let decoded = Decoder::of(head).and_then(|mut decoder| decoder.decode(first.clone()).ok());
    let decoded = decoded.unwrap_or_default();
    matches!(decoded.trim_ascii_start().first(), Some(b'{' | b'[' | b'<'))
}

/// Reads it to its end: it may say what is wrong, or what it cost.
async fn read(way: &mut Way, first: Bytes) -> Failed {
    let mut bytes = first.to_vec();
    while let Some(Ok(chunk)) = way.body.chunk().await
        && bytes.len() < MAX_ANSWER
    {
        bytes.extend_from_slice(&chunk);
    }
    let decoded = Decoder::of(&way.head).and_then(|mut decoder| decoder.decode(bytes.into()).ok());
    let fault = match way.reply.whole(decoded.unwrap_or_default()) {
        Err(fault @ ReplyFault::Upstream(_)) => fault,
        _ => ReplyFault::Malformed("it is no stream, which was asked for".to_owned()),
    };
    Failed::of_fault(fault, way.reply.seen().clone())
}
