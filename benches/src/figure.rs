//! The figures that are taken, and how one run gives one sample of them.

use serde::Serialize;

use crate::contestant::{Contestant, Name, Place};
use crate::failure::{Failure, Result};
use crate::load::Load;
use crate::process;
use crate::procfs::{Memory, Reading};
use crate::work::Work;

/// What of a sample the figure compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Compared {
    /// CPU a request or stream.
    Cpu,
    /// Median latency above that of the upstream itself.
    AddedLatency,
}

/// One line of work that every contestant does in turn.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    pub(crate) title: &'static str,
    pub(crate) compared: Compared,
    pub(crate) work: Work,
    /// Tollgate answers from an Anthropic upstream; the others pass the same work through.
    pub(crate) translated: bool,
    pub(crate) connections: u32,
    pub(crate) requests: u64,
    /// The highest ratio to the bare proxy that is still within the goal.
    pub(crate) goal: Option<f64>,
}

impl Figure {
    /// All figures; `share` scales the number of requests.
    pub(crate) fn all(share: f64) -> Vec<Figure> {
        let figure = |title, compared, work, connections, requests: u32, goal| Figure {
            title,
            compared,
            work,
            translated: false,
            connections,
            requests: (f64::from(requests) * share).ceil() as u64,
            goal,
        };
        let mut all = vec![
            figure(
                "request, 64 connections",
                Compared::Cpu,
                Work::Whole,
                64,
                20_000,
                Some(1.3),
            ),
            figure(
                "request, 256 connections",
                Compared::Cpu,
                Work::Whole,
                256,
                12_000,
                None,
            ),
            figure(
                "request, 1 connection",
                Compared::Cpu,
                Work::Whole,
                1,
                4_000,
                None,
            ),
            figure(
                "added latency, 1 connection",
                Compared::AddedLatency,
                Work::Whole,
                1,
                4_000,
                Some(1.25),
            ),
            figure(
                "stream of 100 chunks, 10 ms apart",
                Compared::Cpu,
                Work::Paced,
                64,
                128,
                Some(1.25),
            ),
            figure(
                "stream of 100 chunks, a burst",
                Compared::Cpu,
                Work::Burst,
                64,
                2_500,
                Some(1.0),
            ),
            figure(
                "request, translated to Anthropic",
                Compared::Cpu,
                Work::Whole,
                64,
                12_000,
                Some(1.6),
            ),
            figure(
                "burst, translated to Anthropic",
                Compared::Cpu,
                Work::Burst,
                64,
                1_500,
                None,
            ),
        ];
        for figure in &mut all {
            figure.translated = figure.title.contains("translated");
            // A paced stream lasts a second; fewer than one a connection would measure an idle proxy.
            if figure.work == Work::Paced {
                figure.requests = figure.requests.max(u64::from(figure.connections));
            }
        }
        all
    }

    pub(crate) fn takes_part(&self, name: Name) -> bool {
        match name {
            Name::Direct => self.compared == Compared::AddedLatency,
            Name::Bare | Name::Tollgate => true,
            Name::Nginx => !self.translated,
        }
    }

    pub(crate) fn load(&self, contestant: &Contestant) -> Load {
        Load {
            to: contestant.address,
            work: self.work,
            translated: self.translated && contestant.name == Name::Tollgate,
            connections: self.connections,
            requests: self.requests,
            ..Load::default()
        }
    }
}

/// What one run of one contestant used.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Sample {
    /// CPU a request of all threads but the drain's, µs.
    pub(crate) path_us: f64,
    /// CPU a request of all threads until the journal is in the store, µs.
    pub(crate) whole_us: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) requests_per_second: f64,
    /// Time that the server's path threads were ready but had no core, as a share of what they
    /// ran: high when something else, its own drain included, used the core.
    pub(crate) waited_share: f64,
    /// The most seen during the run, KiB.
    pub(crate) resident_kib: u64,
    pub(crate) anonymous_kib: u64,
}

/// Runs `load` against a contestant that has nothing else to do.
pub(crate) fn sample(place: &Place, contestant: &Contestant, load: &Load) -> Result<Sample> {
    contestant.settle()?;
    let pid = contestant.pid();
    let before = Reading::of(pid)?;
    let mut memory = Memory::default();
    let mut turn = 0_u32;
    let seen = process::run_load(place.load_core, load, || {
        turn += 1;
        if turn.is_multiple_of(32) {
            let now = Memory::of(pid).unwrap_or_default();
            memory.resident = memory.resident.max(now.resident);
            memory.anonymous = memory.anonymous.max(now.anonymous);
        }
    })?;
    // Read before anything asks for the metrics, which would count as the path's work.
    let at_end = Reading::of(pid)?.since(&before);
    contestant.settle()?;
    let drained = Reading::of(pid)?.since(&before);
    if seen.errors > 0 || seen.requests == 0 {
        return Err(Failure::Broken(format!(
            "{}: {} of {} requests failed under {load:?}; first: {}",
            contestant.name.title(),
            seen.errors,
            seen.requests,
            seen.first_error.unwrap_or_default()
        )));
    }
    let each_us = |nanos: u64| nanos as f64 / 1000.0 / seen.requests as f64;
    Ok(Sample {
        path_us: each_us(at_end.path_nanos),
        whole_us: each_us(at_end.path_nanos + drained.drain_nanos),
        p50_us: seen.p50_us,
        p99_us: seen.p99_us,
        requests_per_second: seen.requests as f64 / seen.seconds.max(f64::MIN_POSITIVE),
        waited_share: at_end.waited_nanos as f64 / (at_end.path_nanos.max(1)) as f64,
        resident_kib: memory.resident,
        anonymous_kib: memory.anonymous,
    })
}
