//! What the simulated server was asked and how each request ended: the provider's own books, which tests compare with
//! the gateway's. Bounded by entries and bytes; the oldest go first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::request::Parts;
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

const MOST_ENTRIES: usize = 10_000;
const MOST_BYTES: usize = 256 << 20;
const MOST_BODY: usize = 4 << 20;

/// One request. Headers and body are as they came, credentials included: tests search them for canaries.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    pub seq: u64,
    /// Milliseconds since the simulator began, at the request's head.
    pub at_ms: u64,
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub model: String,
    pub faults: Vec<String>,
    pub status: Option<u16>,
    pub outcome: Outcome,
    /// When it ended, on the scale of `at_ms`.
    pub ended_ms: Option<u64>,
    /// Frames handed to the connection.
    pub frames: u64,
    /// The text in these frames.
    pub text: String,
    /// The usage of the whole answer, whether or not the client stayed for it.
    pub usage: Option<Value>,
    /// Thinking blocks that came back with a good signature.
    pub thinking_verified: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    InFlight,
    /// Everything was handed to the connection.
    Finished,
    /// The client went away first.
    Cancelled,
    /// A fault broke the connection.
    Broken,
}

#[derive(Debug)]
pub(crate) struct Log {
    started: Instant,
    state: Mutex<State>,
    is_kept: bool,
}

#[derive(Debug, Default)]
struct State {
    entries: VecDeque<Entry>,
    bytes: usize,
    next: u64,
}

impl Log {
    pub(crate) fn new(is_kept: bool) -> Self {
        Self {
            started: Instant::now(),
            state: Mutex::default(),
            is_kept,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.state().entries.iter().cloned().collect()
    }

    /// Sequence numbers go on, so that requests in flight can't write into new entries.
    pub(crate) fn clear(&self) {
        let mut state = self.state();
        state.entries.clear();
        state.bytes = 0;
    }

    pub(crate) fn open(self: &Arc<Self>, parts: &Parts) -> Record {
        let headers = parts.headers.iter().map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        });
        let mut state = self.state();
        let seq = state.next;
        state.next += 1;
        if self.is_kept {
            let entry = Entry {
                seq,
                at_ms: self.now_ms(),
                method: parts.method.to_string(),
                path: parts
                    .uri
                    .path_and_query()
                    .map(|path| path.to_string())
                    .unwrap_or_default(),
                headers: headers.collect(),
                body: String::new(),
                model: String::new(),
                faults: Vec::new(),
                status: None,
                outcome: Outcome::InFlight,
                ended_ms: None,
                frames: 0,
                text: String::new(),
                usage: None,
                thinking_verified: 0,
            };
            state.entries.push_back(entry);
            state.trim();
        }
        Record {
            log: Arc::clone(self),
            seq,
            is_ended: false,
        }
    }
}

impl State {
    fn trim(&mut self) {
        while self.entries.len() > MOST_ENTRIES || self.bytes > MOST_BYTES {
            let Some(oldest) = self.entries.pop_front() else {
                break;
            };
            self.bytes = self.bytes.saturating_sub(oldest.body.len());
        }
    }
}

/// Owns the ending of one entry: dropped before its end, the client had left.
#[derive(Debug)]
pub(crate) struct Record {
    log: Arc<Log>,
    seq: u64,
    is_ended: bool,
}

impl Record {
    pub(crate) fn seq(&self) -> u64 {
        self.seq
    }

    /// Changes the entry, if it is still there.
    pub(crate) fn edit(&self, change: impl FnOnce(&mut Entry)) {
        if !self.log.is_kept {
            return;
        }
        let mut state = self.log.state();
        let first = state.entries.front().map_or(0, |entry| entry.seq);
        let index = usize::try_from(self.seq.wrapping_sub(first)).unwrap_or(usize::MAX);
        if let Some(entry) = state
            .entries
            .get_mut(index)
            .filter(|entry| entry.seq == self.seq)
        {
            change(entry);
        }
    }

    pub(crate) fn body(&self, body: &[u8]) {
        let kept = body.get(..MOST_BODY).unwrap_or(body);
        let text = String::from_utf8_lossy(kept).into_owned();
        let length = text.len();
        self.edit(|entry| entry.body = text);
        if self.log.is_kept {
            let mut state = self.log.state();
            state.bytes += length;
            state.trim();
        }
    }

    pub(crate) fn sent(&self, text: &str) {
        self.edit(|entry| {
            entry.frames += 1;
            if entry.text.len() < MOST_BODY {
                entry.text.push_str(text);
            }
        });
    }

    pub(crate) fn finished(&mut self) {
        self.end(Outcome::Finished);
    }

    pub(crate) fn broken(&mut self) {
        self.end(Outcome::Broken);
    }

    fn end(&mut self, outcome: Outcome) {
        if !std::mem::replace(&mut self.is_ended, true) {
            let now = self.log.now_ms();
            self.edit(|entry| (entry.outcome, entry.ended_ms) = (outcome, Some(now)));
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.end(Outcome::Cancelled);
    }
}
