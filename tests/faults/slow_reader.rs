//! Clients that take their answer slowly: a route's total time ends it all the same.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::chat;
use crate::endless::Endless;
use crate::metrics;
use crate::recorder::{ANSWER, Recorder, Script};
use crate::server::{KEY, Server, configuration};
use crate::traces;
use crate::wait;

const TOTAL: Duration = Duration::from_secs(1);

fn start() -> (Endless, Server) {
    let endless = Endless::start();
    let total = "retry: { attempts: 1 }, timeout: { total: 1s }";
    let yaml = configuration(endless.address).replace("retry: { attempts: 1 }", total);
    (endless, Server::configured(&yaml))
}

#[track_caller]
fn check_trace(server: &Server) {
    let trace = &traces::at_least(server, 1)[0];
    assert_eq!(trace["state"], "ERROR", "{trace}");
    let usage = trace["trace_metadata"]["mlflow.trace.tokenUsage"].as_str();
    assert!(
        usage.is_some_and(|usage| usage.contains("output_tokens")),
        "{trace}"
    );
    let log = server.log();
    assert!(log.contains("total_timeout"), "{log}");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the promise is a time")]
fn the_total_time_ends_a_stream_whose_client_takes_a_little_now_and_then() {
    let (endless, server) = start();
    let begun = Instant::now();
    let (mut socket, _) = chat::begin(&server, "sim-gpt", "endless");
    wait::until("the provider to be cancelled", || {
        let mut piece = [0; 4096];
        assert_ne!(socket.read(&mut piece).unwrap_or(0), 0);
        endless.under_way() == 0
    });
    assert!(begun.elapsed() >= TOTAL, "{:?}", begun.elapsed());
    wait::until("the request to be over", || {
        metrics::value(&server, "tollgate_requests_in_flight") == 0.0
    });
    check_trace(&server);
    // The connection ends, and not as a whole answer does.
    let mut rest = Vec::new();
    let _reset = socket.read_to_end(&mut rest);
    assert!(!rest.ends_with(b"0\r\n\r\n"));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the promise is a time")]
fn the_total_time_ends_a_stream_in_which_nobody_ever_waits() {
    let (endless, server) = start();
    let begun = Instant::now();
    let (mut socket, _) = chat::begin(&server, "sim-gpt", "endless");
    let mut end = Vec::new();
    let mut piece = vec![0; 1 << 20];
    while !end.ends_with(b"0\r\n\r\n") {
        let length = socket.read(&mut piece).unwrap();
        assert_ne!(length, 0, "{}", String::from_utf8_lossy(&end));
        end.extend_from_slice(&piece[..length]);
        end.drain(..end.len().saturating_sub(1024));
        assert!(begun.elapsed() < 10 * TOTAL);
    }
    assert!(begun.elapsed() >= TOTAL, "{:?}", begun.elapsed());
    let end = String::from_utf8_lossy(&end);
    assert!(end.contains("\"code\":\"total_timeout\""), "{end}");
    wait::until("the provider to be cancelled", || endless.under_way() == 0);
    check_trace(&server);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the promise is a time")]
fn the_total_time_ends_a_whole_answer_that_is_not_read() {
    // More than sockets hold.
    const SIZE: usize = 20 << 20;
    let recorder = Recorder::start();
    let body = ANSWER.replacen("yes", &"y".repeat(SIZE), 1);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    recorder.script(Script {
        bytes: [head, body].concat().into_bytes(),
        closes: false,
    });
    let yaml = recorder.configuration("", ", timeout: { total: 3s }, capture: metadata");
    let key = format!("key: \"{KEY}\"");
    let scopes = format!("{key}, scopes: [invoke, read, metrics]");
    let server = Server::configured(&yaml.replacen(&key, &scopes, 1));
    let mut socket = TcpStream::connect(server.address).unwrap();
    let begun = Instant::now();
    let request = chat::bytes("", &chat::body("recorded", "hi", false));
    socket.write_all(request.as_bytes()).unwrap();
    chat::more(&mut socket, 1);
    wait::until("the connection to be given up", || {
        chat::more(&mut socket, 1);
        // The one that asks is open.
        metrics::value(&server, "tollgate_connections") == 1.0
    });
    assert!(begun.elapsed() >= 3 * TOTAL, "{:?}", begun.elapsed());
    let mut rest = Vec::new();
    let _reset = socket.read_to_end(&mut rest);
    assert!(rest.len() < SIZE);
    // It was whole, and is accounted as that.
    assert_eq!(traces::at_least(&server, 1)[0]["state"], "OK");
}
