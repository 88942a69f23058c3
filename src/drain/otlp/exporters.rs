//! All exporters: started, changed by a reload, stopped.

use super::bound::Bound;
use super::endpoint::Endpoint;
use super::export::Exporter;
use super::push::Pusher;
use super::trouble::Trouble;
use crate::drain::follow::Follower;
use crate::drain::stop::Stop;
use crate::drain::{DrainStats, Pricing, stored_cursor};
use crate::telemetry::{ExportMetrics, OwnSpans};
use arc_swap::ArcSwap;
use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tollgate_journal::{Position, Writer};
use tollgate_store::Store;

/// What the store's names of exporters' cursors begin with.
const CURSORS: &str = "otlp:";

/// How far each collector has come, by the store's name.
pub(crate) fn cursors(store: &Store) -> tollgate_store::Result<Vec<(String, Position)>> {
    let stored = store.cursors(CURSORS)?;
    Ok(stored
        .into_iter()
        .filter_map(|(name, bytes)| Some((name, Position::from_bytes(&bytes)?)))
        .collect())
}

/// What is exported beside the journal, how that is told, and to whom at first.
pub struct Exporting<'a> {
    pub metrics: ExportMetrics,
    pub own: OwnSpans,
    pub collectors: &'a [Arc<Endpoint>],
}

/// The exporters of the configuration in force.
pub struct Exporters {
    store: Store,
    journal: Writer,
    drained: Arc<DrainStats>,
    price: Pricing,
    metrics: ExportMetrics,
    own: OwnSpans,
    running: Mutex<HashMap<String, Running>>,
}

struct Running {
    endpoint: Arc<ArcSwap<Endpoint>>,
    stop: Arc<Stop>,
    is_gone: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Exporters {
    pub(crate) fn new(
        store: Store,
        journal: Writer,
        drained: Arc<DrainStats>,
        price: Pricing,
        with: &Exporting<'_>,
    ) -> Self {
        Self {
            store,
            journal,
            drained,
            price,
            metrics: with.metrics.clone(),
            own: with.own.clone(),
            running: Mutex::default(),
        }
    }

    /// Starts an exporter for each. To be called before this process appends anything and before anybody releases
    /// anything. A collector that is new gets what the store does not have yet.
    pub(crate) fn start(&self, endpoints: &[Arc<Endpoint>]) -> io::Result<()> {
        let drained = stored_cursor(&self.store).map_err(io::Error::other)?;
        let stored = cursors(&self.store).map_err(io::Error::other)?;
        for endpoint in endpoints {
            let cursor = cursor_of(endpoint);
            let known = stored.iter().find(|(name, _)| *name == cursor);
            let cursor = known.map_or(drained, |(_, position)| *position);
            self.add(endpoint, cursor, true)?;
        }
        self.forget_others(endpoints);
        Ok(())
    }

    /// Takes over another configuration: new collectors get the requests that begin from now on, others may get other
    /// headers, and those that are gone are forgotten.
    pub fn change(&self, endpoints: &[Arc<Endpoint>]) {
        let is_gone = |name: &String, _: &mut Running| {
            !endpoints.iter().any(|endpoint| endpoint.name == *name)
        };
        let gone: Vec<(String, Running)> = self.lock().extract_if(is_gone).collect();
        for (name, running) in gone {
            running.is_gone.store(true, Ordering::Relaxed);
            running.stop.set();
            join(&name, running.thread);
            self.metrics.forget(&name);
        }
        for endpoint in endpoints {
            if let Some(running) = self.lock().get(&endpoint.name) {
                running.endpoint.store(endpoint.clone());
                continue;
            }
            if let Err(error) = self.add(endpoint, self.journal.synced_position(), false) {
                tracing::error!(endpoint = endpoint.name, %error, "its exporter can't start");
            }
        }
        self.forget_others(endpoints);
    }

    /// Exports what is in the journal by now and ends the threads. What a collector does not take in a few seconds
    /// stays in the journal for the next start.
    ///
    /// To be called once the store's drain has ended: an exporter that has ended holds back no segment.
    pub(crate) fn stop(&self) {
        let running = std::mem::take(&mut *self.lock());
        for running in running.values() {
            running.stop.set();
        }
        for (name, running) in running {
            join(&name, running.thread);
        }
    }

    fn add(&self, endpoint: &Arc<Endpoint>, cursor: Position, is_starting: bool) -> io::Result<()> {
        let name = cursor_of(endpoint);
        // From now on it is known, whatever ends this process.
        let known = self.store.set_cursor(&name, &cursor.to_bytes());
        known.map_err(io::Error::other)?;
        let (store, journal, price) = (&self.store, &self.journal, self.price.clone());
        let follower =
            Follower::new(store, journal, name, price, is_starting).map_err(io::Error::other)?;
        let stop = Arc::new(Stop::default());
        let is_gone = Arc::new(AtomicBool::new(false));
        let swapped = Arc::new(ArcSwap::new(endpoint.clone()));
        let pusher = Pusher {
            endpoint: swapped.clone(),
            metrics: self.metrics.of(&endpoint.name),
            trouble: Trouble::new(&endpoint.name),
            bound: Bound {
                journal: self.journal.clone(),
                drained: self.drained.clone(),
                done: cursor,
            },
            stop: stop.clone(),
            is_gone: is_gone.clone(),
            stopping: None,
            is_failing: false,
        };
        // One that comes later hears of what comes later.
        let seen = if is_starting { 0 } else { self.own.count() };
        let own = (self.own.clone(), seen);
        let exporter = Exporter::new(self.store.clone(), follower, pusher, own);
        let label = endpoint.name.clone();
        let thread = std::thread::Builder::new()
            .name("otlp".to_owned())
            .stack_size(8 << 20)
            .spawn(move || {
                if let Err(error) = exporter.run() {
                    tracing::error!(endpoint = label, %error, "its exporter has ended");
                }
            })?;
        let running = Running {
            endpoint: swapped,
            stop,
            is_gone,
            thread,
        };
        self.lock().insert(endpoint.name.clone(), running);
        Ok(())
    }

    /// Cursors of collectors that are no longer configured.
    fn forget_others(&self, endpoints: &[Arc<Endpoint>]) {
        let wanted: Vec<String> = endpoints
            .iter()
            .map(|endpoint| cursor_of(endpoint))
            .collect();
        let forgotten = cursors(&self.store).and_then(|stored| {
            let mut others = stored.iter().filter(|(name, _)| !wanted.contains(name));
            others.try_for_each(|(name, _)| self.store.remove_cursor(name))
        });
        if let Err(error) = forgotten {
            tracing::warn!(%error, "the store was not told of collectors that are gone");
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cursor_of(endpoint: &Endpoint) -> String {
    format!("{CURSORS}{}", endpoint.name)
}

fn join(name: &str, thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!(
            endpoint = name,
            "its exporter panicked: what it had not sent is in the journal"
        );
    }
}
