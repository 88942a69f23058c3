//! Signals, the second hand of the process, and the way down.

use super::reload::Reloader;
use crate::clock;
use crate::drain::DrainStats;
use crate::gateway::Gateway;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// How often the store is asked for changes and the gauges are set.
const TICK: Duration = Duration::from_millis(300);

/// Waits for SIGTERM or SIGINT; SIGHUP reloads.
pub fn wait(reloader: &mut Reloader, gateway: &Gateway, stats: &DrainStats) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let mut tick = tokio::time::interval(TICK);
        loop {
            tokio::select! {
                _ = terminate.recv() => return Ok(()),
                _ = interrupt.recv() => return Ok(()),
                _ = hangup.recv() => reloader.trigger(),
                _ = tick.tick() => {
                    reloader.poll();
                    reloader.heartbeat();
                    gauges(gateway, stats);
                }
            }
        }
    })
}

fn gauges(gateway: &Gateway, stats: &DrainStats) {
    let depth = gateway.journal.depth();
    let metrics = &gateway.metrics;
    let set = |gauge: &prometheus::IntGauge, value: u64| {
        gauge.set(i64::try_from(value).unwrap_or(i64::MAX))
    };
    set(&metrics.journal_bytes, depth.bytes);
    let journal = gateway.journal.stats();
    set(&metrics.journal_sync_failures, journal.failed_syncs);
    metrics
        .journal_sync_seconds
        .set(journal.sync_time.as_secs_f64());
    let of_drain = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
    set(&metrics.journal_undrained, of_drain(&stats.undrained_bytes));
    set(&metrics.journal_skipped, of_drain(&stats.skipped));
    set(&metrics.drain_errors, of_drain(&stats.errors));
    let oldest = of_drain(&stats.oldest_undrained);
    let waits = if oldest == 0 {
        0
    } else {
        clock::unix_nanos().saturating_sub(oldest)
    };
    metrics.oldest_undrained.set(waits as f64 / 1e9);
}

/// Stops accepting, lets what is under way end within `limit`.
pub fn drain(
    gateway: &Arc<Gateway>,
    stop: &watch::Sender<bool>,
    workers: Vec<JoinHandle<()>>,
    limit: Duration,
) {
    gateway.is_draining.store(true, Ordering::Relaxed);
    tracing::info!(
        in_flight = gateway.metrics.in_flight.get(),
        ?limit,
        "stopping"
    );
    let _ = stop.send(true);
    let started = clock::now();
    while workers.iter().any(|worker| !worker.is_finished()) {
        if clock::elapsed(started) >= limit {
            tracing::warn!(
                in_flight = gateway.metrics.in_flight.get(),
                "the time to stop is over: what is left is cut off"
            );
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
