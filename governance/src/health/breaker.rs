//! A target's breaker: closed while it answers, open while it is set aside, and then a probe at a time.
//!
//! The state is one atomic: 0 is closed; else the moment from which on one request may probe. Whoever moves it on by
//! the probe's time limit is that request, so no lock is needed and a probe that never ends blocks nobody for good. The
//! lowest bit tells the two apart, so that no late probe is taken for the end of a later time aside.

use super::Settings;
use super::window::Window;
use crate::Moment;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

const CLOSED: u64 = 0;
/// Set where a probe is under way.
const PROBED: u64 = 1;

/// The health of one target.
pub struct Breaker {
    settings: Settings,
    /// [`CLOSED`], or from when on a probe may leave.
    probe_from: AtomicU64,
    /// Failures since the last success.
    in_a_row: AtomicU32,
    /// Times set aside since the last success.
    times_aside: AtomicU32,
    window: Window,
}

/// A target's state, for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Up,
    /// Set aside for so long yet.
    SetAside(Duration),
    /// Its time aside is over: the next request probes it.
    Probing,
}

/// What a request's end changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    None,
    /// The target is set aside for so long.
    SetAside(Duration),
    /// The target answers again.
    Recovered,
}

impl Breaker {
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            probe_from: AtomicU64::new(CLOSED),
            in_a_row: AtomicU32::new(0),
            times_aside: AtomicU32::new(0),
            window: Window::default(),
        }
    }

    pub fn state(&self, now: Moment) -> State {
        match self.probe_from.load(Ordering::Acquire) {
            CLOSED => State::Up,
            from if from & !PROBED <= now.nanos() => State::Probing,
            from => State::SetAside(Moment::from_nanos(from & !PROBED).since(now)),
        }
    }

    /// Whether [`Breaker::enter`] would refuse.
    pub fn is_set_aside(&self, now: Moment) -> bool {
        matches!(self.state(now), State::SetAside(_))
    }

    /// Lets a request through to the target: every one while it is up; one at a time, as a probe, after its time
    /// aside; none before.
    pub fn enter(self: &Arc<Self>, now: Moment) -> Option<Pass> {
        let from = self.probe_from.load(Ordering::Acquire);
        if from == CLOSED {
            return Some(self.pass(Role::Usual));
        }
        if from & !PROBED > now.nanos() {
            return None;
        }
        let given_up = now.after(self.settings.probe).nanos() | PROBED;
        self.probe_from
            .compare_exchange(from, given_up, Ordering::AcqRel, Ordering::Acquire)
            .ok()
            .map(|_| self.pass(Role::Probe { given_up }))
    }

    /// Lets a request through in any state, for when there is no other target. Its success brings the target back;
    /// its failure does not lengthen the time aside.
    pub fn enter_anyway(self: &Arc<Self>, now: Moment) -> Pass {
        self.enter(now)
            .unwrap_or_else(|| self.pass(Role::LastResort))
    }

    fn pass(self: &Arc<Self>, role: Role) -> Pass {
        Pass {
            breaker: self.clone(),
            role,
            is_open: true,
        }
    }

    fn recover(&self) -> Change {
        let was = self.probe_from.swap(CLOSED, Ordering::AcqRel);
        self.in_a_row.store(0, Ordering::Relaxed);
        self.times_aside.store(0, Ordering::Relaxed);
        if was == CLOSED {
            return Change::None;
        }
        self.window.clear();
        Change::Recovered
    }

    fn set_aside(&self, now: Moment) -> Change {
        let times = self.times_aside.fetch_add(1, Ordering::Relaxed);
        let aside = self
            .settings
            .aside
            .saturating_mul(1u32.checked_shl(times).unwrap_or(u32::MAX))
            .min(self.settings.max_aside);
        let from = (now.after(aside).nanos() & !PROBED).max(2);
        self.probe_from.store(from, Ordering::Release);
        self.in_a_row.store(0, Ordering::Relaxed);
        self.window.clear();
        Change::SetAside(aside)
    }

    fn count_success(&self, now: Moment) -> Change {
        if self.in_a_row.load(Ordering::Relaxed) != 0 {
            self.in_a_row.store(0, Ordering::Relaxed);
        }
        self.window.count(false, self.settings.window, now);
        Change::None
    }

    fn count_failure(&self, now: Moment) -> Change {
        let in_a_row = self
            .in_a_row
            .fetch_add(1, Ordering::Relaxed)
            .saturating_add(1);
        let counts = self.window.count(true, self.settings.window, now);
        let Settings {
            failures,
            error_percent,
            error_minimum,
            ..
        } = self.settings;
        if in_a_row >= failures || counts.is_failing(error_percent, error_minimum) {
            self.set_aside(now)
        } else {
            Change::None
        }
    }

    fn is_closed(&self) -> bool {
        self.probe_from.load(Ordering::Acquire) == CLOSED
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Usual,
    /// Until when the state waits for it.
    Probe {
        given_up: u64,
    },
    LastResort,
}

/// A request on its way to a target. Dropped without a verdict (the client left, the request itself was wrong) it says
/// nothing about the target; an undecided probe lets the next one go at once.
#[must_use = "a pass that is dropped tells the breaker nothing"]
pub struct Pass {
    breaker: Arc<Breaker>,
    role: Role,
    is_open: bool,
}

impl Pass {
    pub fn is_probe(&self) -> bool {
        matches!(self.role, Role::Probe { .. })
    }

    /// The target answered.
    pub fn succeed(mut self, now: Moment) -> Change {
        self.is_open = false;
        match self.role {
            Role::Usual if self.breaker.is_closed() => self.breaker.count_success(now),
            // It left before the target was set aside, and says nothing about now.
            Role::Usual => Change::None,
            Role::Probe { .. } | Role::LastResort => self.breaker.recover(),
        }
    }

    /// The target failed: no connection, a timeout, 408, 429, 5xx, a broken answer.
    pub fn fail(mut self, now: Moment) -> Change {
        self.is_open = false;
        match self.role {
            Role::Usual if self.breaker.is_closed() => self.breaker.count_failure(now),
            Role::Probe { given_up } if self.is_awaited(given_up) => self.breaker.set_aside(now),
            Role::Usual | Role::Probe { .. } | Role::LastResort => Change::None,
        }
    }

    /// Whether the breaker still waits for this probe and no other.
    fn is_awaited(&self, given_up: u64) -> bool {
        self.breaker.probe_from.load(Ordering::Acquire) == given_up
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let (true, Role::Probe { given_up }) = (self.is_open, self.role) {
            // Fails where the probe was given up meanwhile: then the state is another's.
            let _ = self.breaker.probe_from.compare_exchange(
                given_up,
                PROBED,
                Ordering::AcqRel,
                Ordering::Acquire,
            );
        }
    }
}
