//! Signals, the second hand of the process, and the way down.

use super::reload::Reloader;
use crate::clock;
use crate::drain::DrainStats;
use crate::gateway::Gateway;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
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
                    gateway.metrics.backlog.set(&gateway.journal, stats);
                }
            }
        }
    })
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
