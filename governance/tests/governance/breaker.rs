//! The breaker against a model with its states written out.

use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;
use tollgate_governance::Moment;
use tollgate_governance::health::{Breaker, Change, Pass, Settings, State};

const SETTINGS: Settings = Settings {
    failures: 3,
    error_percent: 50,
    error_minimum: 6,
    window: Duration::from_secs(10),
    aside: Duration::from_secs(4),
    max_aside: Duration::from_secs(12),
    probe: Duration::from_secs(9),
};

fn at(second: u64) -> Moment {
    Moment::from_nanos(second * 1_000_000_000)
}

fn breaker() -> Arc<Breaker> {
    Arc::new(Breaker::new(SETTINGS))
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Model {
    Up,
    /// Until when.
    Aside(u64),
    /// Free to probe.
    Free,
    /// Which request probes, and when it is given up.
    Probed(usize, u64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Role {
    Usual,
    Probe,
    LastResort,
}

#[derive(Debug)]
struct Target {
    model: Model,
    in_a_row: u32,
    times_aside: u32,
    /// Ends in the present window: its number, successes, failures.
    window: (u64, u32, u32),
}

impl Target {
    fn new() -> Self {
        Self {
            model: Model::Up,
            in_a_row: 0,
            times_aside: 0,
            window: (0, 0, 0),
        }
    }

    fn tick(&mut self, now: u64) {
        match self.model {
            Model::Aside(until) if until <= now => self.model = Model::Free,
            Model::Probed(_, given_up) if given_up <= now => self.model = Model::Free,
            _ => {}
        }
    }

    fn enter(&mut self, request: usize, now: u64) -> Option<Role> {
        self.tick(now);
        match self.model {
            Model::Up => Some(Role::Usual),
            Model::Free => {
                self.model = Model::Probed(request, now + SETTINGS.probe.as_secs());
                Some(Role::Probe)
            }
            Model::Aside(_) | Model::Probed(..) => None,
        }
    }

    fn count(&mut self, is_failure: bool, now: u64) {
        let number = now / SETTINGS.window.as_secs();
        if self.window.0 != number {
            self.window = (number, 0, 0);
        }
        if is_failure {
            self.window.2 += 1;
        } else {
            self.window.1 += 1;
        }
    }

    fn set_aside(&mut self, now: u64) -> Change {
        let seconds = (SETTINGS.aside.as_secs() << self.times_aside.min(20))
            .min(SETTINGS.max_aside.as_secs());
        self.times_aside += 1;
        self.in_a_row = 0;
        self.window = (0, 0, 0);
        self.model = Model::Aside(now + seconds);
        Change::SetAside(Duration::from_secs(seconds))
    }

    fn succeed(&mut self, role: Role, now: u64) -> Change {
        match (role, self.model) {
            (Role::Usual, Model::Up) => {
                self.in_a_row = 0;
                self.count(false, now);
                Change::None
            }
            (Role::Usual, _) => Change::None,
            (Role::Probe | Role::LastResort, was) => {
                self.in_a_row = 0;
                self.times_aside = 0;
                if was == Model::Up {
                    return Change::None;
                }
                self.window = (0, 0, 0);
                self.model = Model::Up;
                Change::Recovered
            }
        }
    }

    fn fail(&mut self, request: usize, role: Role, now: u64) -> Change {
        // A probe that was given up counts as long as no other came in between.
        match (role, self.model) {
            (Role::Usual, Model::Up) => {
                self.in_a_row += 1;
                self.count(true, now);
                let (_, successes, failures) = self.window;
                let all = successes + failures;
                if self.in_a_row >= SETTINGS.failures
                    || (all >= SETTINGS.error_minimum && failures * 2 >= all)
                {
                    return self.set_aside(now);
                }
                Change::None
            }
            (Role::Probe, Model::Probed(awaited, _)) if awaited == request => self.set_aside(now),
            _ => Change::None,
        }
    }

    fn leave(&mut self, request: usize, role: Role) {
        if let (Role::Probe, Model::Probed(awaited, _)) = (role, self.model)
            && awaited == request
        {
            self.model = Model::Free;
        }
    }

    fn state(&mut self, now: u64) -> State {
        self.tick(now);
        match self.model {
            Model::Up => State::Up,
            Model::Aside(until) | Model::Probed(_, until) => {
                State::SetAside(Duration::from_secs(until - now))
            }
            Model::Free => State::Probing,
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Enter,
    EnterAnyway,
    Succeed(usize),
    Fail(usize),
    Leave(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0u64..9).prop_map(Step::Wait),
        5 => Just(Step::Enter),
        1 => Just(Step::EnterAnyway),
        2 => any::<usize>().prop_map(Step::Succeed),
        5 => any::<usize>().prop_map(Step::Fail),
        1 => any::<usize>().prop_map(Step::Leave),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn a_breaker_moves_as_in_the_model(steps in prop::collection::vec(step(), 0..60)) {
        let breaker = breaker();
        let mut model = Target::new();
        let mut open: Vec<(Pass, usize, Role)> = Vec::new();
        let mut now = 1;
        for (request, step) in steps.into_iter().enumerate() {
            match step {
                Step::Wait(seconds) => now += seconds,
                Step::Enter => {
                    let role = model.enter(request, now);
                    let pass = breaker.enter(at(now));
                    prop_assert_eq!(pass.as_ref().map(Pass::is_probe), role.map(|role| role == Role::Probe));
                    open.extend(pass.zip(role).map(|(pass, role)| (pass, request, role)));
                }
                Step::EnterAnyway => {
                    let role = model.enter(request, now).unwrap_or(Role::LastResort);
                    let pass = breaker.enter_anyway(at(now));
                    prop_assert_eq!(pass.is_probe(), role == Role::Probe);
                    open.push((pass, request, role));
                }
                Step::Succeed(which) => if !open.is_empty() {
                    let (pass, _, role) = open.swap_remove(which % open.len());
                    prop_assert_eq!(pass.succeed(at(now)), model.succeed(role, now));
                },
                Step::Fail(which) => if !open.is_empty() {
                    let (pass, request, role) = open.swap_remove(which % open.len());
                    prop_assert_eq!(pass.fail(at(now)), model.fail(request, role, now));
                },
                Step::Leave(which) => if !open.is_empty() {
                    let (pass, request, role) = open.swap_remove(which % open.len());
                    drop(pass);
                    model.leave(request, role);
                },
            }
            let mut seen = Target { ..model };
            prop_assert_eq!(breaker.state(at(now)), seen.state(now));
        }
    }
}

fn fail(breaker: &Arc<Breaker>, times: u32, second: u64) {
    for _ in 0..times {
        breaker.enter(at(second)).unwrap().fail(at(second));
    }
}

#[test]
fn failures_in_a_row_set_a_target_aside_and_a_probe_brings_it_back() {
    let breaker = breaker();
    fail(&breaker, 2, 1);
    breaker.enter(at(1)).unwrap().succeed(at(1));
    fail(&breaker, 2, 1);
    assert_eq!(breaker.state(at(1)), State::Up);
    let last = breaker.enter(at(1)).unwrap();
    assert_eq!(last.fail(at(1)), Change::SetAside(Duration::from_secs(4)));
    assert!(breaker.is_set_aside(at(4)) && breaker.enter(at(4)).is_none());
    let probe = breaker.enter(at(5)).unwrap();
    assert!(probe.is_probe() && breaker.enter(at(5)).is_none());
    assert_eq!(probe.succeed(at(6)), Change::Recovered);
    assert_eq!(breaker.state(at(6)), State::Up);
}

#[test]
fn a_late_probe_is_not_taken_for_the_end_of_a_later_time_aside() {
    let breaker = breaker();
    fail(&breaker, 3, 1);
    // Given up at 14, which is when the next time aside will end.
    let late = breaker.enter(at(5)).unwrap();
    assert!(late.is_probe());
    let recovered = breaker.enter_anyway(at(5)).succeed(at(5));
    assert_eq!(recovered, Change::Recovered);
    fail(&breaker, 3, 10);
    assert_eq!(
        breaker.state(at(10)),
        State::SetAside(Duration::from_secs(4))
    );
    assert_eq!(late.fail(at(10)), Change::None);
    assert_eq!(
        breaker.state(at(10)),
        State::SetAside(Duration::from_secs(4))
    );
}

#[test]
fn a_failed_probe_doubles_the_time_up_to_its_bound() {
    let breaker = breaker();
    fail(&breaker, 3, 1);
    let mut now = 5;
    for seconds in [8, 12, 12] {
        let probe = breaker.enter(at(now)).unwrap();
        assert_eq!(
            probe.fail(at(now)),
            Change::SetAside(Duration::from_secs(seconds))
        );
        now += seconds;
    }
}

#[test]
fn a_time_aside_that_ends_with_the_probes_own_is_kept() {
    let breaker = breaker();
    fail(&breaker, 3, 1);
    let probe = breaker.enter(at(5)).unwrap();
    assert_eq!(probe.fail(at(6)), Change::SetAside(Duration::from_secs(8)));
    assert_eq!(
        breaker.state(at(6)),
        State::SetAside(Duration::from_secs(8))
    );
}

#[test]
fn half_of_many_failing_sets_a_target_aside_though_none_follow_each_other() {
    let breaker = breaker();
    for _ in 0..2 {
        breaker.enter(at(1)).unwrap().succeed(at(1));
        fail(&breaker, 1, 1);
    }
    breaker.enter(at(1)).unwrap().succeed(at(1));
    assert_eq!(breaker.state(at(1)), State::Up);
    fail(&breaker, 1, 1);
    assert!(breaker.is_set_aside(at(1)));
}

#[test]
fn a_client_that_leaves_a_probe_lets_the_next_request_probe() {
    let breaker = breaker();
    fail(&breaker, 3, 1);
    drop(breaker.enter(at(5)));
    assert!(breaker.enter(at(5)).unwrap().is_probe());
}

#[test]
fn a_probe_that_never_ends_blocks_for_its_time_alone() {
    let breaker = breaker();
    fail(&breaker, 3, 1);
    let lost = breaker.enter(at(5)).unwrap();
    assert!(breaker.enter(at(13)).is_none());
    let next = breaker.enter(at(14)).unwrap();
    assert_eq!(lost.fail(at(14)), Change::None);
    assert_eq!(next.succeed(at(14)), Change::Recovered);
}

#[test]
fn a_last_resort_that_succeeds_brings_the_target_back_and_one_that_fails_changes_nothing() {
    let breaker = breaker();
    fail(&breaker, 3, 1);
    assert_eq!(breaker.enter_anyway(at(2)).fail(at(2)), Change::None);
    assert_eq!(
        breaker.state(at(2)),
        State::SetAside(Duration::from_secs(3))
    );
    assert_eq!(
        breaker.enter_anyway(at(2)).succeed(at(2)),
        Change::Recovered
    );
}

#[test]
fn requests_that_left_before_say_nothing_about_a_target_set_aside() {
    let breaker = breaker();
    let (early, late) = (breaker.enter(at(1)).unwrap(), breaker.enter(at(1)).unwrap());
    fail(&breaker, 3, 1);
    assert_eq!(early.succeed(at(2)), Change::None);
    assert_eq!(late.fail(at(2)), Change::None);
    assert_eq!(
        breaker.state(at(2)),
        State::SetAside(Duration::from_secs(3))
    );
}

#[test]
fn of_many_that_come_at_once_one_probes() {
    let breaker = breaker();
    fail(&breaker, 3, 1);
    let (sender, passes) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let (breaker, sender) = (breaker.clone(), sender.clone());
            scope.spawn(move || sender.send(breaker.enter(at(5))).unwrap());
        }
    });
    drop(sender);
    let passes: Vec<Pass> = passes.into_iter().flatten().collect();
    assert_eq!(passes.len(), 1);
}
