//! A connection's one clock. Setting it costs a reading of the time; the runtime's timer is moved only when it rings
//! before its time has come.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

#[derive(Debug)]
pub(super) struct Timer {
    deadline: Instant,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer {
    pub(super) fn new() -> Self {
        Self {
            deadline: Instant::now(),
            sleep: None,
        }
    }

    /// It rings after this long.
    pub(super) fn set(&mut self, after: Duration) {
        self.deadline = Instant::now() + after;
        if let Some(sleep) = &mut self.sleep
            && sleep.deadline() > self.deadline
        {
            sleep.as_mut().reset(self.deadline);
        }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = match &mut self.sleep {
            Some(sleep) => sleep,
            none => none.insert(Box::pin(sleep_until(self.deadline))),
        };
        loop {
            ready!(sleep.as_mut().poll(cx));
            if sleep.deadline() >= self.deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(self.deadline);
        }
    }
}
