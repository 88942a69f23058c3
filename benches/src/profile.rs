//! Where the microseconds go: `perf record` on one contestant under load.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::compare::Places;
use crate::contestant::Name;
use crate::failure::{Failure, Naming as _, Result};
use crate::load::Load;
use crate::process;
use crate::work::Work;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[arg(long, value_enum, default_value = "tollgate")]
    contestant: Name,
    #[arg(long, value_enum, default_value = "whole")]
    work: Work,
    #[arg(long)]
    translated: bool,
    #[arg(long, default_value_t = 64)]
    connections: u32,
    /// Seconds under load
    #[arg(long, default_value_t = 6)]
    seconds: u64,
    /// Record call chains too (frame pointers: build with `-C force-frame-pointers=yes`)
    #[arg(long)]
    chains: bool,
    #[command(flatten)]
    places: Places,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let place = options.places.resolve()?;
    if let Some(why) = place.lacks(options.contestant) {
        return Err(Failure::Broken(why));
    }
    let mock = place.start_mock()?;
    let contestant = place.start(options.contestant, mock.address)?;
    let load = Load {
        to: contestant.address,
        work: options.work,
        translated: options.translated,
        connections: options.connections,
        requests: u64::MAX,
        at_most: options.seconds,
        ..Load::default()
    };
    let data = place.data.join("perf.data");
    let mut recorder = Command::new("perf");
    recorder.args(["record", "--quiet", "--freq", "1999"]);
    if options.chains {
        recorder.args(["--call-graph", "fp"]);
    }
    recorder
        .args(["--pid", &contestant.pid().to_string(), "--output"])
        .arg(&data);
    // It ends by itself, within the load's time.
    recorder.args([
        "--",
        "sleep",
        &options.seconds.saturating_sub(1).max(1).to_string(),
    ]);
    let mut recorder = match recorder.stdin(Stdio::null()).spawn() {
        Ok(recorder) => recorder,
        Err(error) => {
            let hint = "it is in Debian's package `linux-perf`";
            return Err(Failure::Broken(format!(
                "perf does not start ({error}); {hint}"
            )));
        }
    };
    let seen = process::run_load(place.load_core, &load, || ())?;
    recorder.wait().naming("waiting for perf")?;
    println!(
        "{} requests in {:.1} s, {} errors",
        seen.requests, seen.seconds, seen.errors
    );
    print_report(&data, &["--sort", "comm"])?;
    print_report(
        &data,
        &["--sort", "comm,dso,symbol", "--percent-limit", "0.4"],
    )
}

fn print_report(data: &PathBuf, sorting: &[&str]) -> Result<()> {
    let out = Command::new("perf")
        .args([
            "report",
            "--stdio",
            "--no-children",
            "--call-graph",
            "none",
            "--input",
        ])
        .arg(Path::new(data))
        .args(sorting)
        .stderr(Stdio::null())
        .output()
        .naming("perf report")?;
    for line in String::from_utf8_lossy(&out.stdout).lines() {
        if !line.starts_with('#') && !line.trim().is_empty() {
            // perf appends columns that it has no values for.
            println!("{}", line.trim_end_matches([' ', '-']));
        }
    }
    println!();
    Ok(())
}
