//! The way of one request to a model endpoint, stage by stage:
//!
//! 1. `caller`: dialect, key, `traceparent`: who calls, and in which words to answer;
//! 2. `exchange`: opened once the caller is known, it lasts to the answer's last byte and settles once;
//! 3. `intake`: the body, decoded and bounded; then `Call::scan` reads the few fields that are needed;
//! 4. `route`: the model's name leads to a route that is open to the key;
//! 5. `limit`: requests, tokens, concurrency are reserved; what is refused before counts among the key's requests, too;
//! 6. the journal's open record, written before anything leaves for a provider;
//! 7. `attempt`: targets in order, tries, fallbacks, until the first content has gone to the client;
//! 8. `whole` or `stream`: the answer, metered as it passes.
//!
//! A refusal at any stage is answered by `answer`, in the caller's dialect.

mod account;
pub mod answer;
mod attempt;
pub mod caller;
mod capture;
mod count;
mod cut_off;
pub mod exchange;
mod failed;
mod fit;
mod gunzip;
mod intake;
mod limit;
mod lines;
mod misfit;
mod record;
mod request;
mod route;
mod stream;
pub mod thinking;
mod whole;
mod within;
mod written;

pub use answer::{Answer, ReplyBody};
pub use cut_off::wake_all as wake_cut_off;
pub use failed::reason;
pub use lines::Lines;

use crate::gateway::Gateway;
use crate::listen::RequestBody;
use crate::live::LiveRoute;
use crate::telemetry::others::{Asked, Kind};
use caller::Caller;
use exchange::Exchange;
use http::Request;
use intake::Announced;
use std::future::Future;
use std::sync::Arc;
use tollgate_domain::{Endpoint, Refusal};
use tollgate_governance::principal::Scope;
use tollgate_providers::Call;

/// Answers a call of a model endpoint. Whose call it is is known before anything is waited for; what of the head is
/// needed later has been copied by then.
pub fn serve(
    gateway: &Arc<Gateway>,
    endpoint: Endpoint,
    request: Request<RequestBody>,
) -> impl Future<Output = Answer> + Send + use<> {
    let (head, body) = request.into_parts();
    let live = gateway.live.load_full();
    let opened = match caller::authenticate(&live, &head.headers) {
        Ok(key) => {
            let caller = Caller::read(endpoint, &head);
            let exchange = Exchange::open(gateway.clone(), live, key, endpoint, &caller);
            Ok((exchange, caller, Announced::of(&head.headers)))
        }
        Err(refusal) => {
            let spoken = caller::dialect(endpoint.path(), &head.headers);
            let asked = Asked {
                kind: Kind::Call,
                method: head.method.as_str(),
                path: endpoint.path(),
            };
            Err(answer::stranger(gateway, &asked, spoken, &refusal))
        }
    };
    async move {
        let (mut exchange, caller, announced) = match opened {
            Ok(opened) => opened,
            Err(answer) => return answer,
        };
        match admit(&mut exchange, announced, body).await {
            Ok((call, route)) => attempt::run(exchange, &route, &call, &caller).await,
            Err(refusal) => {
                let refusal = limit::count(&mut exchange).err().unwrap_or(refusal);
                exchange.refuse(refusal).await
            }
        }
    }
}

/// Reads the body and passes the gates.
async fn admit(
    exchange: &mut Exchange,
    announced: Announced,
    body: RequestBody,
) -> Result<(Call, Arc<LiveRoute>), Refusal> {
    exchange.key().principal.require(Scope::Invoke)?;
    let body = intake::read(&exchange.live().config.server, announced, body).await?;
    let scanned = Call::scan(exchange.endpoint, body.clone());
    exchange.received(body, scanned.as_ref().ok());
    let call = scanned?;
    let route = route::find(exchange.live(), exchange.key(), &call.model)?;
    exchange.routed(route.clone());
    limit::admit(exchange, &route, &call)?;
    Ok((call, route))
}
