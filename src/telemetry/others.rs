//! Calls that make no trace: what was refused before anybody was known, lists, probes, scrapes, MLflow's API. All of
//! them are counted; a line of the log is written at a bounded rate, so that nobody unknown fills the disk.

use super::make::{Made, Make};
use crate::clock::{self, Moment};
use prometheus::IntCounterVec;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tollgate_domain::Refusal;

/// What such a call was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A model endpoint, by somebody unknown.
    Call,
    List,
    Probe,
    Scrape,
    Mlflow,
    /// A path where nothing is, or no path that could be read.
    Nothing,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::List => "list",
            Self::Probe => "probe",
            Self::Scrape => "scrape",
            Self::Mlflow => "mlflow",
            Self::Nothing => "nothing",
        }
    }

    /// How many lines may be written at once, and how long it takes until one more may.
    fn rate(self) -> (u32, Duration) {
        match self {
            // They come for ever, and at intervals.
            Self::Probe | Self::Scrape => (1, Duration::from_secs(60)),
            Self::Call | Self::List | Self::Mlflow | Self::Nothing => (20, Duration::from_secs(1)),
        }
    }
}

/// One of these calls, as the log has it.
pub struct Asked<'a> {
    pub kind: Kind,
    pub method: &'a str,
    pub path: &'a str,
}

impl Asked<'_> {
    /// A head that could not be read.
    pub const UNREADABLE: Asked<'static> = Asked {
        kind: Kind::Nothing,
        method: "",
        path: "",
    };
}

pub struct Others {
    answered: IntCounterVec,
    refused: IntCounterVec,
    answers: [Cap; 6],
    refusals: [Cap; 6],
}

impl Others {
    pub(super) fn new(made: &Make<'_>) -> Made<Self> {
        Ok(Self {
            answered: made.counters(
                "tollgate_other_requests_total",
                "Answers to calls that make no trace: lists, probes, scrapes, MLflow's API.",
                &["kind", "status"],
            )?,
            refused: made.counters(
                "tollgate_unauthenticated_requests_total",
                "Requests refused before anybody was known.",
                &["code"],
            )?,
            answers: Default::default(),
            refusals: Default::default(),
        })
    }

    /// A list, a probe and so on was answered.
    pub fn answered(&self, asked: &Asked<'_>, status: u16) {
        let mut digits = [0u8; 3];
        let status_text = super::metrics::status_text(status, &mut digits);
        let kind = asked.kind.as_str();
        self.answered.with_label_values(&[kind, status_text]).inc();
        if let Some(left_out) = line(&self.answers, asked.kind) {
            let (method, path) = (shown(asked.method), shown(asked.path));
            tracing::info!(kind, method, path, status, left_out, "answered");
        }
    }

    /// Somebody was refused before they were known.
    pub fn refused(&self, asked: &Asked<'_>, refusal: &Refusal, status: u16, request: &str) {
        let code = refusal.code();
        self.refused.with_label_values(&[code]).inc();
        if let Some(left_out) = line(&self.refusals, asked.kind) {
            let kind = asked.kind.as_str();
            let (method, path) = (shown(asked.method), shown(asked.path));
            tracing::info!(
                request, kind, method, path, status, code, left_out, "refused"
            );
        }
    }
}

/// Whether a line of this kind may be written now; how many were not since the last.
fn line(caps: &[Cap; 6], kind: Kind) -> Option<u64> {
    caps.get(kind as usize)?.take(clock::now(), kind.rate())
}

fn shown(path: &str) -> String {
    path.chars().take(200).collect()
}

/// Lets lines through at a rate.
#[derive(Default)]
struct Cap(Mutex<State>);

#[derive(Default)]
struct State {
    /// Lines written that were not yet made up for.
    written: u32,
    /// Until when they were made up for.
    since: Moment,
    left_out: u64,
}

impl Cap {
    /// How many lines were left out before the one that may be written now; `None` where none may.
    fn take(&self, now: Moment, (most, interval): (u32, Duration)) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = now.since(state.since).as_nanos() / interval.as_nanos().max(1);
        match u32::try_from(passed) {
            Ok(passed) if passed < state.written => {
                state.written -= passed;
                state.since = state.since.after(interval.saturating_mul(passed));
            }
            _ => {
                state.written = 0;
                state.since = now;
            }
        }
        if state.written >= most {
            state.left_out += 1;
            return None;
        }
        state.written += 1;
        Some(std::mem::take(&mut state.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_at_a_rate_and_tell_how_many_were_left_out() {
        let cap = Cap::default();
        let start = Moment::from_nanos(7_000_000_000);
        let rate = (3, Duration::from_secs(10));
        let at = |millis: u64| cap.take(start.after(Duration::from_millis(millis)), rate);
        assert_eq!([at(0), at(1), at(2)], [Some(0), Some(0), Some(0)]);
        assert_eq!([at(3), at(9_999)], [None, None]);
        assert_eq!([at(10_000), at(10_001)], [Some(2), None]);
        // However long nothing came, no more than three at once.
        let later = [1_000_000, 1_000_001, 1_000_002, 1_000_003].map(at);
        assert_eq!(later, [Some(1), Some(0), Some(0), None]);
    }
}
