//! A streamed answer: one write out for each read in, metered as it passes.
//!
//! Until the first content, lifecycle frames are held back, for a second at most and only while another target is left:
//! an error before it then costs the caller nothing. After it, an error becomes an event in the caller's dialect.

mod held;

pub use held::Held;

use super::answer::{self, Answer, ReplyBody};
use super::attempt::{Unanswered, Way, fail};
use super::cut_off::Waits;
use super::exchange::{Ending, Exchange};
use super::failed::Failed;
use super::gunzip::Decoder;
use super::misfit;
use crate::clock::{self, Moment};
use crate::config::Timeouts;
use crate::live::LiveRoute;
use crate::pieces::Pieces;
use crate::upstream::UpstreamBody;
use bytes::{Bytes, BytesMut};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Sleep;
use tollgate_domain::Refusal;
use tollgate_governance::strategy::Failure;
use tollgate_journal::Synced;
use tollgate_providers::{Piece, Reply, ReplyFault, error_event};

/// How long frames without content are held back.
const HOLD: Duration = Duration::from_secs(1);
/// Bytes that one write to the client may gather.
const GATHER: usize = 64 << 10;

/// A streamed answer under way.
struct LiveBody {
    exchange: Box<Exchange>,
    upstream: UpstreamBody,
    decoder: Decoder,
    reply: Reply,
    timeout: Timeouts,
    /// Came before the head was sent.
    first: Option<Bytes>,
    timer: Option<Pin<Box<Sleep>>>,
    last_read: Moment,
    has_content: bool,
    is_over: bool,
    /// Its total time passed while there was always something to read.
    is_late: bool,
    /// The last bytes, and what they wait for.
    closing: Option<(Synced, Option<Bytes>)>,
    waits: Waits,
}

/// What the provider's side has to say.
enum Read {
    /// Bytes for the client; perhaps none.
    Bytes(Bytes),
    End,
    /// With what came before it.
    Fault(ReplyFault, Bytes),
    TooSlow(Failure),
    /// The gateway stops, and its time for that is over.
    CutOff,
}

pub(super) async fn start(
    exchange: Box<Exchange>,
    route: &LiveRoute,
    mut way: Way,
    has_fallback: bool,
) -> Result<Answer, Unanswered> {
    let timeout = route.route.timeout;
    let end = exchange.started.after(timeout.total);
    let left = || end.since(clock::now()).min(timeout.first_token);
    if let Err(failed) = misfit::look(&mut way, left).await {
        return fail(exchange, way.pass, failed);
    }
    let Way {
        reply,
        head,
        body,
        pass,
        ..
    } = way;
    let Some(decoder) = Decoder::of(&head) else {
        let refusal = Refusal::UpstreamMalformed("its encoding is not known".to_owned());
        return fail(exchange, pass, Failed::new(Failure::Broken, refusal));
    };
    let content_type = "text/event-stream; charset=utf-8";
    let mut answer = answer::answered(&exchange, &head, content_type, ReplyBody::Whole(None));
    answer.lines.put("cache-control", "no-cache");
    // From here on, a client that leaves is accounted with what the provider reported.
    let mut held = Held(Some(Box::new(LiveBody {
        waits: Waits::new(exchange.id),
        exchange,
        upstream: body,
        decoder,
        reply,
        timeout,
        first: None,
        timer: None,
        last_read: clock::now(),
        has_content: false,
        is_over: false,
        is_late: false,
        closing: None,
    })));
    if has_fallback
        && let Some(live) = &mut held.0
        && let Ok(Err(failed)) = tokio::time::timeout(HOLD, live.hold()).await
        && let Some(live) = held.0.take()
    {
        return fail(live.exchange, pass, failed);
    }
    pass.succeed(clock::now());
    answer.body = ReplyBody::Live(held);
    Ok(answer)
}

impl LiveBody {
    /// Reads until there is content.
    async fn hold(&mut self) -> Result<(), Failed> {
        loop {
            match poll_fn(|cx| self.poll_read(cx)).await {
                Read::Bytes(bytes) => {
                    // In place before the next await: a time-out of the hold loses nothing.
                    let first = self.first.get_or_insert_default();
                    *first = if first.is_empty() {
                        bytes
                    } else {
                        [&first[..], &bytes].concat().into()
                    };
                    let is_much = first.len() >= GATHER;
                    // The dialect's own word that the answer failed, before any content.
                    if let Some(error) = self.reply.seen().failure.clone()
                        && !self.has_content
                    {
                        return Err(Failed::of_fault(
                            ReplyFault::Upstream(error),
                            self.reply.seen().clone(),
                        ));
                    }
                    if self.has_content || self.is_over || is_much {
                        return Ok(());
                    }
                }
                // Whoever reads it is told.
                Read::End | Read::CutOff => return Ok(()),
                Read::Fault(fault, _) => {
                    return Err(Failed::of_fault(fault, self.reply.seen().clone()));
                }
                Read::TooSlow(failure) => {
                    let mut failed = Failed::new(failure, Refusal::UpstreamTimeout);
                    failed.seen = self.reply.seen().clone();
                    return Err(failed);
                }
            }
        }
    }

    /// The next bytes for the client. The last ones wait until the account survives a power loss, where the operator
    /// asked for that.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if self.closing.is_none() {
            let piece = ready!(self.poll_piece(cx));
            match self.exchange.synced() {
                Some(synced) if self.is_over => self.closing = Some((synced, piece)),
                _ => return Poll::Ready(piece),
            }
        }
        if let Some((synced, _)) = &mut self.closing {
            ready!(Pin::new(synced).poll(cx));
        }
        Poll::Ready(self.closing.take().and_then(|(_, piece)| piece))
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(first) = self.first.take().filter(|first| !first.is_empty()) {
            return Poll::Ready(Some(self.sends(first)));
        }
        if self.is_over {
            // Over while it was held back, without a byte for the caller.
            self.settle();
            return Poll::Ready(None);
        }
        let mut gathered = Pieces::default();
        let refusal = loop {
            match self.poll_read(cx) {
                Poll::Ready(Read::Bytes(bytes)) => {
                    gathered.push(bytes);
                    if self.is_over || gathered.len() >= GATHER {
                        break None;
                    }
                }
                Poll::Ready(Read::End) => {
                    self.is_over = true;
                    break None;
                }
                Poll::Ready(Read::Fault(fault, before)) => {
                    gathered.push(before);
                    break Some(Failed::of_fault(fault, Default::default()).refusal);
                }
                Poll::Ready(Read::TooSlow(Failure::TotalTimeout)) => {
                    break Some(Refusal::TotalTimeout);
                }
                Poll::Ready(Read::TooSlow(_)) => break Some(Refusal::UpstreamTimeout),
                Poll::Ready(Read::CutOff) => break Some(Refusal::Draining),
                Poll::Pending if gathered.is_empty() => return Poll::Pending,
                Poll::Pending => break None,
            }
        };
        let bytes = gathered.finish();
        if let Some(refusal) = refusal {
            // What came before the break is part of the answer.
            self.exchange.sends(&bytes, self.reply.seen());
            let event = self.break_off(&refusal);
            return Poll::Ready(Some([bytes, event].concat().into()));
        }
        if bytes.is_empty() {
            self.settle();
            return Poll::Ready(None);
        }
        Poll::Ready(Some(self.sends(bytes)))
    }

    /// Accounts bytes on their way to the client; settles before the last ones go.
    fn sends(&mut self, bytes: Bytes) -> Bytes {
        self.exchange.sends(&bytes, self.reply.seen());
        if self.is_over {
            self.settle();
        }
        bytes
    }

    fn settle(&mut self) {
        if self.exchange.is_settled() {
            return;
        }
        let seen = self.reply.seen();
        let failure = seen.failure.as_deref();
        self.exchange
            .gateway()
            .thinking
            .keep(&self.exchange.key().principal.name, &seen.thinking);
        let refusal = failure.map(|error| error.clone().into_refusal(None));
        let (ending, failure) = match refusal {
            Some(_) => (Ending::Failed, Some("upstream_failed")),
            None => (Ending::Ok, None),
        };
        self.exchange
            .finish(seen, failure, ending, 200, refusal.as_ref());
        self.exchange.write_account();
    }

    /// The client has left: what came is accounted. Does nothing where the request was settled.
    fn abandon(&mut self) {
        let seen = self.reply.seen();
        self.exchange
            .finish(seen, Some("client_gone"), Ending::ClientGone, 499, None);
    }

    /// The stream can't go on: an error event, and the account.
    fn break_off(&mut self, refusal: &Refusal) -> Bytes {
        self.is_over = true;
        let mut event = BytesMut::new();
        if self.reply.is_mid_frame() {
            event.extend_from_slice(b"\n\n");
        }
        let (dialect, endpoint) = (self.exchange.endpoint.dialect(), self.exchange.endpoint);
        let id = self.exchange.id.to_string();
        event.extend_from_slice(&error_event(dialect, endpoint, refusal, &id));
        self.exchange.sends(&event, self.reply.seen());
        self.fail(refusal);
        event.freeze()
    }

    /// The account of a stream that can't go on.
    fn fail(&mut self, refusal: &Refusal) {
        let (seen, code) = (self.reply.seen(), refusal.code());
        let ending = match refusal {
            Refusal::Draining => Ending::CutOff,
            _ => Ending::Failed,
        };
        self.exchange
            .finish(seen, Some(code), ending, 200, Some(refusal));
        self.exchange.write_account();
    }

    fn deadline(&self) -> Moment {
        self.exchange.started.after(self.timeout.total)
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Read> {
        if self.is_late {
            return Poll::Ready(Read::TooSlow(Failure::TotalTimeout));
        }
        if self.exchange.gateway().is_cut_off.load(Relaxed) {
            return Poll::Ready(Read::CutOff);
        }
        let chunk = match self.upstream.poll_chunk(cx) {
            Poll::Ready(chunk) => chunk,
            Poll::Pending => {
                self.waits.note(cx);
                return self.poll_clock(cx);
            }
        };
        self.last_read = clock::now();
        self.is_late = self.last_read >= self.deadline();
        let mut piece = Piece::default();
        let fed = match chunk {
            Some(Ok(chunk)) => match self.decoder.decode(chunk) {
                Ok(chunk) => {
                    if let Some(attempt) = &mut self.exchange.attempt
                        && attempt.is_translated
                    {
                        attempt.output.extend_from_slice(&chunk);
                        attempt.output.truncate(256 << 10);
                    }
                    self.reply.feed(chunk, &mut piece)
                }
                Err(_) => Err(ReplyFault::Malformed(
                    "its encoding can't be decoded".to_owned(),
                )),
            },
            Some(Err(error)) => {
                tracing::info!(request = %self.exchange.id, %error, "a provider's stream broke");
                Err(ReplyFault::Truncated)
            }
            None => {
                let ended = self.reply.end(&mut piece);
                self.is_over = ended.is_ok();
                ended
            }
        };
        if piece.content && !self.has_content {
            self.has_content = true;
            self.exchange.saw_content();
            // It was set for the first content; what it is to ring for now may come earlier.
            self.timer = None;
        }
        if piece.done && !self.is_over {
            self.is_over = true;
            // The end of the body mostly came with the last event: then the connection can be used again.
            let _ = self.upstream.poll_chunk(cx);
        }
        match fed {
            Err(_) if self.is_over => Poll::Ready(Read::End),
            Err(fault) => Poll::Ready(Read::Fault(fault, piece.bytes)),
            Ok(()) if self.is_over && piece.bytes.is_empty() => Poll::Ready(Read::End),
            Ok(()) => Poll::Ready(Read::Bytes(piece.bytes)),
        }
    }

    /// The stream's clocks: first content, time between two reads, the whole. The timer is set again only when it
    /// rings, not at every read.
    fn poll_clock(&mut self, cx: &mut Context<'_>) -> Poll<Read> {
        loop {
            let timeout = self.timeout;
            let now = clock::now();
            let attempt = self
                .exchange
                .attempt
                .as_ref()
                .map_or(self.exchange.started, |try_| try_.started);
            let quiet = if self.has_content {
                self.last_read.after(timeout.idle)
            } else {
                attempt.after(timeout.first_token)
            };
            let total = self.deadline();
            if now >= total {
                return Poll::Ready(Read::TooSlow(Failure::TotalTimeout));
            }
            if now >= quiet {
                return Poll::Ready(Read::TooSlow(Failure::FirstTokenTimeout));
            }
            let wait = quiet.min(total).since(now) + Duration::from_millis(1);
            let timer = self
                .timer
                .get_or_insert_with(|| Box::pin(tokio::time::sleep(wait)));
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.timer = None;
        }
    }
}
