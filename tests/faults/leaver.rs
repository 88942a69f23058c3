//! A client that goes away in the middle of a stream.

use std::io::Write;
use std::net::Shutdown;
use std::time::{Duration, Instant};

use tollgate::simulated::Outcome;

use crate::chat;
use crate::server::Server;
use crate::traces;
use crate::upstream::Upstream;
use crate::wait;

const SLOW: &str = "sim-gpt+fault=pace:1,50";

#[track_caller]
fn wait_for_cancelled(upstream: &Upstream, count: usize) {
    wait::until("the provider to be cancelled", || {
        let log = upstream.log();
        let cancelled = log
            .iter()
            .filter(|entry| entry.outcome == Outcome::Cancelled);
        cancelled.count() == count
    });
}

#[test]
fn a_client_that_leaves_mid_stream_cancels_the_provider_and_is_still_billed() {
    let upstream = Upstream::start();
    let server = Server::before(&upstream);
    let (socket, _) = chat::begin(&server, SLOW, "2000 words");
    drop(socket);
    wait_for_cancelled(&upstream, 1);
    let found = traces::at_least(&server, 1);
    let metadata = &found[0]["trace_metadata"];
    let usage = metadata["mlflow.trace.tokenUsage"]
        .as_str()
        .unwrap_or_default();
    assert!(
        usage.contains("output_tokens"),
        "nothing was accounted: {metadata}"
    );
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the promise is a time")]
fn a_client_that_leaves_behind_many_requests_to_come_is_noticed_too() {
    let upstream = Upstream::start();
    let server = Server::before(&upstream);
    // More than is read ahead, and no more than the kernel keeps: the end gets as far as to the server.
    let ahead = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(4_000);
    for (number, ends) in [true, false].into_iter().enumerate() {
        let (mut socket, _) = chat::begin(&server, SLOW, "2000 words");
        socket.write_all(ahead.as_bytes()).unwrap();
        // Until the server has read what it reads, and waits.
        chat::more(&mut socket, 20);
        let left = Instant::now();
        if ends {
            socket.shutdown(Shutdown::Write).unwrap();
        } else {
            drop(socket);
        }
        wait_for_cancelled(&upstream, number + 1);
        // Ten times what is meant.
        assert!(
            left.elapsed() < Duration::from_secs(1),
            "{:?}",
            left.elapsed()
        );
    }
}
