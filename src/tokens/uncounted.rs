//! What a try's tokens are counted from, on its way from a worker to the drain.
//!
//! The content goes through memory, not through the journal, which holds no more of it than the route's capture policy
//! allows. Bounded; what finds no room, or is lost with the process, stays with the path's own estimate.

use crate::live::{LiveKey, LiveRoute, LiveTarget};
use crate::telemetry::metrics::Spender;
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use tollgate_domain::{Endpoint, RequestId, Usage};

/// How many may wait, and how many bytes they may hold together.
const MOST: usize = 1_024;
const MOST_BYTES: usize = 64 << 20;

/// A try whose provider did not report all of its usage.
pub struct Uncounted {
    pub request: RequestId,
    pub attempt: u32,
    pub endpoint: Endpoint,
    pub route: Option<Arc<LiveRoute>>,
    pub target: Arc<LiveTarget>,
    pub key: Arc<LiveKey>,
    /// As the answer named it.
    pub service_tier: Option<String>,
    /// What was reported before it was cut off, if anything.
    pub reported: Option<Usage>,
    /// What the path took it for; the journal has this.
    pub estimate: Usage,
    pub body: Bytes,
    /// All that was said, where it was kept.
    pub said: Option<String>,
    /// The beginning of what the client was sent, where the journal keeps nothing of it.
    pub sample: Vec<u8>,
    /// All bytes that the client was sent.
    pub sent: u64,
}

impl Uncounted {
    /// Whose the tokens are.
    pub fn spender(&self) -> Spender<'_> {
        Spender {
            endpoint: self.endpoint,
            route: self
                .route
                .as_ref()
                .map_or("", |live| live.route.name.as_str()),
            target: &self.target,
            key: &self.key,
        }
    }

    fn size(&self) -> usize {
        self.body.len() + self.said.as_ref().map_or(0, String::len) + self.sample.len()
    }
}

/// The worker's end.
#[derive(Clone)]
pub struct Handover {
    sender: SyncSender<Waiting>,
    held: Arc<AtomicUsize>,
}

/// One that holds its share of the room until it is dropped.
pub struct Waiting {
    /// Boxed: the channel has the room of all that may wait from the start on.
    uncounted: Box<Uncounted>,
    size: usize,
    held: Arc<AtomicUsize>,
}

/// Both ends.
pub fn handover() -> (Handover, Receiver<Waiting>) {
    let (sender, receiver) = sync_channel(MOST);
    let held = Arc::new(AtomicUsize::new(0));
    (Handover { sender, held }, receiver)
}

impl Handover {
    /// Hands a try over to be counted, before its end goes to the journal; `false` where there is no room.
    pub fn give(&self, uncounted: Uncounted) -> bool {
        let size = uncounted.size();
        let held = self.held.fetch_add(size, Ordering::Relaxed);
        let waiting = Waiting {
            uncounted: Box::new(uncounted),
            size,
            held: self.held.clone(),
        };
        held.saturating_add(size) <= MOST_BYTES && self.sender.try_send(waiting).is_ok()
    }
}

impl std::ops::Deref for Waiting {
    type Target = Uncounted;

    fn deref(&self) -> &Uncounted {
        &self.uncounted
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.held.fetch_sub(self.size, Ordering::Relaxed);
    }
}
