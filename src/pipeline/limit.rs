//! Requests, tokens and concurrency, by key and by route, reserved before anything leaves.
//!
//! A request that is refused before (a bad body, a route that is not there) is a trace as any other, so it takes one of
//! its key's requests: what a key does wrong has the bound of what it does right.

use super::exchange::Exchange;
use crate::clock;
use crate::live::LiveRoute;
use tollgate_domain::{Endpoint, Refusal};
use tollgate_governance::limit::{Denied, admit as enter, count as take, estimate_tokens};
use tollgate_providers::Call;

/// Passes every gate of the key and of the route, or none.
pub fn admit(exchange: &mut Exchange, route: &LiveRoute, call: &Call) -> Result<(), Refusal> {
    let now = clock::now();
    let key = exchange.key().clone();
    let of_route = exchange.gateway().lasting.gates.of_route(
        &route.route.name,
        &key.principal.name,
        &route.route.limits,
        now,
    );
    let max_output = match call.endpoint {
        Endpoint::Embeddings | Endpoint::CountTokens => Some(0),
        _ => call.max_output,
    };
    let tokens = match call.endpoint {
        Endpoint::CountTokens => 0,
        _ => estimate_tokens(call.body.len() as u64, max_output),
    };
    let entered = enter(key.gates.iter().chain(of_route.iter()), tokens, now);
    let admission = entered.map_err(|denied| refused(exchange, *denied))?;
    exchange.admitted(admission);
    Ok(())
}

/// Counts a request that is over before it came to its gates; what was decided there stands.
pub fn count(exchange: &mut Exchange) -> Result<(), Refusal> {
    if exchange.was_at_gates() {
        return Ok(());
    }
    let counted = take(&exchange.key().gates, clock::now());
    let standing = counted.map_err(|denied| refused(exchange, *denied))?;
    exchange.note_standing(standing);
    Ok(())
}

fn refused(exchange: &mut Exchange, denied: Denied) -> Refusal {
    exchange
        .gateway()
        .metrics
        .limit_hit(&denied.by.to_string(), denied.unit);
    exchange.note_standing(denied.standing);
    denied.into_refusal()
}
