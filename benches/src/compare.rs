//! The side-by-side run: interleaved rounds of every figure, memory of idle streams, the drain.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use std::{fs, thread};

use serde::Serialize;

use crate::clock::now;
use crate::contestant::{Contestant, Name, Place};
use crate::drain;
use crate::failure::{Failure, Naming as _, Result};
use crate::figure::{Figure, Sample, sample};
use crate::load::Load;
use crate::process;
use crate::procfs::Memory;
use crate::report;
use crate::work::Work;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A minute instead of five: fewer rounds, fewer requests, a thousand idle streams
    #[arg(long)]
    quick: bool,
    /// Rounds of each figure [default: 7, with --quick 3]
    #[arg(long)]
    rounds: Option<usize>,
    /// Only figures whose title has this in it (also: `idle`, `drain`)
    #[arg(long)]
    only: Option<String>,
    /// Idle streams held at the same time [default: 8000, with --quick 1000]
    #[arg(long)]
    idle: Option<u32>,
    #[command(flatten)]
    places: Places,
    /// Where the JSON goes
    #[arg(long, default_value = "data/bench/result.json")]
    json: PathBuf,
    /// End with an error when a goal is missed
    #[arg(long)]
    strict: bool,
}

/// Cores, programs and the data folder.
#[derive(Debug, clap::Args)]
pub(crate) struct Places {
    /// The core of the server under measurement
    #[arg(long, default_value_t = 0)]
    server_core: u32,
    /// The core of the load and the mock upstream
    #[arg(long, default_value_t = 1)]
    load_core: u32,
    /// Tollgate's binary [default: the one beside this]
    #[arg(long)]
    tollgate: Option<PathBuf>,
    #[arg(long, default_value = "/usr/sbin/nginx")]
    nginx: PathBuf,
    /// Scratch folder, on the disk that Tollgate is to be measured with
    #[arg(long, default_value = "data/bench")]
    data: PathBuf,
}

impl Places {
    pub(crate) fn resolve(&self) -> Result<Place> {
        fs::create_dir_all(&self.data).naming(self.data.display().to_string())?;
        let data = self
            .data
            .canonicalize()
            .naming(self.data.display().to_string())?;
        let beside = process::own_binary()?.with_file_name("tollgate");
        Ok(Place {
            server_core: self.server_core,
            load_core: self.load_core,
            data,
            nginx: self.nginx.clone(),
            tollgate: self.tollgate.clone().unwrap_or(beside),
        })
    }
}

/// Samples of one figure by contestant, a round each.
#[derive(Debug, Serialize)]
pub(crate) struct Measured {
    pub(crate) figure: Figure,
    pub(crate) samples: BTreeMap<Name, Vec<Sample>>,
}

/// Memory of idle streams.
#[derive(Debug, Serialize)]
pub(crate) struct Idle {
    pub(crate) streams: u64,
    /// KiB a stream.
    pub(crate) each: BTreeMap<Name, f64>,
}

/// All that a run found.
#[derive(Debug, Serialize)]
pub(crate) struct Findings {
    pub(crate) rounds: usize,
    pub(crate) seconds: f64,
    pub(crate) measured: Vec<Measured>,
    pub(crate) idle: Option<Idle>,
    pub(crate) drain: Option<drain::Speed>,
    pub(crate) notes: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let started = now();
    let place = options.places.resolve()?;
    let rounds = options.rounds.unwrap_or(if options.quick { 3 } else { 7 });
    let wanted = |title: &str| {
        options
            .only
            .as_deref()
            .is_none_or(|part| title.contains(part))
    };
    let mut notes = Vec::new();
    let mut names = vec![Name::Bare];
    for name in [Name::Nginx, Name::Tollgate] {
        match place.lacks(name) {
            Some(why) => notes.push(why),
            None => names.push(name),
        }
    }
    for note in &notes {
        eprintln!("{note}");
    }

    let mock = place.start_mock()?;
    let mut figures = Figure::all(if options.quick { 0.25 } else { 1.0 });
    figures.retain(|figure| wanted(figure.title));
    let measured = measure(&place, &mock, &names, figures, rounds)?;
    let streams = options
        .idle
        .unwrap_or(if options.quick { 1_000 } else { 8_000 });
    let idle = if wanted("idle") {
        Some(idle(&place, &mock, &names, streams)?)
    } else {
        None
    };
    let drain = if wanted("drain") && names.contains(&Name::Tollgate) {
        Some(drain::measure(
            &place,
            &mock,
            if options.quick { 3_000 } else { 10_000 },
        )?)
    } else {
        None
    };

    let findings = Findings {
        rounds,
        seconds: started.elapsed().as_secs_f64(),
        measured,
        idle,
        drain,
        notes,
    };
    let json = serde_json::to_vec_pretty(&report::with_machine(&findings))
        .map_err(|error| Failure::Broken(error.to_string()))?;
    fs::write(&options.json, json).naming(options.json.display().to_string())?;
    let rows = report::rows(&findings);
    println!("{}", report::markdown(&findings, &rows));
    let missed = rows
        .iter()
        .filter(|row| row.is_met() == Some(false))
        .count();
    if options.strict && missed > 0 {
        return Err(Failure::Broken(format!("{missed} goals missed")));
    }
    Ok(())
}

fn measure(
    place: &Place,
    mock: &Contestant,
    names: &[Name],
    figures: Vec<Figure>,
    rounds: usize,
) -> Result<Vec<Measured>> {
    if figures.is_empty() {
        return Ok(Vec::new());
    }
    let contestants: Vec<Contestant> = names
        .iter()
        .map(|name| place.start(*name, mock.address))
        .collect::<Result<_>>()?;
    let mut measured = Vec::new();
    for figure in figures {
        eprintln!("{} …", figure.title);
        let taking_part: Vec<&Contestant> = std::iter::once(mock)
            .chain(&contestants)
            .filter(|contestant| figure.takes_part(contestant.name))
            .collect();
        // Warm: connections to the upstream, caches, the first allocation of every buffer.
        for contestant in &taking_part {
            let mut load = figure.load(contestant);
            load.requests = (load.requests / 10).max(u64::from(load.connections));
            if load.work != Work::Paced {
                sample(place, contestant, &load)?;
            }
        }
        let mut samples: BTreeMap<Name, Vec<Sample>> = BTreeMap::new();
        for _round in 0..rounds {
            for contestant in &taking_part {
                let taken = sample(place, contestant, &figure.load(contestant))?;
                samples.entry(contestant.name).or_default().push(taken);
            }
        }
        measured.push(Measured { figure, samples });
    }
    Ok(measured)
}

/// Each contestant anew: what it holds before and with `streams` silent streams.
fn idle(place: &Place, mock: &Contestant, names: &[Name], streams: u32) -> Result<Idle> {
    eprintln!("{streams} idle streams …");
    let mut each = BTreeMap::new();
    let mut opened = u64::MAX;
    for name in names {
        let contestant = place.start(*name, mock.address)?;
        let load = Load {
            to: contestant.address,
            work: Work::Idle,
            connections: streams,
            ..Load::default()
        };
        let before = Memory::of(contestant.pid())?.resident;
        let per_stream = process::with_idle_streams(place.load_core, &load, |open| {
            opened = opened.min(open);
            contestant.settle()?;
            thread::sleep(Duration::from_millis(500));
            let held = Memory::of(contestant.pid())?
                .resident
                .saturating_sub(before);
            Ok(held as f64 / open.max(1) as f64)
        })?;
        each.insert(*name, per_stream);
    }
    Ok(Idle {
        streams: opened,
        each,
    })
}
