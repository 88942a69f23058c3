//! Many threads at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread;
use tollgate_governance::Moment;
use tollgate_governance::limit::{Gate, GateId, Limit, Per, Permits, Rate, RequestLimit, admit};

const NOW: Moment = Moment::from_nanos(1);

#[test]
fn a_thousand_at_once_on_a_limit_of_a_hundred_are_exactly_a_hundred() {
    let limit = Limit {
        per: Per::Route,
        requests: Some(Rate::per_minute(150)),
        tokens: Some(Rate::per_minute(1_000)),
        concurrent: None,
    };
    let route = "chat".into();
    let gate = Arc::new(Gate::new(GateId::Route { route, number: 0 }, limit, NOW));
    let admitted = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..125 {
                    if let Ok(admission) = admit([&gate], 10, NOW) {
                        admission.settle(10, NOW);
                        admitted.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(admitted.into_inner(), 100);
    // Those whom the tokens refused have taken no request.
    assert_eq!(
        gate.standing(NOW).requests.map(|window| window.remaining),
        Some(50)
    );
}

#[test]
fn requests_of_many_threads_are_counted_each() {
    let limit = RequestLimit::new(Rate::per_minute(100));
    let taken = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..125 {
                    if limit.take(NOW).is_ok() {
                        taken.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(taken.into_inner(), 100);
}

#[test]
fn no_more_hold_a_permit_than_there_are() {
    let permits = Arc::new(Permits::new(3));
    let (holding, most) = (AtomicU32::new(0), AtomicU32::new(0));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..1_000 {
                    let Some(permit) = permits.acquire() else {
                        thread::yield_now();
                        continue;
                    };
                    most.fetch_max(holding.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    holding.fetch_sub(1, Ordering::SeqCst);
                    drop(permit);
                }
            });
        }
    });
    assert!(most.into_inner() <= 3);
    assert_eq!(permits.in_use(), 0);
}
