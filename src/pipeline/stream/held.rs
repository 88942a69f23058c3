//! A stream's owner: what a connection reads, and what settles the account when the connection is gone.

use super::LiveBody;
use crate::clock::Moment;
use bytes::Bytes;
use std::task::{Context, Poll};
use tollgate_domain::Refusal;

/// A stream in the hands of whoever reads it. Dropped before the stream's end, the client has left.
pub struct Held(pub(super) Option<Box<LiveBody>>);

impl Held {
    /// The next bytes for the client; `None` at the end.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        match &mut self.0 {
            Some(live) => live.poll_next(cx),
            None => Poll::Ready(None),
        }
    }

    /// When it is to be over, whoever is slow; `None` once it is, but for what is still to be read.
    pub fn deadline(&self) -> Option<Moment> {
        let live = self.0.as_ref()?;
        (!live.exchange.is_settled()).then(|| live.deadline())
    }

    /// Ends it at its deadline, in the midst of what the client does not take: nobody is there to be told.
    pub fn expire(&mut self) {
        if let Some(mut live) = self.0.take() {
            live.fail(&Refusal::TotalTimeout);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(live) = &mut self.0 {
            live.abandon();
        }
    }
}
