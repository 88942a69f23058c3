//! Logs to standard error, for people or as JSON lines; beside them, spans about the gateway itself.

use super::own::{OWN, OwnSpans};
use crate::config::LogFormat;
use std::io::IsTerminal;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};

/// Starts logging; `TOLLGATE_LOG` (or `RUST_LOG`) chooses what, `info` unless told. The spans are for exporters: in the
/// log their events stand alone.
pub fn start(format: LogFormat) -> OwnSpans {
    let filter = std::env::var("TOLLGATE_LOG")
        .or_else(|_| std::env::var("RUST_LOG"))
        .unwrap_or_else(|_| "info".to_owned());
    let mut filter = EnvFilter::new(filter);
    if let Ok(without) = format!("{OWN}=off").parse() {
        filter = filter.add_directive(without);
    }
    let lines = fmt::layer().with_writer(std::io::stderr).with_target(false);
    let lines = match format {
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
        LogFormat::Human => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
    };
    let own = OwnSpans::default();
    // A second start (tests in one process) keeps the first.
    let _ = registry()
        .with(lines.with_filter(filter))
        .with(own.layer())
        .try_init();
    own
}
