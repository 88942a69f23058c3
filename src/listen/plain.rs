//! The small answers: probes, metrics, lists of models.

use crate::clock;
use crate::gateway::Gateway;
use crate::live::{Live, LiveKey};
use crate::percent;
use crate::pipeline::answer::{VERSION, put_standing};
use crate::pipeline::caller;
use crate::pipeline::{Answer, ReplyBody};
use http::StatusCode;
use http::request::Parts;
use std::sync::atomic::Ordering;
use tollgate_domain::{Dialect, Refusal};
use tollgate_governance::principal::Scope;
use tollgate_providers::{ModelEntry, ModelPage, model_entry, model_list};

const TEXT: &str = "text/plain; charset=utf-8";

pub fn reply(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<bytes::Bytes>,
) -> Answer {
    let mut answer = Answer::of(status.as_u16(), ReplyBody::whole(body));
    answer.lines.put("content-type", content_type);
    answer.lines.put("x-tollgate-version", VERSION);
    answer
}

/// The process runs.
pub fn livez() -> Answer {
    reply(StatusCode::OK, TEXT, "ok\n")
}

/// New requests are welcome. A store that is away is no reason to say no: the journal carries on.
pub fn readyz(gateway: &Gateway) -> Answer {
    if gateway.is_draining.load(Ordering::Relaxed) {
        reply(StatusCode::SERVICE_UNAVAILABLE, TEXT, "draining\n")
    } else {
        reply(StatusCode::OK, TEXT, "ok\n")
    }
}

pub fn metrics(gateway: &Gateway) -> Answer {
    let metrics = &gateway.metrics;
    metrics.backlog.set(&gateway.journal, &gateway.drained);
    let text = metrics.render(&gateway.lasting.breakers);
    reply(
        StatusCode::OK,
        "text/plain; version=0.0.4; charset=utf-8",
        text,
    )
}

/// `/v1/models` and `/v1/models/{id}`: the names that this key may send.
pub fn models(live: &Live, dialect: Dialect, head: &Parts, path: &str) -> Result<Answer, Refusal> {
    let key = caller::authenticate(live, &head.headers)?;
    let mut answer = names(live, &key, dialect, head, path)?;
    put_standing(&mut answer.lines, key.standing(clock::now()), dialect);
    Ok(answer)
}

fn names(
    live: &Live,
    key: &LiveKey,
    dialect: Dialect,
    head: &Parts,
    path: &str,
) -> Result<Answer, Refusal> {
    key.principal.require(Scope::Invoke)?;
    let wanted = path
        .strip_prefix("/v1/models")
        .unwrap_or_default()
        .trim_matches('/');
    let wanted = percent::decoded(wanted);
    if !wanted.is_empty() {
        let is_open = live
            .route(&wanted)
            .is_some_and(|found| key.principal.may_use(found.route.name.as_str(), &wanted));
        if !is_open {
            return Err(Refusal::UnknownModel(wanted.chars().take(200).collect()));
        }
        let entry = entry(live, wanted);
        return Ok(reply(
            StatusCode::OK,
            "application/json",
            model_entry(dialect, &entry),
        ));
    }
    let mut names: Vec<String> = Vec::new();
    for route in live.config.routes.iter() {
        let all = std::iter::once(&route.name).chain(&route.aliases);
        for name in all.map(tollgate_domain::RouteName::as_str) {
            let is_open = key.principal.may_use(route.name.as_str(), name);
            // A pattern is no name that could be sent.
            if is_open && !name.ends_with('*') && !names.iter().any(|other| other == name) {
                names.push(name.to_owned());
            }
        }
    }
    let entries: Vec<ModelEntry> = names.into_iter().map(|name| entry(live, name)).collect();
    let query = head.uri.query().unwrap_or_default().split('&');
    let pairs = query.filter_map(|pair| pair.split_once('='));
    let page = ModelPage::read(pairs.map(|(name, value)| (name, percent::decoded(value))))?;
    let list = model_list(dialect, &entries, &page)?;
    Ok(reply(StatusCode::OK, "application/json", list))
}

fn entry(live: &Live, id: String) -> ModelEntry {
    let target = live
        .route(&id)
        .and_then(|route| route.stages.first()?.targets.first().cloned());
    let price = target
        .as_ref()
        .and_then(|target| live.price(&target.provider, target.model.as_deref().unwrap_or(&id)));
    ModelEntry {
        created: 1_700_000_000,
        owned_by: target.map_or("tollgate".to_owned(), |target| {
            target.provider.config.name.as_str().to_owned()
        }),
        max_input: price.as_ref().and_then(|price| price.max_input),
        max_output: price.and_then(|price| price.max_output),
        id,
    }
}
