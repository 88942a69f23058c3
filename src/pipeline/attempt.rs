//! Targets in order, tries at each, and what follows a failure.

use super::answer::Answer;
use super::caller::Caller;
use super::exchange::{Attempt, Exchange};
use super::failed::{Failed, of_send, read_error, reason};
use super::lines::Lines;
use super::{count, misfit, request, stream, whole};
use crate::clock;
use crate::live::{LiveRoute, LiveTarget};
use crate::random;
use crate::upstream::{self, UpstreamBody};
use http::HeaderMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use tollgate_domain::{Refusal, Unit};
use tollgate_governance::health::Pass;
use tollgate_governance::limit::Permit;
use tollgate_governance::strategy::{Choice, Failure, Plan, Tried, Verdict};
use tollgate_providers::{Call, ModelFacts, Outgoing, Reply, TargetModel, prepare};

/// What a try has to work with.
pub(super) struct Way {
    pub reply: Reply,
    pub head: HeaderMap,
    pub body: UpstreamBody,
    /// Whether another target is left, should this one fail before its first content.
    pub has_fallback: bool,
    pub pass: Pass,
}

/// Tries until there is an answer, and settles with an error where there is none.
pub async fn run(
    mut exchange: Box<Exchange>,
    route: Arc<LiveRoute>,
    call: Call,
    caller: Caller,
) -> Answer {
    let mut plan = plan(&route);
    let mut last = Refusal::Unreachable("every target is set aside".to_owned());
    let mut told = Lines::default();
    while let Some(step) = plan.next_step() {
        let target = step.target;
        if count::is_ours(&exchange, &target) {
            return Box::pin(count::answer(exchange, target, &call)).await;
        }
        let Ok(mut permit) = enter(&target) else {
            (last, told) = (at_capacity(&target), Lines::default());
            continue;
        };
        let mut pass = if step.is_last_resort {
            target.breaker.enter_anyway(clock::now())
        } else {
            match target.breaker.enter(clock::now()) {
                Some(pass) => pass,
                None => {
                    plan.put_off(target);
                    continue;
                }
            }
        };
        let mut tries = 0;
        loop {
            tries += 1;
            let outgoing = match adapt(&exchange, &route, &call, &caller, &target) {
                Ok(outgoing) => outgoing,
                Err(refusal) => {
                    (last, told) = (refusal, Lines::default());
                    break;
                }
            };
            let has_fallback = !plan.is_empty();
            let failed = match one(
                exchange,
                &route,
                &target,
                outgoing,
                has_fallback,
                pass,
                permit,
            )
            .await
            {
                Ok(answer) => return answer,
                Err((returned, failed)) => {
                    exchange = returned;
                    failed
                }
            };
            let verdict = route.route.retry.decide(
                Tried {
                    failure: failed.failure,
                    tries,
                    retry_after: failed.retry_after,
                    is_final: failed.is_final,
                    time_left: time_left(&exchange, &route),
                },
                random::next_u64(),
            );
            (last, told) = (failed.refusal, failed.told);
            exchange.gateway().metrics.followed(
                &route,
                &target,
                failed.failure,
                verdict,
                !plan.is_empty(),
            );
            match verdict {
                Verdict::Again { wait } => tokio::time::sleep(wait).await,
                Verdict::Next => break,
                Verdict::NextProvider => {
                    let name = &target.provider.config.name;
                    plan.retain(|other: &Arc<LiveTarget>| other.provider.config.name != *name);
                    break;
                }
                Verdict::Answer => return exchange.refuse_as_told(last, &told).await,
            }
            permit = match enter(&target) {
                Ok(permit) => permit,
                Err(AtCapacity) => break,
            };
            pass = target.breaker.enter_anyway(clock::now());
        }
    }
    exchange.refuse_as_told(last, &told).await
}

/// A provider takes no more requests at once.
struct AtCapacity;

/// The provider's permit for one try, where it has a limit.
fn enter(target: &LiveTarget) -> Result<Option<Permit>, AtCapacity> {
    match &target.provider.permits {
        None => Ok(None),
        Some(permits) => permits.acquire().map(Some).ok_or(AtCapacity),
    }
}

fn at_capacity(target: &LiveTarget) -> Refusal {
    let provider = &target.provider.config;
    Refusal::LimitReached {
        unit: Unit::Concurrent,
        limit: provider.max_concurrent.unwrap_or_default() as u64,
        scope: format!("provider `{}`", provider.name.as_str()),
        retry_after: Duration::from_secs(1),
    }
}

fn plan(route: &LiveRoute) -> Plan<Arc<LiveTarget>> {
    let mut plan = Plan::default();
    let now = clock::now();
    for stage in &route.stages {
        let choices = stage.targets.iter().map(|target| Choice {
            target: target.clone(),
            weight: target.weight,
            is_set_aside: target.breaker.is_set_aside(now),
        });
        plan.add(stage.strategy, choices, random::next_u64());
    }
    plan
}

fn time_left(exchange: &Exchange, route: &LiveRoute) -> Duration {
    route
        .route
        .timeout
        .total
        .saturating_sub(clock::elapsed(exchange.started))
}

fn adapt(
    exchange: &Exchange,
    route: &LiveRoute,
    call: &Call,
    caller: &Caller,
    target: &LiveTarget,
) -> Result<Outgoing, Refusal> {
    let provider = &target.provider;
    let model = target.model.as_deref();
    let asked = model.unwrap_or(&call.model);
    let is_translated = exchange.is_translated_to(target);
    let target = TargetModel {
        kind: provider.config.kind,
        provider: provider.config.name.as_str(),
        model,
        stream_usage: provider.config.stream_usage,
        // Bytes that go on as they came need no facts.
        facts: if is_translated {
            exchange.live().facts(provider, asked)
        } else {
            ModelFacts::default()
        },
        refuse_losses: route.route.on_loss == crate::config::OnLoss::Refuse,
    };
    let key = &exchange.key().principal.name;
    prepare(
        call,
        &caller.headers(),
        &target,
        &exchange.gateway().thinking.of(key),
    )
}

type Outcome = Result<Answer, (Box<Exchange>, Box<Failed>)>;

/// One try at one target.
async fn one(
    mut exchange: Box<Exchange>,
    route: &Arc<LiveRoute>,
    target: &Arc<LiveTarget>,
    mut outgoing: Outgoing,
    has_fallback: bool,
    pass: Pass,
    permit: Option<Permit>,
) -> Outcome {
    outgoing.reply.created_at(clock::unix_seconds());
    exchange.losses.clear();
    for loss in &outgoing.losses {
        let comma = if exchange.losses.is_empty() { "" } else { "," };
        let _ = write!(exchange.losses, "{comma}{loss}");
    }
    let is_translated = exchange.is_translated_to(target);
    let input = if is_translated {
        outgoing.body.clone()
    } else {
        Default::default()
    };
    let attempt = Attempt {
        number: 0,
        span: random::span_id(),
        target: target.clone(),
        model: target
            .model
            .clone()
            .unwrap_or_else(|| exchange.model.clone()),
        started: clock::now(),
        first_token: None,
        status: 0,
        input,
        output: Vec::new(),
        is_translated,
        _permit: permit,
    };
    if let Err(refusal) = exchange.begin_attempt(attempt).await {
        return Err((
            exchange,
            Box::new(Failed::new(Failure::TotalTimeout, refusal)),
        ));
    }
    let timeout = route.route.timeout;
    let left = time_left(&exchange, route);
    let is_stream = outgoing.reply.is_stream();
    let limit = if is_stream {
        left.min(timeout.first_token)
    } else {
        left
    };
    let sent = {
        let request = request::build(target, &mut outgoing);
        let sending = upstream::send(&target.provider.origin, &request, timeout.connect);
        tokio::time::timeout(limit, sending).await
    };
    let response = match sent {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => return fail(exchange, pass, of_send(&error)),
        Err(_) if limit < left => {
            let failed = Failed::new(Failure::FirstTokenTimeout, Refusal::UpstreamTimeout);
            return fail(exchange, pass, failed);
        }
        Err(_) => {
            let failed = Failed::new(Failure::TotalTimeout, Refusal::UpstreamTimeout);
            return fail(exchange, pass, failed);
        }
    };
    let (head, mut body) = response.into_parts();
    let status = head.status.as_u16();
    if let Some(attempt) = &mut exchange.attempt {
        attempt.status = status;
    }
    if !head.status.is_success() {
        let failed = Box::pin(read_error(target, status, &head.headers, &mut body)).await;
        return fail(exchange, pass, failed);
    }
    let mut way = Way {
        reply: outgoing.reply,
        head: head.headers,
        body,
        has_fallback,
        pass,
    };
    if is_stream {
        if misfit::is_doubtful(&way.head) {
            let left = time_left(&exchange, route).min(timeout.first_token);
            if let Err(failed) = misfit::look(&mut way, left).await {
                return fail(exchange, way.pass, failed);
            }
        }
        Box::pin(stream::start(exchange, route, way)).await
    } else {
        whole::answer(exchange, route, way).await
    }
}

/// Ends a try without an answer. What the caller did wrong says nothing about the target.
pub(super) fn fail(mut exchange: Box<Exchange>, pass: Pass, failed: Failed) -> Outcome {
    exchange.end_attempt(&failed.seen, reason(failed.failure));
    let is_targets = match failed.failure {
        Failure::Status(status) => status == 408 || status == 429 || status >= 500,
        Failure::Connect
        | Failure::FirstTokenTimeout
        | Failure::Broken
        | Failure::Quota
        | Failure::Auth => true,
        Failure::TotalTimeout => false,
    };
    if is_targets {
        pass.fail(clock::now());
    }
    Err((exchange, Box::new(failed)))
}
