//! What is kept of a request's bodies, by its route's policy.

use super::exchange::Exchange;
use super::fit::BODIES;
use super::record;
use crate::config::Capture;
use tollgate_providers::Seen;

/// So much goes to the client between two records of progress: what a crash leaves unknown.
const PIECE: usize = 4 << 10;
/// Of an answer that is not to be captured, so much is held in memory, in case its tokens have to be counted.
const SAMPLE: usize = 4 << 10;

impl Exchange {
    fn capture(&self) -> Capture {
        self.route
            .as_ref()
            .map_or(self.live().unrouted_capture, |route| route.route.capture)
    }

    fn capture_max(&self) -> usize {
        let most = self
            .route
            .as_ref()
            .map_or(64 << 10, |route| route.route.capture_max);
        usize::try_from(most).unwrap_or(usize::MAX)
    }

    /// As much of a body as the route's policy keeps.
    pub fn captured<'a>(&self, body: &'a [u8]) -> &'a [u8] {
        match self.capture() {
            Capture::Full => body.get(..self.capture_max()).unwrap_or(body),
            Capture::Metadata | Capture::Off => &[],
        }
    }

    /// Bytes that go to the client. What is kept of them goes to the journal piece by piece.
    pub fn sends(&mut self, bytes: &[u8], seen: &Seen) {
        let kept_before = usize::try_from(self.output_bytes).unwrap_or(usize::MAX);
        self.output_bytes += bytes.len() as u64;
        self.unrecorded += bytes.len();
        if self.capture() == Capture::Full {
            let room = self.capture_max().saturating_sub(kept_before);
            self.output
                .extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        } else {
            let room = SAMPLE.saturating_sub(self.sample.len());
            self.sample
                .extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        }
        if self.unrecorded >= PIECE {
            self.unrecorded = 0;
            let kept = std::mem::take(&mut self.output);
            let piece = kept.get(..BODIES).unwrap_or(&kept);
            let (length, written) = (piece.len(), record::progress(self, piece, seen));
            self.output = kept;
            match written {
                Ok(_) => drop(self.output.drain(..length)),
                // It goes with the next record.
                Err(_) => self.gateway().metrics.journal_refused.inc(),
            }
        }
    }
}
