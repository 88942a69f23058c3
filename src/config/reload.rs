//! A changed file becomes a new snapshot, or a list of mistakes and nothing changes.
//!
//! Some settings are bound to what the process has open. A change of one is named, and the running value stays until
//! the restart that it takes.

use super::load::{Origin, load};
use super::problems::Problem;
use super::reference::Sources;
use super::snapshot::Snapshot;
use std::sync::Arc;

/// A new snapshot to swap in.
pub struct Reloaded {
    pub snapshot: Arc<Snapshot>,
    /// What the file changes that takes a restart.
    pub notices: Vec<Problem>,
}

/// Reads the file again. Every mistake leaves the previous snapshot in its place.
pub fn reload(
    origin: &Origin,
    previous: &Snapshot,
    sources: &Sources<'_>,
) -> Result<Reloaded, Vec<Problem>> {
    let mut snapshot = load(origin, sources)?;
    if snapshot.uses_simulated() && sources.simulated.is_none() {
        let message = "the simulated server is not running: a first `simulated:` takes a restart";
        return Err(vec![problem(origin, "providers", message)]);
    }
    let notices = keep_bound(&mut snapshot, previous)
        .into_iter()
        .map(|field| {
            problem(
                origin,
                field,
                "changed; it takes a restart, until then the old value stays",
            )
        })
        .collect();
    Ok(Reloaded {
        snapshot: Arc::new(snapshot),
        notices,
    })
}

/// Puts back what cannot change while the process runs, and names what was put back.
fn keep_bound(snapshot: &mut Snapshot, previous: &Snapshot) -> Vec<&'static str> {
    let mut changed = Vec::new();
    let mut keep = |field, is_changed: bool| {
        if is_changed {
            changed.push(field);
        }
    };
    let (new, old) = (&mut snapshot.server, &previous.server);
    keep("server.listen", new.listen != old.listen);
    new.listen = old.listen;
    keep("server.workers", new.workers != old.workers);
    new.workers = old.workers;
    keep("server.tls", new.tls.is_some() != old.tls.is_some());
    if new.tls.is_some() != old.tls.is_some() {
        new.tls.clone_from(&old.tls);
    }
    let (new, old) = (&mut snapshot.store, &previous.store);
    keep("store.url", new.path != old.path);
    keep("store.journal", new.journal != old.journal);
    keep("store.sync", new.sync != old.sync);
    keep("store.journal_max", new.journal_max != old.journal_max);
    new.clone_from(old);
    keep("vault.key_file", snapshot.vault != previous.vault);
    snapshot.vault.clone_from(&previous.vault);
    let (new, old) = (&mut snapshot.telemetry, &previous.telemetry);
    keep("telemetry.log", new.log != old.log);
    new.log = old.log;
    changed
}

fn problem(origin: &Origin, field: &str, message: &str) -> Problem {
    Problem {
        file: origin.name(),
        place: None,
        field: field.to_owned(),
        message: message.to_owned(),
        excerpt: None,
    }
}
