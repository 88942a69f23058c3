//! What a connection is in the middle of.
//!
//! A client says how many bytes it has room for, in all and for each stream; one that says nothing holds its stream, and
//! with it permits and a provider's connection. hyper waits for it without end. So the task of each stream is known here,
//! and is ended where what it was last given is not taken in time: hyper then resets the stream, and its exchange settles
//! as any whose client has left.

use crate::clock::{self, Moment};
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::timeout;

/// How long a client may take to answer that the connection is to end, and to read the end of its last answer.
const GOODBYE: Duration = Duration::from_millis(100);
const LAST_READ: Duration = Duration::from_secs(1);
/// What waits for no client.
const NEVER: u64 = u64::MAX;

pub(super) struct Load {
    /// Without a stream; and for a client that does not take what its stream has for it.
    limit: Duration,
    begun: AtomicU64,
    streams: Mutex<Vec<Stream>>,
    /// When the last exchange ended.
    ended: Mutex<Option<Moment>>,
    /// When the streams are looked at next, in nanoseconds of the clock.
    next_look: AtomicU64,
    look_sooner: Notify,
}

struct Stream {
    /// When it is to be ended, in nanoseconds of the clock.
    due: Arc<AtomicU64>,
    /// `None` until it is spawned.
    task: Option<AbortHandle>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Load {
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            limit,
            begun: AtomicU64::new(0),
            streams: Mutex::default(),
            ended: Mutex::default(),
            next_look: AtomicU64::new(0),
            look_sooner: Notify::new(),
        }
    }

    fn is_at_rest(&self) -> bool {
        lock(&self.streams).is_empty()
    }

    /// Once nothing was under way for one to two of the limit. Until then, ends the streams that are due.
    pub(super) async fn is_idle(&self) {
        loop {
            let begun = self.begun.load(Ordering::Relaxed);
            let was_at_rest = self.is_at_rest();
            let until = clock::now().after(self.limit);
            while let Some(pause) = self.look(until) {
                // Woken early or not, it is time for another look.
                let _ = timeout(pause, self.look_sooner.notified()).await;
            }
            if was_at_rest && self.begun.load(Ordering::Relaxed) == begun {
                return;
            }
        }
    }

    /// Once nothing is under way, and has not been for a moment: hyper waits for the client's word, which one that is
    /// idle may never give.
    pub(super) async fn is_gone(&self) {
        loop {
            tokio::time::sleep(GOODBYE).await;
            let now = clock::now();
            self.look(now);
            let ended = *lock(&self.ended);
            if self.is_at_rest() && ended.is_none_or(|ended| now.since(ended) >= LAST_READ) {
                return;
            }
        }
    }

    /// Ends what is due. The time until the next look, which is `until` at the latest; `None` once that has come.
    fn look(&self, until: Moment) -> Option<Duration> {
        let now = clock::now();
        let mut next = until.nanos();
        for stream in lock(&self.streams).iter() {
            let due = stream.due.load(Ordering::Relaxed);
            if due > now.nanos() {
                next = next.min(due);
            } else if let Some(task) = &stream.task {
                task.abort();
            }
        }
        self.next_look.store(next, Ordering::Relaxed);
        let pause = Moment::from_nanos(next).since(now);
        // A timer rings by whole milliseconds.
        (!pause.is_zero()).then(|| pause + Duration::from_millis(1))
    }
}

/// Spawns the streams of a connection.
#[derive(Clone)]
pub(super) struct Tasks(Arc<Load>);

impl Tasks {
    pub(super) fn of(load: &Arc<Load>) -> Self {
        Self(Arc::clone(load))
    }
}

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Tasks {
    fn execute(&self, stream: F) {
        let task = tokio::spawn(stream).abort_handle();
        // hyper spawns a stream as soon as its exchange has begun.
        if let Some(newest) = lock(&self.0.streams).last_mut() {
            newest.task.get_or_insert(task);
        }
    }
}

/// An exchange, which ends when this is dropped.
pub(super) struct UnderWay {
    load: Arc<Load>,
    due: Arc<AtomicU64>,
}

impl UnderWay {
    pub(super) fn new(load: Arc<Load>) -> Self {
        load.begun.fetch_add(1, Ordering::Relaxed);
        let due = Arc::new(AtomicU64::new(NEVER));
        lock(&load.streams).push(Stream {
            due: due.clone(),
            task: None,
        });
        Self { load, due }
    }

    /// The client had room for what was given.
    pub(super) fn took(&self) {
        self.due.store(NEVER, Ordering::Relaxed);
    }

    /// A piece waits for the client, which is to take it in time, and before the deadline.
    pub(super) fn gave(&self, now: Moment, deadline: Option<Moment>) {
        let mut due = now.after(self.load.limit);
        if let Some(deadline) = deadline {
            due = due.min(deadline);
        }
        self.due.store(due.nanos(), Ordering::Relaxed);
        if due.nanos() < self.load.next_look.load(Ordering::Relaxed) {
            self.load.look_sooner.notify_one();
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        *lock(&self.load.ended) = Some(clock::now());
        let mut streams = lock(&self.load.streams);
        if let Some(at) = streams
            .iter()
            .position(|stream| Arc::ptr_eq(&stream.due, &self.due))
        {
            streams.swap_remove(at);
        }
    }
}
