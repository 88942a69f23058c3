//! The connection's inbound bytes as a sequence of heads and bodies. Pure: bytes in, bytes out.

use super::chunked::Chunked;
use super::head::{Framing, inspect};
use super::reason::{BrokenBody, Reason};
use super::stand_in::stand_in;

const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Before the first byte of the connection that decides between the protocols.
    Begin,
    Head,
    Body {
        left: u64,
    },
    Chunked(Chunked),
    /// HTTP/2: no longer ours to read.
    Opaque,
    /// A stand-in went out; nothing follows it.
    Refused(Reason),
    Broken(BrokenBody),
}

/// Judges bytes as they come. What may pass either stays in place, or goes through `ready`.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) phase: Phase,
    max_head: usize,
    allow_http2: bool,
    /// The beginning of a head whose end has not come.
    held: Vec<u8>,
    /// Bytes to pass before any that come later.
    ready: Vec<u8>,
    /// Heads passed, stand-ins among them.
    pub(super) heads: u64,
}

impl Machine {
    pub(super) fn new(max_head: usize, allow_http2: bool) -> Self {
        Self {
            phase: Phase::Begin,
            max_head,
            allow_http2,
            held: Vec::new(),
            ready: Vec::new(),
            heads: 0,
        }
    }

    /// Takes the next bytes and returns how many of them, from their first, pass where they are. The rest is kept,
    /// passed through `ready`, or gone with a refusal.
    pub(super) fn feed(&mut self, fresh: &[u8]) -> usize {
        if self.held.is_empty() {
            let passed = self.judge(fresh);
            if matches!(self.phase, Phase::Begin | Phase::Head) {
                self.held
                    .extend_from_slice(fresh.get(passed..).unwrap_or_default());
            }
            return passed;
        }
        // Only a line's end can bring a verdict, or the bound: an attacker's single bytes are not judged again and again.
        let may_decide = memchr::memchr(b'\n', fresh).is_some();
        self.held.extend_from_slice(fresh);
        if may_decide || self.held.len() > self.max_head {
            let mut held = std::mem::take(&mut self.held);
            let refusal = std::mem::take(&mut self.ready);
            let passed = self.judge(&held);
            let stand_in = std::mem::replace(&mut self.ready, refusal);
            if matches!(self.phase, Phase::Begin | Phase::Head) {
                self.held = held.split_off(passed);
            }
            held.truncate(passed);
            self.ready.extend(held);
            self.ready.extend(stand_in);
        }
        0
    }

    /// The clock's verdict on a head that does not come to its end.
    pub(super) fn too_slow(&mut self) {
        let held = std::mem::take(&mut self.held);
        self.refuse(&held, Reason::HeadTooSlow);
    }

    pub(super) fn has_begun_head(&self) -> bool {
        !self.held.is_empty()
    }

    pub(super) fn is_between_requests(&self) -> bool {
        matches!(self.phase, Phase::Begin | Phase::Head) && self.held.is_empty()
    }

    /// Bytes that wait to be passed; `taken` of them were.
    pub(super) fn ready(&self) -> &[u8] {
        &self.ready
    }

    pub(super) fn took(&mut self, taken: usize) {
        self.ready.drain(..taken.min(self.ready.len()));
        if self.ready.is_empty() {
            self.ready = Vec::new();
        }
    }

    /// How many of these bytes, from the first, may pass; changes the phase.
    fn judge(&mut self, bytes: &[u8]) -> usize {
        let mut passed = 0;
        loop {
            let rest = bytes.get(passed..).unwrap_or_default();
            match &mut self.phase {
                _ if rest.is_empty() => return passed,
                Phase::Begin if self.allow_http2 && is_preface(rest) => {
                    if rest.len() < HTTP2_PREFACE.len() {
                        return passed;
                    }
                    self.phase = Phase::Opaque;
                }
                Phase::Begin | Phase::Head => match self.head(rest) {
                    Some(length) => passed += length,
                    None => return passed,
                },
                Phase::Body { left } => {
                    let here = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
                    passed += here;
                    *left -= here as u64;
                    if *left == 0 {
                        self.phase = Phase::Head;
                    }
                }
                Phase::Chunked(chunked) => {
                    let (followed, broken) = chunked.follow(rest);
                    passed += followed.taken;
                    if let Some(broken) = broken {
                        self.phase = Phase::Broken(broken);
                    } else if followed.is_over {
                        self.phase = Phase::Head;
                    }
                }
                Phase::Opaque => return bytes.len(),
                Phase::Refused(_) | Phase::Broken(_) => return passed,
            }
        }
    }

    /// The length of a head that passes; `None` where it is incomplete or refused.
    fn head(&mut self, bytes: &[u8]) -> Option<usize> {
        let within = bytes.get(..self.max_head).unwrap_or(bytes);
        let refused = match inspect(within) {
            Ok(Some(head)) => {
                self.heads += 1;
                self.phase = match head.framing {
                    Framing::Length(0) => Phase::Head,
                    Framing::Length(left) => Phase::Body { left },
                    Framing::Chunked => Phase::Chunked(Chunked::new()),
                };
                return Some(head.length);
            }
            Ok(None) if bytes.len() > self.max_head => Reason::HeadTooLarge,
            Ok(None) => return None,
            Err(reason) => reason,
        };
        self.refuse(within, refused);
        None
    }

    fn refuse(&mut self, head: &[u8], reason: Reason) {
        self.heads += 1;
        self.phase = Phase::Refused(reason);
        self.ready.extend(stand_in(head, reason));
    }
}

/// Whether these bytes are the preface, or may become it.
fn is_preface(bytes: &[u8]) -> bool {
    let length = bytes.len().min(HTTP2_PREFACE.len());
    bytes.get(..length) == HTTP2_PREFACE.get(..length)
}
