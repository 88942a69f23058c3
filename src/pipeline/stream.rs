//! A streamed answer: one write out for each read in, metered as it passes.
//!
//! Until the first content, lifecycle frames are held back, for a second at most and only while another target is left:
//! an error before it then costs the caller nothing. After it, an error becomes an event in the caller's dialect.

use super::answer::{self, ReplyBody};
use super::attempt::{Failed, Way, fail};
use super::exchange::{Ending, Exchange};
use super::gunzip::Decoder;
use crate::clock::{self, Moment};
use crate::live::LiveRoute;
use crate::upstream::UpstreamBody;
use bytes::{Bytes, BytesMut};
use http::HeaderValue;
use hyper::Response;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Sleep;
use tollgate_domain::Refusal;
use tollgate_governance::strategy::Failure;
use tollgate_providers::{Piece, Reply, ReplyFault, error_event};

/// How long frames without content are held back.
const HOLD: Duration = Duration::from_secs(1);
/// Bytes that one write to the client may gather.
const GATHER: usize = 64 << 10;

/// The body of a streamed answer. Dropped before its end, the client has left: the provider's connection closes, and
/// what came is accounted.
pub struct LiveBody {
    exchange: Box<Exchange>,
    upstream: UpstreamBody,
    decoder: Decoder,
    reply: Reply,
    route: Arc<LiveRoute>,
    /// Came before the head was sent.
    first: Option<Bytes>,
    timer: Option<Pin<Box<Sleep>>>,
    last_read: Moment,
    has_content: bool,
    is_over: bool,
}

/// What the provider's side has to say.
enum Read {
    /// Bytes for the client; perhaps none.
    Bytes(Bytes),
    End,
    Fault(ReplyFault),
    TooSlow(Failure),
}

pub(super) async fn start(
    exchange: Box<Exchange>,
    route: &Arc<LiveRoute>,
    way: Way,
) -> Result<Response<ReplyBody>, (Box<Exchange>, Box<Failed>)> {
    let Way {
        reply,
        head,
        body,
        has_fallback,
        pass,
    } = way;
    let Some(pass) = pass else {
        return Err((
            exchange,
            Box::new(Failed::new(Failure::Broken, Refusal::Internal)),
        ));
    };
    let Some(decoder) = Decoder::of(&head) else {
        let refusal = Refusal::UpstreamMalformed("its encoding is not known".to_owned());
        return fail(exchange, pass, Failed::new(Failure::Broken, refusal));
    };
    let mut live = LiveBody {
        exchange,
        upstream: body,
        decoder,
        reply,
        route: route.clone(),
        first: None,
        timer: None,
        last_read: clock::now(),
        has_content: false,
        is_over: false,
    };
    if has_fallback {
        match tokio::time::timeout(HOLD, live.hold()).await {
            Ok(Ok(())) | Err(_) => {}
            Ok(Err(failed)) => {
                return fail(live.exchange, pass, failed);
            }
        }
    }
    pass.succeed(clock::now());
    let content_type = HeaderValue::from_static("text/event-stream; charset=utf-8");
    let mut response =
        answer::answered(&live.exchange, &head, content_type, ReplyBody::Whole(None));
    response.headers_mut().insert(
        http::header::CACHE_CONTROL,
        HeaderValue::from_static("no-cache"),
    );
    *response.body_mut() = ReplyBody::Live(Box::new(live));
    Ok(response)
}

impl LiveBody {
    /// Reads until there is content.
    async fn hold(&mut self) -> Result<(), Failed> {
        let mut held: Option<BytesMut> = None;
        let outcome = loop {
            match poll_fn(|cx| self.poll_read(cx)).await {
                Read::Bytes(bytes) => {
                    match (&mut held, self.first.take()) {
                        (Some(held), _) => held.extend_from_slice(&bytes),
                        (None, None) => self.first = Some(bytes),
                        (None, Some(first)) => {
                            let mut both = BytesMut::from(&*first);
                            both.extend_from_slice(&bytes);
                            held = Some(both);
                        }
                    }
                    // The dialect's own word that the answer failed, before any content.
                    if let Some(error) = self.reply.seen().failure.clone()
                        && !self.has_content
                    {
                        break Err(Failed::of_fault(
                            ReplyFault::Upstream(error),
                            self.reply.seen().clone(),
                        ));
                    }
                    if self.has_content || self.is_over {
                        break Ok(());
                    }
                }
                Read::End => break Ok(()),
                Read::Fault(fault) => {
                    break Err(Failed::of_fault(fault, self.reply.seen().clone()));
                }
                Read::TooSlow(failure) => {
                    break Err(Failed::new(failure, Refusal::UpstreamTimeout));
                }
            }
            // What is held must survive a time-out of the hold.
            if let Some(bytes) = held.take() {
                self.first = Some(bytes.freeze());
            }
        };
        if let Some(bytes) = held {
            self.first = Some(bytes.freeze());
        }
        outcome
    }

    /// The next bytes for the client; `None` at the end.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(first) = self.first.take().filter(|first| !first.is_empty()) {
            return Poll::Ready(Some(self.sends(first)));
        }
        if self.is_over {
            return Poll::Ready(None);
        }
        let mut gathered = Bytes::new();
        let mut joined: Option<BytesMut> = None;
        loop {
            match self.poll_read(cx) {
                Poll::Ready(Read::Bytes(bytes)) => {
                    match &mut joined {
                        Some(joined) => joined.extend_from_slice(&bytes),
                        None if gathered.is_empty() => gathered = bytes,
                        None if bytes.is_empty() => {}
                        None => {
                            let mut both = BytesMut::with_capacity(GATHER / 8);
                            both.extend_from_slice(&gathered);
                            both.extend_from_slice(&bytes);
                            joined = Some(both);
                        }
                    }
                    if joined.as_ref().map_or(gathered.len(), BytesMut::len) >= GATHER {
                        break;
                    }
                }
                Poll::Ready(Read::End) => {
                    self.is_over = true;
                    break;
                }
                Poll::Ready(Read::Fault(fault)) => {
                    let refusal = Failed::of_fault(fault, Default::default()).refusal;
                    let event = self.break_off(refusal);
                    joined
                        .get_or_insert_with(|| BytesMut::from(&*gathered))
                        .extend_from_slice(&event);
                    break;
                }
                Poll::Ready(Read::TooSlow(_)) => {
                    let event = self.break_off(Refusal::UpstreamTimeout);
                    joined
                        .get_or_insert_with(|| BytesMut::from(&*gathered))
                        .extend_from_slice(&event);
                    break;
                }
                Poll::Pending if gathered.is_empty() => return Poll::Pending,
                Poll::Pending => break,
            }
        }
        let bytes = joined.map_or(gathered, BytesMut::freeze);
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
        let seen = self.reply.seen();
        let failure = seen.failure.as_deref();
        self.exchange
            .gateway()
            .thinking
            .keep(&self.exchange.key().principal.name, &seen.thinking);
        self.exchange
            .end_attempt(seen, failure.map(|_| "upstream_failed"));
        let refusal = failure.map(|error| error.clone().into_refusal(None));
        let ending = if refusal.is_some() {
            Ending::Failed
        } else {
            Ending::Ok
        };
        self.exchange.settle(ending, 200, refusal.as_ref());
    }

    /// The client has left: what came is accounted. Does nothing where the request was settled.
    pub fn abandon(&mut self) {
        self.exchange
            .end_attempt(self.reply.seen(), Some("client_gone"));
        self.exchange.settle(Ending::ClientGone, 499, None);
    }

    /// The stream can't go on: an error event, and the account.
    fn break_off(&mut self, refusal: Refusal) -> Bytes {
        self.is_over = true;
        let mut event = BytesMut::new();
        if self.reply.is_mid_frame() {
            event.extend_from_slice(b"\n\n");
        }
        let (dialect, endpoint) = (self.exchange.endpoint.dialect(), self.exchange.endpoint);
        let id = self.exchange.id.to_string();
        event.extend_from_slice(&error_event(dialect, endpoint, &refusal, &id));
        self.exchange.sends(&event, self.reply.seen());
        self.exchange.output_bytes -= event.len() as u64;
        self.exchange
            .end_attempt(self.reply.seen(), Some(refusal.code()));
        self.exchange.settle(Ending::Failed, 200, Some(&refusal));
        event.freeze()
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Read> {
        let chunk = match self.upstream.poll_chunk(cx) {
            Poll::Ready(chunk) => chunk,
            Poll::Pending => return self.poll_clock(cx),
        };
        self.last_read = clock::now();
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
        }
        if piece.done && !self.is_over {
            self.is_over = true;
            // The end of the body mostly came with the last event: then the connection can be used again.
            let _ = self.upstream.poll_chunk(cx);
        }
        match fed {
            Err(_) if self.is_over => Poll::Ready(Read::End),
            Err(fault) => Poll::Ready(Read::Fault(fault)),
            Ok(()) if self.is_over && piece.bytes.is_empty() => Poll::Ready(Read::End),
            Ok(()) => Poll::Ready(Read::Bytes(piece.bytes)),
        }
    }

    /// The stream's clocks: first content, time between two reads, the whole. The timer is set again only when it
    /// rings, not at every read.
    fn poll_clock(&mut self, cx: &mut Context<'_>) -> Poll<Read> {
        loop {
            let timeout = self.route.route.timeout;
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
            let total = self.exchange.started.after(timeout.total);
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
