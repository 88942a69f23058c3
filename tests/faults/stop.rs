//! The way down: prompt when nothing is under way, patient when something is, and bounded.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Duration;

use super::store_away::lock;
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
    let _ = socket.read_to_end(&mut rest);
    assert!(!String::from_utf8_lossy(&rest).contains("[DONE]"));
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
