//! Start: configuration, store, vault, journal, drain, listeners, workers; each a clear error where it fails.

use super::journal::open as open_journal;
use super::reload::{FilesChanged, Reloader};
use super::{banner, keys, stop};
use crate::clock;
use crate::config::{self, Origin, Problem, Sources, process_environment, render};
use crate::drain;
use crate::drain::otlp::{Endpoint, EndpointError, Exporting};
use crate::gateway::Gateway;
use crate::listen::{self, Listener, ServeTlsError};
use crate::live::{Lasting, Live, LiveError};
use crate::pipeline::thinking::ThinkingStore;
use crate::simulated::{self, Simulator};
use crate::telemetry::{OWN, logs, metrics::Metrics};
use crate::tokens;
use crate::vault::{Vault, VaultError};
use arc_swap::ArcSwap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::watch;
use tollgate_domain::{ProviderKind, Usage};
use tollgate_governance::pricing::price_of;
use tollgate_governance::principal::{KeyHash, Principal};
use tollgate_journal as journal;
use tollgate_store::{Store, StoreError};

/// How long the store's lock is waited for. What the drain can't store is tried again; a stop is not to wait for it.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the command line says.
#[derive(Clone, Debug, Default)]
pub struct ServeOptions {
    /// None: the embedded default.
    pub config: Option<PathBuf>,
    /// The folder of the embedded default's store and journal.
    pub data: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the configuration is not valid:\n{}", render(.0))]
    Config(Vec<Problem>),
    #[error(transparent)]
    Live(#[from] LiveError),
    #[error(transparent)]
    Tls(#[from] ServeTlsError),
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Journal(#[from] journal::OpenError),
    #[error("listening on {address}: {source}")]
    Listen {
        address: SocketAddr,
        source: std::io::Error,
    },
    #[error("{path}: {source}")]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("starting a thread: {0}")]
    Thread(std::io::Error),
    #[error("no randomness is to be had from the operating system")]
    Random,
    #[error(transparent)]
    Metrics(#[from] prometheus::Error),
    #[error(
        "{0} is not a loopback address, and there is no key that is enabled and has not expired: nobody could use the \
         gateway. Add one under `keys`, or make one with `tollgate keys create`"
    )]
    Open(SocketAddr),
}

/// Where values of a configuration come from, for this process.
pub(super) struct Surroundings {
    pub(super) origin: Origin,
    pub(super) data: Option<PathBuf>,
    pub(super) vault: Arc<Vault>,
    pub(super) simulated: Option<SocketAddr>,
}

impl Surroundings {
    /// Runs `with` on what a configuration is resolved with.
    pub(super) fn sources<T>(&self, with: impl FnOnce(&Sources<'_>) -> T) -> T {
        let environment = environment(self.data.as_deref());
        with(&Sources {
            environment: &environment,
            secrets: &*self.vault,
            simulated: self.simulated,
        })
    }
}

/// The process's environment, in which `--data` goes before `TOLLGATE_DATA`.
fn environment(data: Option<&Path>) -> impl Fn(&str) -> Option<String> + '_ {
    move |name| match (name, data) {
        ("TOLLGATE_DATA", Some(data)) => Some(data.display().to_string()),
        _ => process_environment(name),
    }
}

/// Serves until it is told to stop.
pub fn serve(options: ServeOptions) -> ExitCode {
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tollgate: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: ServeOptions) -> Result<(), StartError> {
    let origin = options.config.map_or(Origin::Embedded, Origin::File);
    let is_embedded = matches!(origin, Origin::Embedded);
    let basics = {
        let environment = environment(options.data.as_deref());
        let sources = Sources {
            environment: &environment,
            secrets: &config::NoVault,
            simulated: None,
        };
        config::peek(&origin, &sources).map_err(StartError::Config)?
    };
    let own = logs::start(basics.log);
    let starting = tracing::info_span!(target: OWN, "start", version = env!("CARGO_PKG_VERSION"));
    let starting = starting.entered();
    let folder = basics.store.data_folder();
    make_folder(&folder)?;
    let store = tracing::info_span!(target: OWN, "migrations")
        .in_scope(|| Store::open_waiting(&basics.store.path, PATIENCE))?;
    let vault = Vault::open(store.clone(), &basics.vault, &folder)?;
    let mut around = Surroundings {
        origin,
        data: options.data,
        vault: Arc::new(vault),
        simulated: None,
    };
    let files = FilesChanged::watch(&around.origin).map_err(StartError::Thread)?;
    let mut snapshot = around
        .sources(|sources| config::load(&around.origin, sources))
        .map_err(StartError::Config)?;
    if snapshot.uses_simulated() {
        around.simulated = Some(start_simulator()?);
        snapshot = around
            .sources(|sources| config::load(&around.origin, sources))
            .map_err(StartError::Config)?;
    }
    let snapshot = Arc::new(snapshot);

    // The counter first: a key that comes between the two is read once more.
    let changes = store.changes()?;
    let mut stored = keys::stored(&store)?;
    let has_keys = !stored.is_empty() || !snapshot.keys.is_empty();
    let now_ms = clock::unix_millis();
    let of_file = snapshot.keys.iter().map(|key| &key.principal);
    let mut all = stored.iter().map(|(_, principal)| principal).chain(of_file);
    let is_usable = all.any(|principal| principal.check(now_ms).is_ok());
    if !snapshot.server.is_loopback() && !is_usable {
        return Err(StartError::Open(snapshot.server.listen));
    }
    let mut fixed: Vec<(KeyHash, Arc<Principal>)> = Vec::new();
    let mut quickstart = None;
    if snapshot.server.is_loopback() && (is_embedded || !has_keys) {
        let (key, hash, principal) = keys::quickstart(&folder)?;
        fixed.push((hash, principal));
        quickstart = Some(key);
    }
    stored.extend(fixed.iter().cloned());

    let (writer, recovery) = open_journal(&snapshot, &store)?;
    if recovery.damaged + recovery.unreadable + recovery.unsynced > 0 {
        tracing::warn!(?recovery, "the journal of an earlier run is not whole");
    }
    let lasting = Lasting::new()?;
    let live = Live::build(snapshot.clone(), stored, &lasting)?;
    let (uncounted, waiting) = tokens::handover();
    let stats = Arc::new(drain::DrainStats::default());
    let gateway = Arc::new(Gateway {
        live: ArcSwap::from_pointee(live),
        lasting,
        journal: writer.clone(),
        metrics: Metrics::new()?,
        uncounted,
        thinking: ThinkingStore::default(),
        mlflow: tollgate_mlflow::router(store.clone()),
        store: store.clone(),
        drained: stats.clone(),
        is_draining: AtomicBool::new(false),
        is_cut_off: AtomicBool::new(false),
    });
    let collectors = Endpoint::resolve(&snapshot.telemetry.otlp)?;
    let draining = drain::start(
        store,
        writer,
        stats,
        pricing(&gateway),
        counting(&gateway, waiting),
        Exporting {
            metrics: gateway.metrics.otlp.clone(),
            own,
            collectors: &collectors,
        },
    )
    .map_err(StartError::Thread)?;

    let address = snapshot.server.listen;
    let socket = listen::bind(address).map_err(|source| StartError::Listen { address, source })?;
    let address = socket.local_addr().unwrap_or(address);
    let tls = snapshot
        .server
        .tls
        .as_ref()
        .map(listen::acceptor)
        .transpose()?;
    let is_tls = tls.is_some();
    let listener = Arc::new(Listener::new(socket, tls));
    let (stop_all, stopped) = watch::channel(listen::Phase::Serving);
    let signals = stop::Signals::listen().map_err(StartError::Thread)?;
    let workers = start_workers(&gateway, &listener, &stopped, snapshot.server.workers)?;
    gateway
        .metrics
        .config_loaded
        .set(crate::clock::unix_seconds() as f64);
    let model = snapshot
        .routes
        .iter()
        .next()
        .map(|route| route.name.as_str().to_owned());
    let mut reloader = Reloader::new(
        around,
        files,
        gateway.clone(),
        listener.clone(),
        fixed,
        changes,
        draining.exporters(),
    );
    banner::print(address, is_tls, quickstart.as_deref(), model.as_deref());
    tracing::info!(%address, routes = snapshot.routes.len(), "serving");
    drop(starting);

    signals.wait(&mut reloader);
    listener.close();
    stop::drain(&gateway, &stop_all, workers, snapshot.server.drain);
    drop(reloader);
    draining.flush_and_stop();
    Ok(())
}

/// Makes the data folder, for its owner alone.
fn make_folder(folder: &Path) -> Result<(), StartError> {
    use std::os::unix::fs::DirBuilderExt;
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|source| StartError::File {
            path: folder.to_path_buf(),
            source,
        })
}

/// Prices what a request that was cut off had used, as its end would have been priced.
fn pricing(gateway: &Arc<Gateway>) -> drain::Pricing {
    let gateway = gateway.clone();
    Arc::new(
        move |provider: &str,
              kind: ProviderKind,
              model: &str,
              usage: &Usage,
              tier: Option<&str>| {
            let live = gateway.live.load();
            let found = match live.provider(provider) {
                Some(provider) => live.price(provider, model),
                // It is no longer configured.
                None => live.prices.lookup(provider, kind.vendor(), model).cloned(),
            };
            price_of(usage, &*found?, tier)
        },
    )
}

/// Tells the metrics what the drain counts for want of a report.
fn counting(gateway: &Arc<Gateway>, waiting: Receiver<tokens::Waiting>) -> drain::Counting {
    let gateway = gateway.clone();
    drain::Counting::new(
        waiting,
        Box::new(move |of, usage, cost, unpriced| {
            gateway.metrics.used(&of.spender(), usage, cost, unpriced);
        }),
    )
}

/// The simulated provider, on a loopback port and a thread of its own.
fn start_simulator() -> Result<SocketAddr, StartError> {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let socket = listen::bind(any).map_err(|source| StartError::Listen {
        address: any,
        source,
    })?;
    let address = socket.local_addr().map_err(|source| StartError::Listen {
        address: any,
        source,
    })?;
    spawn("simulated", async move {
        match tokio::net::TcpListener::from_std(socket) {
            Ok(socket) => simulated::serve(socket, Simulator::embedded()).await,
            Err(error) => tracing::error!(%error, "the simulated provider can't listen"),
        }
    })?;
    Ok(address)
}

fn start_workers(
    gateway: &Arc<Gateway>,
    listener: &Arc<Listener>,
    stop: &listen::Stop,
    count: Option<usize>,
) -> Result<Vec<JoinHandle<()>>, StartError> {
    let count = count.unwrap_or_else(|| {
        std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
    });
    (0..count.max(1))
        .map(|number| {
            let worker = listen::run_worker(gateway.clone(), listener.clone(), stop.clone());
            spawn(&format!("worker-{number}"), async move {
                if let Err(error) = worker.await {
                    tracing::error!(%error, "a worker can't serve");
                }
            })
        })
        .collect()
}

/// Runs a future to its end on a thread with a runtime of its own.
fn spawn(
    name: &str,
    future: impl Future<Output = ()> + Send + 'static,
) -> Result<JoinHandle<()>, StartError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(8)
        .build()
        .map_err(StartError::Thread)?;
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            runtime.block_on(future);
            // What is left on it is dropped here; a call that blocks is not waited for.
            runtime.shutdown_timeout(Duration::from_millis(100));
        })
        .map_err(StartError::Thread)
}
