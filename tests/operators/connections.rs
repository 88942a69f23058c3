//! Limits on connections: how many, and how long without a request.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use super::tls::secured_with;
use crate::authority::Authority;
use crate::chat;
use crate::http;
use crate::metrics;
use crate::server::{Server, configuration, serving};
use crate::upstream::Upstream;
use crate::wait::{self, HANG};

fn server(upstream: &Upstream, settings: &str) -> Server {
    Server::configured(&serving(&configuration(upstream.address), settings))
}

fn connect(server: &Server) -> TcpStream {
    let socket = TcpStream::connect(server.address).unwrap();
    socket.set_read_timeout(Some(HANG)).unwrap();
    socket
}

/// What comes until the server closes.
fn rest(mut socket: impl Read) -> String {
    let mut text = Vec::new();
    match socket.read_to_end(&mut text) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
        Err(error) => panic!("the connection stays open: {error}"),
    }
    String::from_utf8(text).unwrap()
}

#[test]
fn a_connection_without_a_request_is_closed_and_one_with_a_slow_answer_is_not() {
    let upstream = Upstream::start();
    let server = server(&upstream, "idle_timeout: 300ms");
    // One that never asked, one that asked once.
    let silent = connect(&server);
    let mut once = connect(&server);
    once.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    let mut busy = connect(&server);
    let body = chat::body("sim-gpt+fault=slow_head:1500", "3 words", false);
    busy.write_all(chat::bytes("", &body).as_bytes()).unwrap();
    assert_eq!(rest(silent), "");
    let answered = rest(once);
    assert!(
        answered.starts_with("HTTP/1.1 200") && answered.ends_with("ok\n"),
        "{answered}"
    );
    // Longer under way than a connection may be idle; closed once it is.
    let answered = rest(busy);
    assert!(
        answered.starts_with("HTTP/1.1 200") && answered.ends_with('}'),
        "{answered}"
    );
}

/// A connection that answers, and stays.
fn served(mut socket: TcpStream) -> Option<TcpStream> {
    let asked = socket.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let answered = asked.and_then(|()| socket.read(&mut [0; 1024]));
    matches!(answered, Ok(1..)).then_some(socket)
}

#[test]
fn connections_beyond_the_bound_are_closed_at_once() {
    let upstream = Upstream::start();
    let server = server(&upstream, "max_connections: 2");
    let open = || metrics::value(&server, "tollgate_connections");
    wait::until("the connections before to be gone", || open() == 1.0);
    // A burst: none waits for what becomes of the one before.
    let burst: Vec<_> = (0..200).map(|_| connect(&server)).collect();
    let served: Vec<_> = burst.into_iter().filter_map(served).collect();
    // The one that asked may not have been seen to close yet, and so one of these may be refused.
    assert!((1..=2).contains(&served.len()), "{}", served.len());
    assert!(
        server.log().contains("too many connections"),
        "{}",
        server.log()
    );
    drop(served);
    wait::until("a place", || {
        http::get(server.address, "/livez", &[]).is_ok_and(|answer| answer.status == 200)
    });
}

#[test]
fn a_tls_handshake_that_does_not_come_is_given_up() {
    let authority = Authority::new();
    let upstream = Upstream::start();
    let certificate = authority.certify(&["localhost"]);
    let server = secured_with(&upstream, &certificate, ", header_timeout: 300ms");
    let silent = connect(&server);
    let mut begun = connect(&server);
    begun
        .write_all(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01])
        .unwrap();
    let mut plain = connect(&server);
    plain
        .write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    assert_eq!(rest(silent), "");
    assert_eq!(rest(begun), "");
    // A TLS alert at most, never an answer to what came in plain text.
    let mut said = Vec::new();
    let _ = plain.read_to_end(&mut said);
    assert!(!said.starts_with(b"HTTP"), "{said:?}");
    // A slow head inside of TLS has the same bound.
    let mut tls = authority.connect(server.address, &[]).unwrap();
    tls.write_all(b"GET /livez HT").unwrap();
    let mut answer = String::new();
    tls.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}
