//! Admission through several gates against a model: all of them, or nothing is counted.

use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;
use tollgate_domain::{KeyName, Refusal, Unit};
use tollgate_governance::Moment;
use tollgate_governance::limit::{Admission, Gate, GateId, Limit, Per, Rate, admit, count};

const GATES: usize = 5;

/// One a second, of requests and of tokens.
fn limit(requests: Option<u64>, tokens: Option<u64>, concurrent: Option<u32>) -> Limit {
    let rate = |count| Rate {
        count,
        period: Duration::from_secs(count),
    };
    Limit {
        per: Per::Key,
        requests: requests.map(rate),
        tokens: tokens.map(rate),
        concurrent,
    }
}

fn gate(number: u16, limit: Limit) -> Arc<Gate> {
    let key: KeyName = "search".into();
    Arc::new(Gate::new(GateId::Key { key, number }, limit, at(1)))
}

fn at(second: u64) -> Moment {
    Moment::from_nanos(second * 1_000_000_000)
}

#[derive(Clone, Debug)]
struct ModelGate {
    limit: Limit,
    requests: i64,
    tokens: i64,
    in_use: u32,
}

impl ModelGate {
    fn of(limit: Limit) -> Self {
        let count = |rate: Option<Rate>| rate.map_or(0, |rate| rate.count as i64);
        Self {
            limit,
            requests: count(limit.requests),
            tokens: count(limit.tokens),
            in_use: 0,
        }
    }

    fn refuses(&self, tokens: i64) -> Option<Unit> {
        if self
            .limit
            .concurrent
            .is_some_and(|most| self.in_use >= most)
        {
            return Some(Unit::Concurrent);
        }
        if let Some(rate) = self.limit.tokens
            && self.tokens < tokens.min(rate.count as i64)
        {
            return Some(Unit::Tokens);
        }
        (self.limit.requests.is_some() && self.requests < 1).then_some(Unit::Requests)
    }

    fn give_tokens(&mut self, tokens: i64) {
        let most = self.limit.tokens.map_or(0, |rate| rate.count as i64);
        self.tokens = (self.tokens + tokens).clamp(-60 * most, most);
    }

    fn wait_a_second(&mut self) {
        self.give_tokens(1);
        let most = self.limit.requests.map_or(0, |rate| rate.count as i64);
        self.requests = (self.requests + 1).min(most);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Admit(u8, u64),
    Settle(usize, u64),
    Drop(usize),
}

fn limits() -> impl Strategy<Value = Vec<Limit>> {
    let one = (
        prop::option::of(1u64..8),
        prop::option::of(1u64..30),
        prop::option::of(1u32..4),
    );
    prop::collection::vec(
        one.prop_map(|(requests, tokens, concurrent)| limit(requests, tokens, concurrent)),
        GATES,
    )
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => (0u64..6).prop_map(Step::Wait),
        4 => (any::<u8>(), 0u64..20).prop_map(|(which, tokens)| Step::Admit(which, tokens)),
        2 => (any::<usize>(), 0u64..40).prop_map(|(which, used)| Step::Settle(which, used)),
        1 => any::<usize>().prop_map(Step::Drop),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn a_request_passes_all_gates_or_none(limits in limits(), steps in prop::collection::vec(step(), 0..40)) {
        let gates: Vec<Arc<Gate>> = (0u16..).zip(&limits).map(|(number, limit)| gate(number, *limit)).collect();
        let mut model: Vec<ModelGate> = limits.into_iter().map(ModelGate::of).collect();
        let mut open: Vec<(Admission, Vec<usize>, i64)> = Vec::new();
        let mut second = 1;
        for step in steps {
            match step {
                Step::Wait(seconds) => {
                    second += seconds;
                    for _ in 0..seconds {
                        model.iter_mut().for_each(ModelGate::wait_a_second);
                    }
                }
                Step::Admit(which, tokens) => {
                    let through: Vec<usize> = (0..GATES).filter(|gate| which >> gate & 1 == 1).collect();
                    let tokens_signed = tokens as i64;
                    let refusal = through.iter().find_map(|gate| Some((*gate, model[*gate].refuses(tokens_signed)?)));
                    let admitted = admit(through.iter().map(|gate| &gates[*gate]), tokens, at(second));
                    match (refusal, admitted) {
                        (None, Ok(admission)) => {
                            for gate in &through {
                                let gate = &mut model[*gate];
                                gate.requests -= i64::from(gate.limit.requests.is_some());
                                gate.give_tokens(-tokens_signed);
                                gate.in_use += u32::from(gate.limit.concurrent.is_some());
                            }
                            open.push((admission, through, tokens_signed));
                        }
                        (Some((gate, unit)), Err(denied)) => {
                            prop_assert_eq!((&denied.by, denied.unit), (gates[gate].id(), unit));
                            prop_assert!(!denied.retry_after.is_zero());
                        }
                        (expected, got) => prop_assert!(false, "{expected:?}, got {:?}", got.err()),
                    }
                }
                Step::Settle(which, used) => if !open.is_empty() {
                    let (admission, through, tokens) = open.swap_remove(which % open.len());
                    admission.settle(used, at(second));
                    for gate in through {
                        model[gate].give_tokens(tokens - used as i64);
                        model[gate].in_use = model[gate].in_use.saturating_sub(1);
                    }
                },
                Step::Drop(which) => if !open.is_empty() {
                    let (admission, through, tokens) = open.swap_remove(which % open.len());
                    drop(admission);
                    for gate in through {
                        model[gate].give_tokens(tokens);
                        model[gate].in_use = model[gate].in_use.saturating_sub(1);
                    }
                },
            }
            for (gate, model) in gates.iter().zip(&model) {
                prop_assert_eq!(gate.in_use(), model.limit.concurrent.map(|_| model.in_use));
                let standing = gate.standing(at(second));
                prop_assert_eq!(
                    standing.requests.map(|window| window.remaining),
                    model.limit.requests.map(|_| model.requests as u64)
                );
                prop_assert_eq!(
                    standing.tokens.map(|window| window.remaining),
                    model.limit.tokens.map(|_| model.tokens.max(0) as u64)
                );
            }
        }
        // Whatever came before, all ended: nothing is held after the deepest debt's time.
        drop(open);
        for (gate, limit) in gates.iter().zip(model.iter().map(|model| model.limit)) {
            let standing = gate.standing(at(second + 61 * 30));
            prop_assert_eq!(gate.in_use(), limit.concurrent.map(|_| 0));
            prop_assert_eq!(gate.open_reservations(), 0);
            prop_assert_eq!(standing.requests.map(|window| window.remaining), limit.requests.map(|rate| rate.count));
            prop_assert_eq!(standing.tokens.map(|window| window.remaining), limit.tokens.map(|rate| rate.count));
        }
    }
}

#[test]
fn headers_tell_the_tightest_limit_of_the_key_and_none_of_the_route() {
    let wide = gate(0, limit(Some(100), Some(10_000), None));
    let narrow = gate(1, limit(Some(10), None, None));
    let route = GateId::Route {
        route: "chat".into(),
        number: 0,
    };
    let shared = Arc::new(Gate::new(route, limit(Some(2), Some(2), None), at(1)));
    let admission = admit([&wide, &narrow, &shared], 1, at(1)).unwrap();
    let standing = admission.standing();
    assert_eq!(
        standing.requests.map(|w| (w.limit, w.remaining)),
        Some((10, 9))
    );
    assert_eq!(
        standing.tokens.map(|w| (w.limit, w.remaining)),
        Some((10_000, 9_999))
    );
}

#[test]
fn a_refusal_says_who_is_limited_to_what_and_until_when() {
    let key: KeyName = "search".into();
    let id = GateId::KeyOnRoute {
        key,
        route: "chat".into(),
        number: 0,
    };
    let gate = Arc::new(Gate::new(id, limit(Some(1), None, None), at(1)));
    admit([&gate], 0, at(1)).unwrap().settle(0, at(1));
    let refusal = admit([&gate], 0, at(1)).err().unwrap().into_refusal();
    assert_eq!(
        refusal,
        Refusal::LimitReached {
            unit: Unit::Requests,
            limit: 1,
            scope: "key `search` on route `chat`".to_owned(),
            retry_after: Duration::from_secs(1),
        }
    );
}

#[test]
fn without_gates_everything_is_admitted() {
    let none: [&Arc<Gate>; 0] = [];
    let admission = admit(none, u64::MAX, at(1)).unwrap();
    assert_eq!(
        *admission.standing(),
        tollgate_governance::limit::Standing::default()
    );
    admission.settle(u64::MAX, at(1));
}

#[test]
fn what_goes_no_further_takes_a_request_of_every_gate_or_of_none() {
    let wide = gate(0, limit(Some(10), Some(1), Some(1)));
    let narrow = gate(1, limit(Some(2), None, None));
    let left = || [&wide, &narrow].map(|gate| gate.standing(at(1)).requests.unwrap().remaining);
    let standing = count([&wide, &narrow], at(1)).unwrap();
    assert_eq!(standing.requests.unwrap().remaining, 1);
    // No token and no permit.
    assert_eq!(standing.tokens.unwrap().remaining, 1);
    assert_eq!((wide.in_use(), wide.open_reservations()), (Some(0), 0));
    count([&wide, &narrow], at(1)).unwrap();
    let denied = count([&wide, &narrow], at(1)).err().unwrap();
    assert_eq!((denied.unit, denied.limit), (Unit::Requests, 2));
    assert_eq!(denied.standing.requests.unwrap().remaining, 0);
    assert_eq!(left(), [8, 0]);
}
