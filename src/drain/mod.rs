//! From the journal into the store: a thread that follows the log, puts each request's records together and stores its
//! trace and its line of the ledger. No request waits for it.
//!
//! - **Nothing is lost.** What is not stored stays in the journal; a store that is away or full is tried again, for as
//!   long as the process lives, and by the next one.
//! - **Nothing is stored twice.** How far the log is done is a row of the store, written in the transaction of the rows
//!   that it speaks of. It stands before the first record of the oldest request that is still open, so some requests
//!   are read again after a restart; their rows are known by their ids.
//! - **A request that a killed process left open** is stored as `interrupted`, with the usage that was reported until
//!   then, or an estimate. It is known by its first record: written before this process wrote any, and nothing closes it.
//! - **A stream of hours keeps no hours of journal.** What is known of a request that is open while segments fill goes
//!   into the store with the cursor; a restart goes on from there.
//! - **What the store refuses for what is in it** holds up nothing else: it is found, cut down to what the store takes
//!   (at the least its line of the ledger), and counted.
//!
//! A request's way: [`follow`] (the journal, record by record), [`assemble`] (records to requests, [`carried`] where they
//! stay open, [`interrupted`] where a process left them), [`rows`] (a request to rows, with [`spans`] and [`content`]), [`sink`] (rows into the store, by
//! [`isolate`] where it refuses some), [`run`] (the thread). Beside it, [`otlp`] sends the same spans to collectors.

mod assemble;
mod body;
mod carried;
mod content;
mod counting;
mod follow;
mod interrupted;
mod isolate;
pub mod otlp;
mod pace;
mod request;
mod rows;
mod run;
mod sink;
mod spans;
mod stats;
mod stop;

#[cfg(test)]
mod tests;

pub use counting::{Counting, Told};
pub use interrupted::INTERRUPTED;
pub use stats::DrainStats;

use otlp::{Exporters, Exporting};
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use stop::Stop;
use tollgate_domain::{Cost, ProviderKind, Usage};
use tollgate_journal::{Position, Writer};
use tollgate_store::Store;

/// The store's name for how far the journal is done.
const CURSOR: &str = "drain";

/// What a usage costs at a provider (by its configured name) for a model, at the service tier that the answer named,
/// where there is a price.
pub type Pricing =
    Arc<dyn Fn(&str, ProviderKind, &str, &Usage, Option<&str>) -> Option<Cost> + Send + Sync>;

/// The running drain and its exporters. Dropped, they stop as by [`DrainHandle::flush_and_stop`].
pub struct DrainHandle {
    stop: Arc<Stop>,
    journal: Writer,
    exporters: Arc<Exporters>,
    thread: Option<JoinHandle<()>>,
}

/// Starts the drain's thread, and one for each collector. To be called before this process appends anything: what is in
/// the journal by then is an earlier process's.
pub fn start(
    store: Store,
    journal: Writer,
    stats: Arc<DrainStats>,
    price: Pricing,
    counting: Counting,
    exporting: Exporting<'_>,
) -> io::Result<DrainHandle> {
    let stop = Arc::new(Stop::default());
    let exporters = Arc::new(Exporters::new(
        store.clone(),
        journal.clone(),
        stats.clone(),
        price.clone(),
        &exporting,
    ));
    let drain = run::Drain::new(store, journal.clone(), stats, price, counting, stop.clone())
        .map_err(io::Error::other)?;
    // All readers are there before the drain lets go of any segment.
    exporters.start(exporting.collectors)?;
    let thread = std::thread::Builder::new()
        .name("drain".to_owned())
        .stack_size(8 << 20)
        .spawn(move || drain.run())?;
    Ok(DrainHandle {
        stop,
        journal,
        exporters,
        thread: Some(thread),
    })
}

/// The furthest that the store or a collector has come: the floor that a journal must be opened with.
pub fn floor(store: &Store) -> tollgate_store::Result<Position> {
    let collectors = otlp::cursors(store)?;
    let furthest = collectors.iter().map(|(_, position)| *position).max();
    Ok(stored_cursor(store)?.max(furthest.unwrap_or(Position::START)))
}

/// How far the store has the journal.
pub fn stored_cursor(store: &Store) -> tollgate_store::Result<Position> {
    cursor(store, CURSOR)
}

/// How far a reader has come, by the store's name for it.
fn cursor(store: &Store, name: &str) -> tollgate_store::Result<Position> {
    let stored = store.cursor(name)?;
    Ok(stored
        .and_then(|bytes| Position::from_bytes(&bytes))
        .unwrap_or(Position::START))
}

impl DrainHandle {
    pub fn exporters(&self) -> Arc<Exporters> {
        self.exporters.clone()
    }

    /// Stores what is in the journal by now, exports it, and ends the threads. What the store or a collector does not
    /// take stays in the journal for the next start.
    pub fn flush_and_stop(self) {
        drop(self);
    }
}

impl Drop for DrainHandle {
    fn drop(&mut self) {
        self.journal.sync_now();
        self.stop.set();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(
                "the drain's thread panicked: what it had not stored is in the journal"
            );
        }
        self.exporters.stop();
    }
}
