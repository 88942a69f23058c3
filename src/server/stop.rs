//! Signals, the second hand of the process, and the way down.

use super::reload::Reloader;
use crate::clock;
use crate::gateway::Gateway;
use crate::listen::Phase;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// How often the store is asked for changes.
const TICK: Duration = Duration::from_millis(300);
/// How long workers may take to drop what they hold.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the process is told from outside. Made before the first request is served: from then on no signal ends the
/// process in the middle.
pub struct Signals {
    runtime: Runtime,
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    pub fn listen() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let within = runtime.enter();
        let (terminate, interrupt, hangup) = (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
            signal(SignalKind::hangup())?,
        );
        drop(within);
        Ok(Self {
            runtime,
            terminate,
            interrupt,
            hangup,
        })
    }

    /// Waits for SIGTERM or SIGINT; SIGHUP reloads.
    pub fn wait(mut self, reloader: &mut Reloader) {
        self.runtime.block_on(async {
            let mut tick = tokio::time::interval(TICK);
            loop {
                tokio::select! {
                    _ = self.terminate.recv() => return,
                    _ = self.interrupt.recv() => return,
                    _ = self.hangup.recv() => reloader.trigger(),
                    _ = tick.tick() => {
                        reloader.poll();
                        reloader.heartbeat();
                    }
                }
            }
        });
    }
}

/// Stops accepting, lets what is under way end within `limit`.
pub fn drain(
    gateway: &Arc<Gateway>,
    stop: &watch::Sender<Phase>,
    workers: Vec<JoinHandle<()>>,
    limit: Duration,
) {
    gateway.is_draining.store(true, Ordering::Relaxed);
    tracing::info!(
        in_flight = gateway.metrics.in_flight.get(),
        ?limit,
        "stopping"
    );
    let _ = stop.send(Phase::Finishing);
    if have_ended(&workers, limit) {
        return;
    }
    tracing::warn!(
        in_flight = gateway.metrics.in_flight.get(),
        "the time to stop is over: what is left is cut off"
    );
    // Each request is accounted as it is dropped, each stream as it tells its client.
    gateway.is_cut_off.store(true, Ordering::Relaxed);
    let _ = stop.send(Phase::CutOff);
    if !have_ended(&workers, PATIENCE) {
        tracing::warn!("a worker does not end: what it holds is accounted at the next start");
    }
}

fn have_ended(workers: &[JoinHandle<()>], limit: Duration) -> bool {
    let started = clock::now();
    while workers.iter().any(|worker| !worker.is_finished()) {
        if clock::elapsed(started) >= limit {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}
