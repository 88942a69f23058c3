//! The drain alone: spans of 4.5 kB a second into the store on one core.
//!
//! The load's requests carry 3.5 kB and are answered with 1 kB; each becomes two spans, the
//! request's and its attempt's. What the drain's threads ran, divided by the spans that they
//! stored, is the speed on one core that they have to themselves.

use serde::Serialize;

use crate::clock::now;
use crate::contestant::{Contestant, Name, Place};
use crate::failure::{Failure, Result};
use crate::load::Load;
use crate::process;
use crate::procfs::Reading;
use crate::tollgate;

/// Bytes of a request's body; with the reply's 1,024 they are a span's 4.5 kB.
const REQUEST_BYTES: usize = 3_584;
const SPANS_A_REQUEST: u64 = 2;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    places: crate::compare::Places,
    #[arg(long, default_value_t = 20_000)]
    requests: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Speed {
    pub(crate) spans: u64,
    /// By the CPU time of the drain's threads.
    pub(crate) spans_per_core_second: f64,
    /// What was left when the load ended, bytes of journal.
    pub(crate) backlog_bytes: f64,
    /// How long that took, seconds, the drain then having the core to itself.
    pub(crate) backlog_seconds: f64,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let place = options.places.resolve()?;
    if let Some(why) = place.lacks(Name::Tollgate) {
        return Err(Failure::Broken(why));
    }
    let mock = place.start_mock()?;
    let speed = measure(&place, &mock, options.requests)?;
    println!(
        "{:.0} spans of 4.5 kB a second on one core; {} spans, {:.1} MB of journal left at the load's end, drained in {:.2} s",
        speed.spans_per_core_second,
        speed.spans,
        speed.backlog_bytes / 1e6,
        speed.backlog_seconds
    );
    Ok(())
}

/// Starts a Tollgate with an empty store and measures its drain.
pub(crate) fn measure(place: &Place, mock: &Contestant, requests: u64) -> Result<Speed> {
    eprintln!("drain …");
    let contestant = place.start(Name::Tollgate, mock.address)?;
    let load = Load {
        to: contestant.address,
        requests,
        request_bytes: REQUEST_BYTES,
        ..Load::default()
    };
    let before = Reading::of(contestant.pid())?;
    let seen = process::run_load(place.load_core, &load, || ())?;
    if seen.errors > 0 {
        return Err(Failure::Broken(seen.first_error.unwrap_or_default()));
    }
    let ended = now();
    let backlog_bytes = tollgate::undrained(contestant.address)?;
    contestant.settle()?;
    let backlog_seconds = ended.elapsed().as_secs_f64();
    let spans = seen.requests * SPANS_A_REQUEST;
    let drained = Reading::of(contestant.pid())?.since(&before).drain_nanos;
    if drained == 0 {
        return Err(Failure::Broken(
            "no thread whose name begins with `drain` ran: whose work was it?".into(),
        ));
    }
    Ok(Speed {
        spans,
        spans_per_core_second: spans as f64 * 1e9 / drained as f64,
        backlog_bytes,
        backlog_seconds,
    })
}
