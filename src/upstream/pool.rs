//! A worker thread's idle connections.

use super::h1::H1;
use super::origin::Origin;
use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http2;
use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use crate::clock::{self, Moment};

/// Idle connections kept to one origin by one worker; the oldest goes when another comes.
const IDLE_MAX: usize = 512;
/// Servers close idle connections after some time; a connection idle for longer than this is not used again.
const IDLE_FOR: Duration = Duration::from_secs(50);

pub(super) type H2Sender = http2::SendRequest<Full<Bytes>>;

#[derive(Default)]
struct Idle {
    h1: Vec<(H1, Moment)>,
    h2: Option<H2Sender>,
}

thread_local! {
    static POOL: RefCell<HashMap<u64, Idle>> = RefCell::new(HashMap::new());
}

/// The connection to this origin that was used last and is still open.
pub(super) fn take(origin: &Origin) -> Option<H1> {
    loop {
        let (mut connection, since) =
            POOL.with_borrow_mut(|pool| pool.get_mut(&origin.id)?.h1.pop())?;
        if clock::elapsed(since) < IDLE_FOR && connection.is_usable() {
            return Some(connection);
        }
    }
}

/// Keeps a connection whose answer was read to its end.
pub(super) fn put(mut connection: H1) {
    if !connection.is_usable() {
        return;
    }
    let evicted = POOL.with_borrow_mut(|pool| {
        let idle = &mut pool.entry(connection.origin.id).or_default().h1;
        let evicted = (idle.len() >= IDLE_MAX).then(|| idle.remove(0));
        idle.push((connection, clock::now()));
        evicted
    });
    drop(evicted);
}

pub(super) fn take_h2(origin: &Origin) -> Option<H2Sender> {
    POOL.with_borrow_mut(|pool| {
        let idle = pool.get_mut(&origin.id)?;
        if idle.h2.as_ref()?.is_closed() {
            idle.h2 = None;
        }
        idle.h2.clone()
    })
}

pub(super) fn put_h2(origin: &Origin, sender: H2Sender) {
    POOL.with_borrow_mut(|pool| pool.entry(origin.id).or_default().h2 = Some(sender));
}

/// Drops what was idle for too long, and what belongs to origins that the configuration no longer has.
pub fn sweep(is_current: impl Fn(u64) -> bool) {
    POOL.with_borrow_mut(|pool| {
        pool.retain(|id, idle| {
            idle.h1
                .retain(|(_, since)| clock::elapsed(*since) < IDLE_FOR);
            is_current(*id)
        });
    });
}
