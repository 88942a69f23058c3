//! Targets in order, tries at each, and what follows a failure.

use super::answer::Answer;
use super::caller::Caller;
use super::exchange::{Attempt, Exchange};
use super::failed::{Failed, of_send, read_error, reason};
use super::lines::Lines;
use super::{count, request, stream, whole};
use crate::clock::{self, Moment};
use crate::live::{LiveRoute, LiveTarget};
use crate::random;
use crate::upstream::{self, Kept, Response, UpstreamBody};
use http::StatusCode;
use std::fmt::Write as _;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tollgate_domain::{Refusal, Unit};
use tollgate_governance::health::Pass;
use tollgate_governance::limit::Permit;
use tollgate_governance::strategy::{Choice, Failure, Plan, Tried, Verdict};
use tollgate_providers::{Call, ModelFacts, Outgoing, Reply, TargetModel, prepare};

/// A provider's answer, of which the head has come.
pub(super) struct Way {
    pub reply: Reply,
    pub status: StatusCode,
    pub head: Kept,
    pub body: UpstreamBody,
    pub pass: Pass,
}

/// A try without an answer, and the request whose it was.
pub(super) type Unanswered = (Box<Exchange>, Box<Failed>);

/// Tries until there is an answer, and settles with an error where there is none.
pub async fn run(
    mut exchange: Box<Exchange>,
    route: &LiveRoute,
    call: &Call,
    caller: &Caller,
) -> Answer {
    let now = clock::now();
    let mut plan = plan(route, now);
    let mut last = Refusal::Unreachable("every target is set aside".to_owned());
    let mut told = Lines::default();
    while let Some(step) = plan.next_step() {
        let target = step.target;
        if count::is_ours(&exchange, &target) {
            return Box::pin(count::answer(exchange, target, call)).await;
        }
        let Ok(mut permit) = enter(&target) else {
            (last, told) = (at_capacity(&target), Lines::default());
            continue;
        };
        let mut pass = if step.is_last_resort {
            target.breaker.enter_anyway(clock::now())
        } else {
            match target.breaker.enter(now) {
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
            let outgoing = match adapt(&exchange, route, call, caller, &target) {
                Ok(outgoing) => outgoing,
                Err(refusal) => {
                    (last, told) = (refusal, Lines::default());
                    break;
                }
            };
            let has_fallback = !plan.is_empty();
            let asking = one(&mut exchange, route, &target, outgoing, pass, permit);
            let outcome = match asking.await {
                Ok(way) if way.reply.is_stream() => {
                    let starting = stream::start(exchange, route, way, has_fallback);
                    Box::pin(starting).await
                }
                Ok(way) => whole::answer(exchange, route, way).await,
                Err(failed) => Err((exchange, failed)),
            };
            let failed = match outcome {
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
                    time_left: time_left(&exchange, route, clock::now()),
                },
                random::next_u64(),
            );
            (last, told) = (failed.refusal, failed.told);
            exchange.gateway().metrics.followed(
                route,
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

fn plan(route: &LiveRoute, now: Moment) -> Plan<Arc<LiveTarget>> {
    let mut plan = Plan::default();
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

fn time_left(exchange: &Exchange, route: &LiveRoute, now: Moment) -> Duration {
    let total = route.route.timeout.total;
    total.saturating_sub(now.since(exchange.started))
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

/// One try at one target, up to the answer's head.
fn one<'a>(
    exchange: &'a mut Exchange,
    route: &'a LiveRoute,
    target: &'a Arc<LiveTarget>,
    mut outgoing: Outgoing,
    pass: Pass,
    permit: Option<Permit>,
) -> impl Future<Output = Result<Way, Box<Failed>>> + Send {
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
    let now = clock::now();
    let taken = exchange.begin_attempt(Attempt {
        number: 0,
        span: random::span_id(),
        target: target.clone(),
        model: target
            .model
            .clone()
            .unwrap_or_else(|| exchange.model.clone()),
        started: now,
        first_token: None,
        status: 0,
        input,
        output: Vec::new(),
        is_translated,
        _permit: permit,
    });
    let left = time_left(exchange, route, now);
    let timeout = route.route.timeout;
    let limit = if outgoing.reply.is_stream() {
        left.min(timeout.first_token)
    } else {
        left
    };
    async move {
        if let Err(refusal) = exchange.begun(taken).await {
            return Err(Box::new(Failed::new(Failure::TotalTimeout, refusal)));
        }
        let sent = {
            let request = request::build(target, &mut outgoing);
            let sending = upstream::send(&target.provider.origin, &request, timeout.connect);
            tokio::time::timeout(limit, sending).await
        };
        let mut way = match sent {
            Ok(Ok(response)) => Way::of(exchange, outgoing.reply, pass, response),
            Ok(Err(error)) => return Err(end(exchange, pass, of_send(&error))),
            Err(_) => {
                let failure = if limit < left {
                    Failure::FirstTokenTimeout
                } else {
                    Failure::TotalTimeout
                };
                let failed = Failed::new(failure, Refusal::UpstreamTimeout);
                return Err(end(exchange, pass, failed));
            }
        };
        if way.status.is_success() {
            return Ok(way);
        }
        let failed = Box::pin(read_error(target, &mut way)).await;
        Err(end(exchange, way.pass, failed))
    }
}

impl Way {
    fn of(exchange: &mut Exchange, reply: Reply, pass: Pass, response: Response) -> Self {
        if let Some(attempt) = &mut exchange.attempt {
            attempt.status = response.status.as_u16();
        }
        Self {
            reply,
            status: response.status,
            head: response.head,
            body: response.body,
            pass,
        }
    }
}

/// Ends a try without an answer. What the caller did wrong says nothing about the target.
fn end(exchange: &mut Exchange, pass: Pass, failed: Failed) -> Box<Failed> {
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
    Box::new(failed)
}

/// The same for who owns the exchange; another try may follow.
pub(super) fn fail<T>(
    mut exchange: Box<Exchange>,
    pass: Pass,
    failed: Failed,
) -> Result<T, Unanswered> {
    let failed = end(&mut exchange, pass, failed);
    Err((exchange, failed))
}
