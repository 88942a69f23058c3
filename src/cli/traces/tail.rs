//! `traces tail`: a line a trace.

use super::super::error::CliError;
use super::super::text::{cut, nanos, or_dash, plain, time_with_millis, tokens};
use std::io::Write;
use std::time::Duration;
use tollgate_store::Store;
use tollgate_store::traces::TraceInfo;

/// How often a followed store is asked.
const POLL: Duration = Duration::from_millis(500);
/// How many traces are read at once.
const BATCH: u32 = 500;
/// Characters of a request that are shown.
const PREVIEW: usize = 60;

/// Print the latest traces, a line each: time, id, state, duration, key, tokens, cost, name, request
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tollgate traces tail
  tollgate traces tail --limit 100 | grep ERROR
  tollgate traces tail --follow --limit 0             only what comes from now on")]
pub(crate) struct Tail {
    /// How many to begin with
    #[arg(long, short = 'n', default_value_t = 20, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(0..=10_000))]
    limit: u32,
    /// Go on with what comes
    #[arg(long, short)]
    follow: bool,
}

impl Tail {
    pub(crate) fn run(&self, store: &Store, out: &mut dyn Write) -> Result<(), CliError> {
        let last = store.last_trace_place()?;
        let mut place = last.saturating_sub(i64::from(self.limit)).max(0);
        loop {
            let is_done = write_from(store, &mut place, out)?;
            out.flush()?;
            match (is_done, self.follow) {
                (true, false) => return Ok(()),
                (true, true) => std::thread::sleep(POLL),
                (false, _) => {}
            }
        }
    }
}

/// Writes what comes after a place. Whether that was all.
fn write_from(store: &Store, place: &mut i64, out: &mut dyn Write) -> Result<bool, CliError> {
    let traces = store.traces_after(*place, BATCH)?;
    for (at, trace) in &traces {
        writeln!(out, "{}", line(trace))?;
        *place = *at;
    }
    Ok(traces.len() < BATCH as usize)
}

fn line(trace: &TraceInfo) -> String {
    let duration = u64::try_from(trace.duration_ms).unwrap_or(0);
    [
        time_with_millis(trace.start_ms),
        trace.trace.to_string(),
        trace.state.as_str().to_owned(),
        nanos(duration.saturating_mul(1_000_000)),
        or_dash(&trace.key),
        trace
            .tokens
            .map_or_else(|| "-".to_owned(), |count| tokens(count.input, count.output)),
        trace
            .cost
            .map_or_else(|| "-".to_owned(), |cost| cost.total().to_string()),
        or_dash(&trace.name),
        cut(&plain(&trace.request_preview), PREVIEW),
    ]
    .join("  ")
}
