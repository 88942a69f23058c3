//! The journal's two threads: one syncs, one makes segments in advance.

use super::Log;
use super::sync::{Outcome, RETRY};
use crate::error::OpenError;
use crate::options::Sync;
use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};

/// Ends the threads, and syncs what is left, when dropped.
pub(crate) struct Threads {
    log: Arc<Log>,
    handles: Vec<JoinHandle<()>>,
}

impl Threads {
    pub(crate) fn start(log: Arc<Log>) -> Result<Self, OpenError> {
        let mut threads = Self {
            log: log.clone(),
            handles: Vec::new(),
        };
        if log.options.has_threads {
            let syncing = log.clone();
            threads.spawn("journal-sync", move || syncing.sync_until_stopped())?;
            threads.spawn("journal-make", move || log.make_until_stopped())?;
        }
        Ok(threads)
    }

    fn spawn(&mut self, name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), OpenError> {
        let spawned = thread::Builder::new().name(name.to_owned()).spawn(body);
        self.handles.push(spawned.map_err(OpenError::Thread)?);
        Ok(())
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.log.lock().is_stopping = true;
        self.log.sync_work.notify_all();
        self.log.make_work.notify_all();
        for handle in self.handles.drain(..) {
            let _ = handle.join();
        }
        self.log.grown.notify_all();
    }
}

impl Log {
    fn sync_until_stopped(&self) {
        while self.wait_for_sync_work() {
            if self.sync() == Outcome::Failed {
                let state = self.lock();
                let _ = self
                    .sync_work
                    .wait_timeout_while(state, RETRY, |state| !state.is_stopping);
            }
        }
        self.sync();
    }

    /// Until something is to be synced and its time has come; `false` when the journal stops.
    fn wait_for_sync_work(&self) -> bool {
        let mut state = self.lock();
        state.is_sync_idle = state.unsynced_bytes() == 0;
        while state.unsynced_bytes() == 0 && !state.is_stopping {
            state.is_sync_idle = true;
            state = self
                .sync_work
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.is_sync_idle = false;
        if let Sync::Group { interval } = self.options.sync {
            (state, _) = self
                .sync_work
                .wait_timeout_while(state, interval, |state| !state.is_stopping)
                .unwrap_or_else(PoisonError::into_inner);
        }
        !state.is_stopping
    }

    fn make_until_stopped(&self) {
        loop {
            let is_made = self.make();
            let mut state = self.lock();
            while is_made && state.is_well_provided() && !state.is_stopping {
                state = self
                    .make_work
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            if (!is_made || state.blocked.is_some()) && !state.is_stopping {
                // A full disk or a reached bound: space may come back without a word.
                (state, _) = self
                    .make_work
                    .wait_timeout(state, RETRY)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            if state.is_stopping {
                return;
            }
        }
    }
}
