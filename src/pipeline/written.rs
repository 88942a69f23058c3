//! A request's records on their way to the kernel: they wait for those of others that came in the same turn.

use super::exchange::{Attempt, Exchange};
use super::record;
use crate::config::OnJournalFull;
use tollgate_domain::Refusal;
use tollgate_journal::{AppendError, Position};

/// Records in the journal's hands, not known to be in the kernel.
pub(super) struct Unwritten {
    pub position: Position,
    /// The request's beginning is among them.
    pub opens: bool,
}

impl Exchange {
    /// Waits for the turn's end, if there may be others that came in it: then one write does for the records of all,
    /// and their sockets are written one after another.
    pub(super) async fn turn_ends(&self) {
        if self.gateway().metrics.in_flight.get() > 1 {
            // The runtime puts the task behind those that its next look at the sockets finds.
            tokio::task::yield_now().await;
        }
    }

    /// Begins a try: the journal gets it, and the request with it if it is the first.
    pub(super) fn begin_attempt(&mut self, mut attempt: Attempt) -> Result<Position, AppendError> {
        self.attempts += 1;
        attempt.number = self.attempts;
        let taken = record::attempt(self, &attempt, !self.is_opened);
        self.tried = Some((attempt.target.clone(), attempt.model.clone()));
        self.attempt = Some(attempt);
        taken
    }

    /// Waits until what [`Self::begin_attempt`] gave the journal is in the kernel: the try may leave.
    pub(super) async fn begun(
        &mut self,
        taken: Result<Position, AppendError>,
    ) -> Result<(), Refusal> {
        let written = match taken {
            Ok(position) => {
                let opens = !std::mem::replace(&mut self.is_opened, true);
                self.unwritten = Some(Unwritten { position, opens });
                self.turn_ends().await;
                self.write()
            }
            Err(error) => Err(error),
        };
        match written {
            Ok(()) => Ok(()),
            Err(error) => {
                self.gateway().metrics.journal_refused.inc();
                let goes_on = self
                    .route
                    .as_ref()
                    .is_some_and(|route| route.route.on_journal_full == OnJournalFull::Continue);
                tracing::warn!(request = %self.id, %error, goes_on, "the journal took no record");
                if goes_on {
                    Ok(())
                } else {
                    Err(Refusal::JournalFull)
                }
            }
        }
    }

    pub(super) fn note<T>(&self, taken: Result<T, AppendError>) -> Option<T> {
        if let Err(error) = &taken {
            self.gateway().metrics.journal_refused.inc();
            tracing::warn!(request = %self.id, %error, "the journal took no record");
        }
        taken.ok()
    }

    /// What waits to be written is in the kernel on return, or in no journal.
    fn write(&mut self) -> Result<(), AppendError> {
        let Some(Unwritten { position, opens }) = self.unwritten.take() else {
            return Ok(());
        };
        let written = self.gateway().journal.write_up_to(position);
        if written.is_err() && opens {
            self.is_opened = false;
        }
        written
    }

    /// What waits to be written, the account at last, is in the kernel on return: the last bytes may go out.
    pub fn write_account(&mut self) {
        let written = self.write();
        self.note(written);
    }
}
