//! Streams that wait for their provider while a stop's time runs out: each is woken once more, to end with an error
//! event instead of in silence.
//!
//! A stream is polled, and dropped, on the thread of its connection alone, so each thread keeps a list of its own.

use std::cell::RefCell;
use std::collections::HashMap;
use std::task::{Context, Waker};
use tollgate_domain::RequestId;

thread_local! {
    static WAITING: RefCell<HashMap<RequestId, Waker>> = RefCell::default();
}

/// Wakes the streams of this thread.
pub fn wake_all() {
    let all = WAITING.with_borrow_mut(std::mem::take);
    all.into_values().for_each(Waker::wake);
}

/// A stream's place in the list.
pub(super) struct Waits {
    of: RequestId,
    /// As it is in the list.
    waker: Option<Waker>,
}

impl Waits {
    pub(super) fn new(of: RequestId) -> Self {
        Self { of, waker: None }
    }

    /// It waits, and is to be woken if its time runs out.
    pub(super) fn note(&mut self, cx: &Context<'_>) {
        let is_known = |known: &Waker| known.will_wake(cx.waker());
        if !self.waker.as_ref().is_some_and(is_known) {
            let waker = self.waker.insert(cx.waker().clone()).clone();
            WAITING.with_borrow_mut(|all| all.insert(self.of, waker));
        }
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        if self.waker.is_some() {
            // A thread that ends has no list any more.
            let _ = WAITING.try_with(|all| all.borrow_mut().remove(&self.of));
        }
    }
}
