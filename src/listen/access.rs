//! Who may see what is no model endpoint: everybody on loopback (where no other site's page asks), else by scope.

use crate::live::Live;
use crate::pipeline::caller;
use http::header::{FORWARDED, HOST, ORIGIN};
use http::request::Parts;
use tollgate_domain::Refusal;
use tollgate_governance::principal::Scope;

/// Lets a request through, or says why not.
pub fn check(live: &Live, head: &Parts, scope: Scope) -> Result<(), Refusal> {
    if is_local(live, head) && caller::is_anonymous(&head.headers) {
        return check_browser(live, head);
    }
    let key = caller::authenticate(live, &head.headers)?;
    match key.principal.require(scope) {
        // On loopback a key opens no less than no key.
        Err(_) if is_local(live, head) => check_browser(live, head),
        judged => judged,
    }
}

/// By the address that is listened on; a request that a proxy passed on is never local.
pub fn is_local(live: &Live, head: &Parts) -> bool {
    let is_forwarded = head.headers.contains_key(FORWARDED)
        || head
            .headers
            .keys()
            .any(|name| name.as_str().starts_with("x-forwarded-"));
    live.config.server.is_loopback() && !is_forwarded
}

/// Against DNS rebinding and other sites' pages: `Host`, and `Origin` where there is one, are names of this machine.
pub fn check_browser(live: &Live, head: &Parts) -> Result<(), Refusal> {
    let host = head
        .uri
        .authority()
        .map(|authority| authority.as_str().to_owned());
    let host = host.or_else(|| Some(head.headers.get(HOST)?.to_str().ok()?.to_owned()));
    if !host.is_some_and(|host| is_ours(live, &host)) {
        return Err(Refusal::ForeignOrigin(
            "the Host header names no host of this server",
        ));
    }
    match head.headers.get(ORIGIN) {
        None => Ok(()),
        Some(origin) => {
            let authority = origin
                .to_str()
                .ok()
                .and_then(|origin| origin.split_once("://"));
            if authority.is_some_and(|(_, authority)| is_ours(live, authority)) {
                Ok(())
            } else {
                Err(Refusal::ForeignOrigin(
                    "requests from other sites' pages are refused",
                ))
            }
        }
    }
}

fn is_ours(live: &Live, authority: &str) -> bool {
    let name = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let ours = ["localhost", "127.0.0.1", "::1"];
    ours.iter().any(|known| name.eq_ignore_ascii_case(known))
        || live
            .config
            .server
            .allowed_hosts
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
        || name == live.config.server.listen.ip().to_string()
}
