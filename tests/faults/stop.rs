//! The way down: prompt when nothing is under way, patient when something is, and bounded.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Duration;

use super::store_away::lock;
use serde_json::json;

use crate::chat;
use crate::server::{Server, configuration, serving};
use crate::traces;
use crate::upstream::Upstream;
use crate::wait;
use tollgate_store::Store;
use tollgate_store::ledger::LedgerRow;

/// Ten times what is meant: an idle server needs a tenth of a second, for clients that do not answer, and some syncs.
const PROMPT: Duration = Duration::from_secs(3);

#[test]
fn an_idle_server_stops_at_once_whoever_is_connected() {
    let upstream = Upstream::start();
    let mut server = Server::before(&upstream);
    let silent = TcpStream::connect(server.address).unwrap();
    let mut kept = TcpStream::connect(server.address).unwrap();
    write!(
        kept,
        "GET /livez HTTP/1.1\r\nHost: {}\r\n\r\n",
        server.address
    )
    .unwrap();
    assert_ne!(kept.read(&mut [0; 1024]).unwrap(), 0);
    // One that was begun in HTTP/2 and says nothing more, not even that it saw the end coming.
    let mut idle = TcpStream::connect(server.address).unwrap();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";
    idle.write_all(preface).unwrap();
    assert_ne!(idle.read(&mut [0; 1024]).unwrap(), 0);
    let took = server.stop();
    assert!(took < PROMPT, "{took:?}");
    drop((silent, kept, idle));
}

#[test]
fn streams_are_finished_before_the_server_stops() {
    let upstream = Upstream::start();
    let mut server = Server::before(&upstream);
    let (mut socket, mut read) = chat::begin(&server, "sim-gpt+fault=pace:1,10", "40 words");
    let address = server.address;
    let rest = thread::spawn(move || {
        // The server stops meanwhile.
        socket.read_to_end(&mut read).map(|_| read)
    });
    server.stop();
    let read = rest.join().unwrap().unwrap();
    let text = String::from_utf8_lossy(&read);
    assert!(text.contains("data: [DONE]"), "{text}");
    assert!(TcpStream::connect(address).is_err(), "nobody listens");
    server.restart();
    let found = traces::at_least(&server, 1);
    assert_eq!(found[0]["state"], "OK");
}

#[test]
fn what_does_not_end_in_time_is_cut_off_and_accounted_once() {
    let upstream = Upstream::start();
    let yaml = serving(&configuration(upstream.address), "drain: 500ms");
    let mut server = Server::configured(&yaml);
    let (mut socket, _) = chat::begin(&server, "sim-gpt+fault=pace:1,100", "2000 words");
    let took = server.stop();
    assert!(took >= Duration::from_millis(500), "{took:?}");
    assert!(took < Duration::from_millis(500) + PROMPT, "{took:?}");
    let mut rest = Vec::new();
    socket.read_to_end(&mut rest).unwrap();
    let rest = String::from_utf8_lossy(&rest);
    assert!(!rest.contains("[DONE]"), "{rest}");
    assert!(ends_with_an_error(&rest, "data: {\"error\":"), "{rest}");
    // It is accounted before the process ends, with what the client was sent.
    let line = ledger(&server);
    assert_eq!((line.outcome.as_str(), line.attempts), ("interrupted", 1));
    assert!(line.usage.estimated && line.usage.output > 0, "{line:?}");
    server.restart();
    let found = traces::at_least(&server, 1);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["state"], "ERROR");
    assert_eq!(ledger(&server), line);
}

/// Whether the last event, before the body's own end, is an error that says why.
fn ends_with_an_error(stream: &str, begins: &str) -> bool {
    let body = stream.strip_suffix("\r\n0\r\n\r\n").unwrap_or(stream);
    let last = body
        .trim_end()
        .rfind("\n\n")
        .map_or(body, |at| &body[at + 2..]);
    // A chunk's size may stand before it.
    last.contains(begins) && last.contains("the gateway is stopping") && last.ends_with("}\n\n")
}

#[test]
fn a_stream_that_is_cut_off_ends_with_an_error_in_its_callers_dialect() {
    let upstream = Upstream::start();
    let yaml = serving(&configuration(upstream.address), "drain: 100ms");
    let mut server = Server::configured(&yaml);
    let version = "anthropic-version: 2023-06-01\r\n";
    // Slow ones: nothing comes that would wake them.
    let messages = [
        "sim-claude+fault=pace:1,20000",
        "sim-gpt+fault=pace:1,20000",
    ];
    let streams = [
        (chat::PATH, "", messages[0], "data: {\"error\":"),
        (chat::PATH, "", messages[1], "data: {\"error\":"),
        (
            "/v1/messages",
            version,
            messages[0],
            "event: error\ndata: {",
        ),
        (
            "/v1/messages",
            version,
            messages[1],
            "event: error\ndata: {",
        ),
        ("/v1/responses", "", messages[1], "event: error\ndata: {"),
    ]
    .map(|(path, lines, model, error)| (stream(&server, path, lines, model), error));
    // One that has not begun is closed without an answer.
    let mut waiting = TcpStream::connect(server.address).unwrap();
    let request = chat::body("sim-gpt+fault=hang", "never", true);
    waiting
        .write_all(chat::bytes("", &request).as_bytes())
        .unwrap();
    wait::until("the requests to arrive", || upstream.log().len() == 6);
    let took = server.stop();
    assert!(took < PROMPT, "{took:?}");
    for (mut socket, error) in streams {
        let mut rest = Vec::new();
        socket.read_to_end(&mut rest).unwrap();
        let rest = String::from_utf8_lossy(&rest);
        assert!(ends_with_an_error(&rest, error), "{error}: {rest}");
    }
    assert!(!matches!(waiting.read(&mut [0; 64]), Ok(1..)));
    let store = Store::open(server.folder.path().join("data/tollgate.db")).unwrap();
    let lines = store.ledger(None, 10).unwrap();
    assert_eq!(lines.len(), 6);
    for line in lines {
        assert_eq!(line.outcome, "interrupted", "{line:?}");
    }
}

/// A stream in any dialect whose head has come.
fn stream(server: &Server, path: &str, lines: &str, model: &str) -> TcpStream {
    let mut body = chat::body(model, "2000 words", true);
    match path {
        "/v1/messages" => body["max_tokens"] = 4000.into(),
        "/v1/responses" => body = json!({ "model": model, "stream": true, "input": "2000 words" }),
        _ => {}
    }
    let request = chat::bytes(lines, &body).replacen(chat::PATH, path, 1);
    let mut socket = TcpStream::connect(server.address).unwrap();
    socket.set_read_timeout(Some(wait::HANG)).unwrap();
    socket.write_all(request.as_bytes()).unwrap();
    let mut head = [0; 15];
    socket.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    socket
}

/// The one line of the ledger.
fn ledger(server: &Server) -> LedgerRow {
    let store = Store::open(server.folder.path().join("data/tollgate.db")).unwrap();
    let mut lines = store.ledger(None, 10).unwrap();
    assert_eq!(lines.len(), 1);
    lines.remove(0)
}

#[test]
fn a_server_that_stops_refuses_new_connections_while_it_finishes_the_old() {
    let upstream = Upstream::start();
    let server = Server::before(&upstream);
    let (mut socket, _) = chat::begin(&server, "sim-gpt+fault=pace:1,50", "2000 words");
    server.tell("TERM");
    wait::until("a refusal", || TcpStream::connect(server.address).is_err());
    let mut piece = [0; 64];
    assert_ne!(socket.read(&mut piece).unwrap(), 0, "the stream goes on");
}

#[test]
fn a_store_that_stays_locked_does_not_keep_it_from_stopping() {
    let upstream = Upstream::start();
    let mut server = Server::before(&upstream);
    let (mut socket, _) = chat::begin(&server, "sim-gpt", "5 words");
    let locked = lock(&server);
    let (mut other, _) = chat::begin(&server, "sim-gpt", "5 words");
    for stream in [&mut socket, &mut other] {
        stream.shutdown(Shutdown::Write).unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
    }
    let took = server.stop();
    assert!(took < Duration::from_secs(8), "{took:?}");
    drop(locked);
    server.restart();
    traces::at_least(&server, 2);
}
