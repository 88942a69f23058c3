//! A response body that plays a script and knows when its reader went away.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use super::log::Record;
use super::script::{Script, Step};
use super::wire::Wire;

/// The connection is to be broken here.
#[derive(Debug, thiserror::Error)]
#[error("the script breaks the connection")]
pub(crate) struct Broken;

impl From<Infallible> for Broken {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

#[derive(Debug)]
pub(crate) struct ScriptBody {
    script: Script,
    left: Option<u64>,
    sleep: Option<Pin<Box<Sleep>>>,
    record: Record,
    wire: Wire,
}

impl ScriptBody {
    pub(crate) fn new(script: Script, record: Record, wire: Wire) -> Self {
        let mut body = Self {
            left: script.length,
            script,
            sleep: None,
            record,
            wire,
        };
        if body.is_over() {
            body.finish();
        }
        body
    }

    fn finish(&mut self) {
        self.record.finished();
        if self.script.hangs_up {
            self.wire.hang_up();
        }
    }

    fn is_over(&self) -> bool {
        self.script.steps.is_empty() && self.sleep.is_none()
    }
}

impl Body for ScriptBody {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let body = self.get_mut();
        loop {
            if let Some(sleep) = body.sleep.as_mut() {
                ready!(sleep.as_mut().poll(cx));
                body.sleep = None;
            }
            match body.script.steps.pop_front() {
                Some(Step::Send { bytes, .. }) if bytes.is_empty() => {}
                Some(Step::Send { bytes, text }) => {
                    body.record.sent(&text);
                    body.left = body
                        .left
                        .map(|left| left.saturating_sub(bytes.len() as u64));
                    if body.is_over() {
                        body.finish();
                    }
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Some(Step::Wait(duration)) => {
                    body.sleep = Some(Box::pin(tokio::time::sleep(duration)))
                }
                // Nothing wakes this body again; the connection still sees its reader leave.
                Some(Step::Hang) => {
                    body.script.steps.push_front(Step::Hang);
                    return Poll::Pending;
                }
                Some(Step::Reset) => {
                    body.wire.reset();
                    body.record.broken();
                    return Poll::Ready(Some(Err(Broken)));
                }
                Some(Step::Abort) => {
                    body.record.broken();
                    return Poll::Ready(Some(Err(Broken)));
                }
                None => {
                    body.finish();
                    return Poll::Ready(None);
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_over()
    }

    fn size_hint(&self) -> SizeHint {
        self.left
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
