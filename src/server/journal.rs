//! The journal, opened for this process.

use super::start::StartError;
use crate::config::{JournalSync, Snapshot};
use crate::{drain, random};
use std::sync::Arc;
use tollgate_journal::{Event, Options, RealDisk, Recovery, Sync, Writer};
use tollgate_store::Store;

/// Opens the journal as the configuration says, with what it has to say going to the log.
pub(super) fn open(snapshot: &Snapshot, store: &Store) -> Result<(Writer, Recovery), StartError> {
    let settings = &snapshot.store;
    let nonce = u32::from_le_bytes(random::secure::<4>().map_err(|_| StartError::Random)?);
    let options = Options {
        max_bytes: settings.journal_max,
        sync: match settings.sync {
            JournalSync::Group => Sync::default(),
            JournalSync::Each => Sync::Each,
        },
        floor: drain::floor(store)?,
        events: Some(Arc::new(|event| tell(&event))),
        ..Options::new(&settings.journal, nonce)
    };
    Ok(tollgate_journal::open(options, Arc::new(RealDisk::new()))?)
}

/// What the journal has to say, in the log.
fn tell(event: &Event) {
    match event {
        Event::SyncFailed { segment, error } => {
            let segment = segment.display();
            tracing::error!(%segment, error, "a sync of the journal failed: the segment is given up");
        }
        Event::Rewritten { bytes } => {
            tracing::warn!(
                bytes,
                "what a failed sync left in doubt is safe in another segment"
            );
        }
        Event::Refusing => {
            tracing::error!("the journal's disk keeps nothing: no request begins until it does");
        }
        Event::Full { error } => {
            let error = error.as_deref().unwrap_or("its bound is reached");
            tracing::warn!(error, "the journal is full");
        }
        Event::HasRoom => tracing::info!("the journal has room again"),
        event => tracing::warn!(?event, "the journal"),
    }
}
