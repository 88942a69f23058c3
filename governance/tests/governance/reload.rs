//! What limits remember when the configuration is loaded again.

use std::time::Duration;
use tollgate_domain::{KeyName, RouteName};
use tollgate_governance::Moment;
use tollgate_governance::limit::{Gate, Gates, Limit, Per, Rate, admit};

fn at(second: u64) -> Moment {
    Moment::from_nanos(second * 1_000_000_000)
}

fn limit(requests: u64, tokens: u64, concurrent: u32) -> Limit {
    Limit {
        per: Per::Key,
        requests: Some(Rate::per_minute(requests)),
        tokens: Some(Rate::per_minute(tokens)),
        concurrent: Some(concurrent),
    }
}

fn remaining(gate: &Gate, now: Moment) -> (u64, u64) {
    let standing = gate.standing(now);
    (
        standing.requests.unwrap().remaining,
        standing.tokens.unwrap().remaining,
    )
}

#[test]
fn the_same_limit_is_the_same_gate() {
    let (gates, key) = (Gates::default(), KeyName::from("search"));
    let first = gates.of_key(&key, &[limit(60, 600, 2)], &[limit(6, 60, 1)], at(1));
    admit(&first, 10, at(1)).unwrap().settle(10, at(1));
    let again = gates.of_key(&key, &[limit(60, 600, 2)], &[limit(6, 60, 1)], at(1));
    assert_eq!(
        again
            .iter()
            .map(|gate| remaining(gate, at(1)))
            .collect::<Vec<_>>(),
        [(59, 590), (5, 50)]
    );
    assert_eq!(gates.len(), 2);
}

#[test]
fn a_changed_limit_counts_what_was_used_and_what_is_on_its_way() {
    let (gates, key) = (Gates::default(), KeyName::from("search"));
    let before = gates.of_key(&key, &[], &[limit(60, 600, 2)], at(1));
    admit(&before, 100, at(1)).unwrap().settle(100, at(1));
    let under_way = admit(&before, 50, at(1)).unwrap();

    let after = gates.of_key(&key, &[], &[limit(120, 300, 1)], at(1));
    assert_eq!(remaining(&after[0], at(1)), (118, 150));
    assert_eq!(after[0].in_use(), Some(1));
    assert!(admit(&after, 1, at(1)).is_err(), "the one permit is out");

    under_way.settle(20, at(1));
    assert_eq!(remaining(&after[0], at(1)), (118, 180));
    assert_eq!(after[0].in_use(), Some(0));
    assert!(admit(&after, 1, at(1)).is_ok());
}

#[test]
fn a_smaller_limit_is_used_up_by_what_came_before() {
    let (gates, key) = (Gates::default(), KeyName::from("search"));
    let before = gates.of_key(&key, &[], &[limit(60, 600, 9)], at(1));
    for _ in 0..10 {
        admit(&before, 1, at(1)).unwrap().settle(1, at(1));
    }
    let after = gates.of_key(&key, &[], &[limit(6, 600, 9)], at(1));
    let denied = admit(&after, 1, at(1)).err().unwrap();
    assert_eq!(denied.retry_after, Duration::from_secs(10));
}

#[test]
fn a_routes_limit_is_shared_or_each_keys_as_it_says() {
    let gates = Gates::default();
    let (route, one, other) = (
        RouteName::from("chat"),
        KeyName::from("one"),
        KeyName::from("other"),
    );
    let limits = [
        limit(10, 100, 9),
        Limit {
            per: Per::Route,
            ..limit(20, 200, 9)
        },
    ];
    admit(&gates.of_route(&route, &one, &limits, at(1)), 10, at(1))
        .unwrap()
        .settle(10, at(1));
    let of_other = gates.of_route(&route, &other, &limits, at(1));
    assert_eq!(remaining(&of_other[0], at(1)), (10, 100));
    assert_eq!(remaining(&of_other[1], at(1)), (19, 190));
    assert_eq!(gates.len(), 3);
}

#[test]
fn gates_of_keys_that_are_gone_are_forgotten() {
    let gates = Gates::default();
    let (one, other) = (KeyName::from("one"), KeyName::from("other"));
    let held = gates.of_key(&one, &[limit(1, 1, 1)], &[], at(1));
    gates.of_key(&other, &[limit(1, 1, 1)], &[], at(1));
    gates.retain(|id| id.to_string().contains("other"));
    assert_eq!(gates.len(), 1);
    // Who holds one keeps it.
    assert!(admit(&held, 1, at(1)).is_ok());
}
