//! Reload: a changed file, SIGHUP, or a key that the command line made; validated whole, swapped at once.

use super::keys;
use super::start::Surroundings;
use crate::clock::{self, Moment};
use crate::config::{self, Origin, Snapshot, Watcher, render};
use crate::drain::otlp::{Endpoint, Exporters};
use crate::gateway::Gateway;
use crate::listen::{self, Listener};
use crate::live::{Live, LiveError};
use crate::telemetry::OWN;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread::JoinHandle;
use std::time::Duration;
use tollgate_governance::principal::{KeyHash, Principal};

/// How often the store is told which of the vault's keys this process uses.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// News of the configuration's files. Watched before they are read for the first time, so that no change falls between.
pub struct FilesChanged {
    watcher: Watcher,
    news: Receiver<()>,
}

impl FilesChanged {
    pub fn watch(origin: &Origin) -> io::Result<Self> {
        let (sender, news) = mpsc::channel();
        let watcher = Watcher::start(origin.files(None), move || {
            // Nobody listens any more: the process stops.
            let _ = sender.send(());
        })?;
        Ok(Self { watcher, news })
    }

    fn are_there(&self) -> bool {
        // Several are one: what is read next has them all.
        self.news.try_iter().count() > 0
    }
}

/// Keeps the configuration in force current.
pub struct Reloader {
    around: Surroundings,
    files: FilesChanged,
    gateway: Arc<Gateway>,
    listener: Arc<Listener>,
    /// Keys that are neither in the file nor in the store.
    fixed: Vec<(KeyHash, Arc<Principal>)>,
    /// The store's counter of changes, as far as they are in force.
    changes: i64,
    /// What the store knows this process by, and when it was told last.
    server: String,
    told: Option<Moment>,
    telling: Option<JoinHandle<()>>,
    /// Collectors that a reload adds, removes or gives other headers.
    exporters: Arc<Exporters>,
}

impl Reloader {
    pub fn new(
        around: Surroundings,
        files: FilesChanged,
        gateway: Arc<Gateway>,
        listener: Arc<Listener>,
        fixed: Vec<(KeyHash, Arc<Principal>)>,
        changes: i64,
        exporters: Arc<Exporters>,
    ) -> Self {
        let snapshot = gateway.live.load().config.clone();
        files.watcher.watch(around.origin.files(Some(&snapshot)));
        Self {
            changes,
            around,
            files,
            gateway,
            listener,
            fixed,
            server: crate::random::span_id().to_string(),
            told: None,
            telling: None,
            exporters,
        }
    }

    /// Tells the store now and then that the vault's key is in use. On a thread of its own: a store that is locked must
    /// not keep a signal waiting.
    pub fn heartbeat(&mut self) {
        let is_told = |told| clock::elapsed(told) < HEARTBEAT;
        if self.told.is_some_and(is_told)
            || self.telling.as_ref().is_some_and(|it| !it.is_finished())
        {
            return;
        }
        self.told = Some(clock::now());
        let (vault, server) = (self.around.vault.clone(), self.server.clone());
        let tell = move || {
            if let Err(error) = vault.server_seen(&server, clock::unix_millis()) {
                tracing::warn!(%error, "the store was not told that the vault is in use");
            }
        };
        self.telling = std::thread::Builder::new()
            .name("heartbeat".to_owned())
            .spawn(tell)
            .ok();
    }

    /// SIGHUP.
    pub fn trigger(&self) {
        self.files.watcher.trigger();
    }

    /// Takes over what changed: in the files, or by the command line in the store.
    pub fn poll(&mut self) {
        let Ok(changes) = self.gateway.store.changes() else {
            return;
        };
        let are_keys_new = changes != self.changes;
        if !self.files.are_there() && !are_keys_new {
            return;
        }
        let Ok(stored) = keys::stored(&self.gateway.store) else {
            return;
        };
        let admin = are_keys_new.then(|| tracing::info_span!(target: OWN, "admin", changes));
        let _inside = admin.as_ref().map(tracing::Span::enter);
        // A secret of the vault may be another one too, so the file is read in either case.
        let is_done = self.reload(&stored) || {
            // Its mistakes must not keep a revoked key in force.
            let config = self.gateway.live.load().config.clone();
            are_keys_new && self.swap(config, &stored)
        };
        if is_done {
            self.changes = changes;
        }
    }

    fn reload(&self, stored: &Keys) -> bool {
        let span = tracing::info_span!(
            target: OWN,
            "reload",
            result = tracing::field::Empty,
            hash = tracing::field::Empty,
            otel.status_code = tracing::field::Empty
        );
        let _inside = span.enter();
        match self.read(stored) {
            Ok(snapshot) => {
                self.count("ok");
                span.record("result", "ok");
                span.record("hash", snapshot.hash.as_str());
                let now = clock::unix_seconds() as f64;
                self.gateway.metrics.config_loaded.set(now);
                let files = self.around.origin.files(Some(&snapshot));
                self.files.watcher.watch(files);
                tracing::info!(hash = %snapshot.hash, "the configuration was reloaded");
                true
            }
            Err(why) => {
                self.count("refused");
                span.record("result", "refused");
                span.record("otel.status_code", "ERROR");
                tracing::error!("the new configuration is refused, the old one stays:\n{why}");
                false
            }
        }
    }

    /// Reads the file, and swaps everything in or nothing.
    fn read(&self, stored: &Keys) -> Result<Arc<Snapshot>, String> {
        let previous = self.gateway.live.load().config.clone();
        let origin = &self.around.origin;
        let reloaded = self
            .around
            .sources(|sources| config::reload(origin, &previous, sources))
            .map_err(|problems| render(&problems))?;
        let snapshot = reloaded.snapshot;
        let tls = snapshot.server.tls.as_ref().map(listen::acceptor);
        let tls = tls.transpose().map_err(|error| error.to_string())?;
        let live = self
            .build(snapshot.clone(), stored)
            .map_err(|error| error.to_string())?;
        let collectors = Endpoint::resolve(&snapshot.telemetry.otlp);
        let collectors = collectors.map_err(|error| error.to_string())?;
        for notice in &reloaded.notices {
            tracing::warn!("{}", render(std::slice::from_ref(notice)));
        }
        if tls.is_some() {
            self.listener.tls.store(tls);
        }
        self.gateway.live.store(Arc::new(live));
        self.exporters.change(&collectors);
        Ok(snapshot)
    }

    /// Other keys under the same configuration.
    fn swap(&self, config: Arc<Snapshot>, stored: &Keys) -> bool {
        match self.build(config, stored) {
            Ok(live) => {
                self.gateway.live.store(Arc::new(live));
                true
            }
            Err(error) => {
                tracing::error!(%error, "the keys of the command line could not be taken over");
                false
            }
        }
    }

    fn build(&self, config: Arc<Snapshot>, stored: &Keys) -> Result<Live, LiveError> {
        let all = stored.iter().chain(&self.fixed).cloned().collect();
        Live::build(config, all, &self.gateway.lasting)
    }

    fn count(&self, result: &str) {
        let reloads = &self.gateway.metrics.reloads;
        reloads.with_label_values(&[result]).inc();
    }
}

type Keys = [(KeyHash, Arc<Principal>)];

impl Drop for Reloader {
    fn drop(&mut self) {
        if let Some(telling) = self.telling.take() {
            let _ = telling.join();
        }
        if let Err(error) = self.around.vault.server_gone(&self.server) {
            tracing::warn!(%error, "the store was not told that the vault is no longer in use");
        }
    }
}
