//! The state of one simulated server: what it was told to do next, what it saw, and what its caches hold.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::fault::Fault;
use super::log::{Entry, Log};

/// Simulators of this process, so that no two of them make the same ids.
static NUMBER: AtomicU64 = AtomicU64::new(0);

const MOST_QUEUED: usize = 10_000;
const MOST_PREFIXES: usize = 10_000;

/// Shared by all connections of one simulated server; cheap to clone.
#[derive(Clone, Debug)]
pub struct Simulator {
    pub(crate) number: u64,
    pub(crate) log: Arc<Log>,
    state: Arc<Mutex<State>>,
    /// Between two frames with content, where no fault says otherwise.
    pub(crate) pace: Option<Duration>,
    /// Whether `/sim/*` answers.
    pub(crate) is_controlled: bool,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Vec<Fault>>,
    prefixes: HashSet<u128>,
}

impl Default for Simulator {
    fn default() -> Self {
        Self::new()
    }
}

impl Simulator {
    /// For tests: everything is logged, `/sim/*` controls it, streams are as fast as they can be.
    pub fn new() -> Self {
        Self::with(true, None)
    }

    /// For the binary: a loopback port is open to every user of the machine, so nothing is kept or controlled there.
    pub fn embedded() -> Self {
        Self::with(false, Some(Duration::from_millis(15)))
    }

    fn with(is_controlled: bool, pace: Option<Duration>) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self {
            number,
            log: Arc::new(Log::new(is_controlled)),
            state: Arc::default(),
            pace,
            is_controlled,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next request to a model endpoint that no other entry of the queue precedes has this fault.
    pub fn push_fault(&self, fault: Fault) {
        self.push_faults(vec![fault]);
    }

    /// Several faults for one request; an empty list lets one request pass.
    pub fn push_faults(&self, faults: Vec<Fault>) {
        let mut state = self.state();
        if state.queue.len() < MOST_QUEUED {
            state.queue.push_back(faults);
        }
    }

    pub(crate) fn next_faults(&self) -> Vec<Fault> {
        self.state().queue.pop_front().unwrap_or_default()
    }

    /// Every request still in the log, oldest first.
    pub fn log(&self) -> Vec<Entry> {
        self.log.entries()
    }

    /// The requests after this one.
    pub(crate) fn log_after(&self, seq: Option<u64>) -> Vec<Entry> {
        let mut entries = self.log();
        entries.retain(|entry| seq.is_none_or(|seq| entry.seq > seq));
        entries
    }

    /// Now, on the scale of the log's times.
    pub fn now_ms(&self) -> u64 {
        self.log.now_ms()
    }

    /// The status of an `early` fault, if that is next.
    pub(crate) fn take_early(&self) -> Option<u16> {
        let mut state = self.state();
        let Some([Fault::Early(status)]) = state.queue.front().map(Vec::as_slice) else {
            return None;
        };
        let status = *status;
        state.queue.pop_front();
        Some(status)
    }

    /// Forgets queue, log and caches.
    pub fn reset(&self) {
        *self.state() = State::default();
        self.log.clear();
    }

    /// Notes a prompt's prefix; whether it was in the prompt cache already.
    pub(crate) fn touch_prefix(&self, prefix: u128) -> bool {
        let mut state = self.state();
        if state.prefixes.len() >= MOST_PREFIXES {
            state.prefixes.clear();
        }
        !state.prefixes.insert(prefix)
    }
}
