//! An answer on its way out: its head and the first of its body in one write, then a write for each piece.

use super::inbound::Shared;
use super::request::About;
use super::timer::Timer;
use crate::clock::{self, Moment};
use crate::pipeline::{Answer, Lines, ReplyBody};
use bytes::{Buf, Bytes};
use http::StatusCode;
use http_body::Body;
use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, IoSlice, Write as _};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::AsyncWrite;

/// How the body's end is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    /// The head says how long it is, or that there is none.
    Known,
    Chunked,
    /// By closing: for HTTP/1.0, which has no chunks.
    Close,
}

/// Bytes that go out together.
#[derive(Default)]
struct Flight {
    /// The head, a chunk's size.
    before: Vec<u8>,
    data: Bytes,
    after: &'static [u8],
    /// What of `before` is written.
    at: usize,
}

impl Flight {
    fn is_over(&self) -> bool {
        self.at >= self.before.len() && self.data.is_empty() && self.after.is_empty()
    }

    fn slices(&self) -> [IoSlice<'_>; 3] {
        [
            IoSlice::new(self.before.get(self.at..).unwrap_or_default()),
            IoSlice::new(&self.data),
            IoSlice::new(self.after),
        ]
    }

    fn wrote(&mut self, mut count: usize) {
        let of_before = count.min(self.before.len() - self.at);
        self.at += of_before;
        count -= of_before;
        let of_data = count.min(self.data.len());
        self.data.advance(of_data);
        self.after = self.after.get(count - of_data..).unwrap_or_default();
    }

    /// One slice, for a socket that takes only one at a time.
    fn join(&mut self) {
        if self.data.is_empty() && self.after.is_empty() {
            return;
        }
        let mut joined = Vec::with_capacity(self.slices().iter().map(|slice| slice.len()).sum());
        for slice in self.slices() {
            joined.extend_from_slice(&slice);
        }
        *self = Self {
            before: joined,
            ..Self::default()
        };
    }
}

pub(super) struct Writing {
    flight: Flight,
    /// `None` once it is over.
    body: Option<ReplyBody>,
    /// Came from the body while it was asked whether it is over.
    next: Option<Bytes>,
    framing: Framing,
    keeps: bool,
    /// When a body that came in one piece is to be out.
    end: Option<Moment>,
}

impl Writing {
    pub(super) fn new(answer: Answer, about: About, keeps: bool) -> Self {
        let Answer {
            status,
            lines,
            body,
        } = answer;
        let has_no_body = about.is_head
            || status.is_informational()
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        let exact = body.size_hint().exact();
        let end = body.deadline().filter(|_| exact.is_some());
        let framing = match exact {
            _ if has_no_body => Framing::Known,
            Some(_) => Framing::Known,
            None if about.is_http_1_0 => Framing::Close,
            None => Framing::Chunked,
        };
        let keeps = keeps && framing != Framing::Close;
        let length = exact.filter(|_| status != StatusCode::NO_CONTENT);
        Self {
            flight: Flight {
                before: head(status, &lines, framing, length, about, keeps),
                ..Flight::default()
            },
            body: (!has_no_body).then_some(body),
            next: None,
            framing,
            keeps,
            end,
        }
    }

    /// Puts the next piece behind what waits to be written; ready when there is something to write, or nothing is left.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let data = match self.next.take() {
            Some(data) => data,
            None => match ready!(self.poll_data(cx))? {
                Some(data) => data,
                None => {
                    if self.framing == Framing::Chunked {
                        self.flight.after = b"0\r\n\r\n";
                    }
                    return Poll::Ready(Ok(()));
                }
            },
        };
        if self.framing == Framing::Chunked {
            let _infallible = write!(self.flight.before, "{:x}\r\n", data.len());
            self.flight.after = b"\r\n";
        }
        self.flight.data = data;
        // The end, where it is known by now, goes with the last piece.
        if let Poll::Ready(more) = self.poll_data(cx) {
            self.next = more?;
            if self.body.is_none() && self.framing == Framing::Chunked && self.next.is_none() {
                self.flight.after = b"\r\n0\r\n\r\n";
            }
        }
        Poll::Ready(Ok(()))
    }

    /// The body's next piece that is not empty; `None` at its end.
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        loop {
            let Some(body) = &mut self.body else {
                return Poll::Ready(Ok(None));
            };
            match ready!(Pin::new(body).poll_frame(cx)) {
                None => self.body = None,
                Some(Err(error)) => return Poll::Ready(Err(io::Error::other(error))),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data()
                        && !data.is_empty()
                    {
                        return Poll::Ready(Ok(Some(data)));
                    }
                }
            }
        }
    }

    /// Whether the whole answer is out.
    fn is_over(&self) -> bool {
        self.body.is_none() && self.next.is_none() && self.flight.is_over()
    }
}

/// With a client that takes no byte, and with one whose answer is to be over by now.
struct Patience {
    limit: Duration,
    is_waiting: bool,
}

impl Patience {
    fn poll(
        &mut self,
        writing: &mut Writing,
        timer: &mut Timer,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if !std::mem::replace(&mut self.is_waiting, true) {
            let live = writing.body.as_ref().and_then(ReplyBody::deadline);
            let left = live.or(writing.end).map(|end| end.since(clock::now()));
            timer.set(left.map_or(self.limit, |left| left.min(self.limit)));
        }
        ready!(timer.poll(cx));
        if let Some(body) = &mut writing.body {
            body.expire();
        }
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

/// Writes an answer. `Ok(true)`: the connection can go on.
pub(super) async fn write(
    mut writing: Writing,
    shared: &Shared,
    timer: &mut Timer,
    stall: Duration,
) -> io::Result<bool> {
    // A head waits for its first piece, if that is there; without one it goes alone.
    let mut may_fill = true;
    let mut patience = Patience {
        limit: stall,
        is_waiting: false,
    };
    // TLS may have taken bytes that it could not send yet.
    let mut needs_flush = false;
    poll_fn(|cx| {
        loop {
            if needs_flush {
                match Pin::new(&mut shared.lock().io).poll_flush(cx) {
                    Poll::Ready(flushed) => flushed?,
                    Poll::Pending => return patience.poll(&mut writing, timer, cx),
                }
                needs_flush = false;
                patience.is_waiting = false;
            }
            if writing.is_over() {
                return Poll::Ready(Ok(()));
            }
            if may_fill && (writing.body.is_some() || writing.next.is_some()) {
                match writing.poll_fill(cx) {
                    Poll::Ready(filled) => filled?,
                    Poll::Pending if writing.flight.is_over() => {
                        return match shared.lock().poll_gone(cx, timer) {
                            Poll::Ready(()) => {
                                Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()))
                            }
                            Poll::Pending => Poll::Pending,
                        };
                    }
                    Poll::Pending => {}
                }
            }
            may_fill = false;
            while !writing.flight.is_over() {
                let mut inbound = shared.lock();
                let io = Pin::new(&mut inbound.io);
                let wrote = if io.is_write_vectored() {
                    io.poll_write_vectored(cx, &writing.flight.slices())
                } else {
                    writing.flight.join();
                    let [joined, _, _] = writing.flight.slices();
                    io.poll_write(cx, &joined)
                };
                drop(inbound);
                match wrote {
                    Poll::Ready(Ok(0)) => {
                        return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                    }
                    Poll::Ready(Ok(count)) => {
                        writing.flight.wrote(count);
                        patience.is_waiting = false;
                    }
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending => {
                        return patience.poll(&mut writing, timer, cx);
                    }
                }
            }
            // A head's room is not kept through a long answer.
            writing.flight = Flight::default();
            needs_flush = true;
            may_fill = true;
        }
    })
    .await?;
    Ok(writing.keeps)
}

fn head(
    status: StatusCode,
    lines: &Lines,
    framing: Framing,
    length: Option<u64>,
    about: About,
    keeps: bool,
) -> Vec<u8> {
    let mut head = Vec::with_capacity(lines.as_bytes().len() + 160);
    head.extend_from_slice(b"HTTP/1.1 ");
    head.extend_from_slice(status.as_str().as_bytes());
    head.push(b' ');
    head.extend_from_slice(status.canonical_reason().unwrap_or("").as_bytes());
    head.extend_from_slice(b"\r\n");
    head.extend_from_slice(lines.as_bytes());
    match (framing, length) {
        (Framing::Chunked, _) => head.extend_from_slice(b"transfer-encoding: chunked\r\n"),
        (Framing::Known, Some(length)) => {
            let _infallible = write!(head, "content-length: {length}\r\n");
        }
        _ => {}
    }
    if !keeps {
        head.extend_from_slice(b"connection: close\r\n");
    } else if about.is_http_1_0 {
        head.extend_from_slice(b"connection: keep-alive\r\n");
    }
    date(&mut head);
    head.extend_from_slice(b"\r\n");
    head
}

/// The `Date` line; its text is made once a second.
fn date(head: &mut Vec<u8>) {
    thread_local! {
        static LINE: RefCell<(u64, Vec<u8>)> = const { RefCell::new((0, Vec::new())) };
    }
    let now = clock::unix_seconds();
    LINE.with_borrow_mut(|(second, line)| {
        if *second != now {
            *second = now;
            line.clear();
            let time = std::time::UNIX_EPOCH + Duration::from_secs(now);
            let _infallible = write!(line, "date: {}\r\n", httpdate::HttpDate::from(time));
        }
        head.extend_from_slice(line);
    });
}
