//! Reload: a changed file, SIGHUP, or a key that the command line made; validated whole, swapped at once.

use super::keys;
use super::start::Surroundings;
use crate::clock::{self, Moment};
use crate::config::{self, Snapshot, Watcher, render};
use crate::gateway::Gateway;
use crate::listen::{self, Listener};
use crate::live::Live;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tollgate_governance::principal::{KeyHash, Principal};

/// Keeps the configuration in force current.
pub struct Reloader {
    shared: Arc<Shared>,
    watcher: Arc<Mutex<Option<Watcher>>>,
    changes: Mutex<i64>,
    /// What the store knows this process by.
    server: String,
    seen: Mutex<Option<Moment>>,
}

/// How often the store is told which of the vault's keys this process uses.
const HEARTBEAT: Duration = Duration::from_secs(20);

struct Shared {
    around: Surroundings,
    gateway: Arc<Gateway>,
    listener: Arc<Listener>,
    /// Keys that are neither in the file nor in the store.
    fixed: Vec<(KeyHash, Arc<Principal>)>,
}

impl Reloader {
    pub fn start(
        around: Surroundings,
        gateway: Arc<Gateway>,
        listener: Arc<Listener>,
        fixed: Vec<(KeyHash, Arc<Principal>)>,
    ) -> io::Result<Self> {
        let changes = gateway.store.changes().unwrap_or(0);
        let snapshot = gateway.live.load().config.clone();
        let files = around.origin.files(Some(&snapshot));
        let shared = Arc::new(Shared {
            around,
            gateway,
            listener,
            fixed,
        });
        let watcher = Arc::new(Mutex::new(None));
        let on_change = {
            let (shared, watcher) = (shared.clone(), watcher.clone());
            move || {
                if let Some(snapshot) = shared.reload() {
                    let files = shared.around.origin.files(Some(&snapshot));
                    if let Some(watcher) = lock::<Option<Watcher>>(&watcher).as_ref() {
                        watcher.watch(files);
                    }
                }
            }
        };
        let started = Watcher::start(files, on_change)?;
        // What changed between the load and here was noticed by nobody.
        let is_current = shared
            .around
            .sources(|sources| config::load(&shared.around.origin, sources))
            .is_ok_and(|now| now.hash == snapshot.hash);
        if !is_current {
            started.trigger();
        }
        *lock(&watcher) = Some(started);
        Ok(Self {
            shared,
            watcher,
            changes: Mutex::new(changes),
            server: crate::random::span_id().to_string(),
            seen: Mutex::new(None),
        })
    }

    /// Tells the store now and then that the vault's key is in use.
    pub fn heartbeat(&self) {
        let mut seen = lock(&self.seen);
        if seen.is_some_and(|seen| clock::elapsed(seen) < HEARTBEAT) {
            return;
        }
        match self
            .shared
            .around
            .vault
            .server_seen(&self.server, clock::unix_millis())
        {
            Ok(()) => *seen = Some(clock::now()),
            Err(error) => tracing::warn!(%error, "the store was not told that the vault is in use"),
        }
    }

    /// SIGHUP.
    pub fn trigger(&self) {
        if let Some(watcher) = lock(&self.watcher).as_ref() {
            watcher.trigger();
        }
    }

    /// Takes over what the command line changed in the store, if it did.
    pub fn poll_store(&self) {
        let store = &self.shared.gateway.store;
        let Ok(now) = store.changes() else { return };
        let mut seen = lock(&self.changes);
        if *seen == now {
            return;
        }
        let Ok(stored) = keys::stored(store) else {
            return;
        };
        let config = self.shared.gateway.live.load().config.clone();
        // A secret of the vault may be another one now: such a configuration is read anew.
        if self.shared.swap(config, stored) {
            *seen = now;
            self.trigger();
        }
    }
}

impl Drop for Reloader {
    fn drop(&mut self) {
        if let Err(error) = self.shared.around.vault.server_gone(&self.server) {
            tracing::warn!(%error, "the store was not told that the vault is no longer in use");
        }
        // The watcher's thread holds the callback, which holds the watcher.
        let watcher = lock(&self.watcher).take();
        drop(watcher);
    }
}

impl Shared {
    fn reload(&self) -> Option<Arc<Snapshot>> {
        let previous = self.gateway.live.load().config.clone();
        let reloads = &self.gateway.metrics.reloads;
        let reloaded = self
            .around
            .sources(|sources| config::reload(&self.around.origin, &previous, sources));
        let reloaded = match reloaded {
            Ok(reloaded) => reloaded,
            Err(problems) => {
                reloads.with_label_values(&["refused"]).inc();
                tracing::error!(
                    "the new configuration is refused, the old one stays:\n{}",
                    render(&problems)
                );
                return None;
            }
        };
        for notice in &reloaded.notices {
            tracing::warn!("{}", render(std::slice::from_ref(notice)));
        }
        if let Some(tls) = &reloaded.snapshot.server.tls {
            match listen::acceptor(tls) {
                Ok(tls) => self.listener.tls.store(Some(tls)),
                Err(error) => {
                    reloads.with_label_values(&["refused"]).inc();
                    tracing::error!(%error, "the new configuration is refused, the old one stays");
                    return None;
                }
            }
        }
        let Ok(stored) = keys::stored(&self.gateway.store) else {
            return None;
        };
        self.swap(reloaded.snapshot.clone(), stored).then(|| {
            reloads.with_label_values(&["ok"]).inc();
            self.gateway
                .metrics
                .config_loaded
                .set(clock::unix_seconds() as f64);
            tracing::info!(hash = %reloaded.snapshot.hash, "the configuration was reloaded");
            reloaded.snapshot
        })
    }

    fn swap(&self, config: Arc<Snapshot>, mut stored: Vec<(KeyHash, Arc<Principal>)>) -> bool {
        stored.extend(self.fixed.iter().cloned());
        match Live::build(config, stored, &self.gateway.lasting) {
            Ok(live) => {
                self.gateway.live.store(Arc::new(live));
                true
            }
            Err(error) => {
                self.gateway
                    .metrics
                    .reloads
                    .with_label_values(&["refused"])
                    .inc();
                tracing::error!(%error, "the new configuration is refused, the old one stays");
                false
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
