//! A provider that takes so many requests at once and no more.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::json;

use crate::http::{self, Answer};
use crate::server::{KEY, Server, configuration};
use crate::upstream::Upstream;
use crate::wait;

fn body(model: &str, is_stream: bool) -> serde_json::Value {
    json!({ "model": model, "stream": is_stream, "messages": [{ "role": "user", "content": "2000 words" }] })
}

/// A stream whose first content has come.
fn stream(server: &Server, model: &str) -> TcpStream {
    let body = body(model, true).to_string();
    let mut socket = TcpStream::connect(server.address).unwrap();
    write!(
        socket,
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut read = Vec::new();
    let mut piece = [0; 1024];
    while memchr::memmem::find(&read, b"\"content\":\"").is_none() {
        let length = socket.read(&mut piece).unwrap();
        assert_ne!(length, 0, "{}", String::from_utf8_lossy(&read));
        read.extend_from_slice(&piece[..length]);
    }
    socket
}

fn ask(server: &Server, model: &str) -> Answer {
    let bearer = format!("Bearer {KEY}");
    let headers = [("Authorization", bearer.as_str())];
    http::post(
        server.address,
        "/v1/chat/completions",
        &headers,
        &body(model, false),
    )
    .unwrap()
}

#[test]
fn a_provider_at_its_bound_is_passed_over_or_refused_until_a_stream_ends() {
    let upstream = Upstream::start();
    let yaml = configuration(upstream.address)
        .replacen("kind: openai,", "kind: openai, max_concurrent: 2,", 1)
        .replacen(
            "targets: [{ provider: openai }] }",
            "targets: [{ provider: openai }], fallbacks: [sim-anthropic] }",
            1,
        );
    let server = Server::configured(&yaml);
    let slow = "sim-gpt+fault=pace:1,100";
    let (one, two) = (stream(&server, slow), stream(&server, slow));
    // A route with another target goes there, one without says when to come again.
    let other = ask(&server, "sim-openai");
    assert_eq!(other.status, 200, "{}", other.body);
    assert_eq!(other.header("x-tollgate-provider"), Some("anthropic"));
    let refused = ask(&server, "sim-gpt");
    assert_eq!(refused.status, 429, "{}", refused.body);
    assert_eq!(refused.json()["error"]["code"], "rate_limit_exceeded");
    assert!(
        refused.json()["error"]["message"]
            .as_str()
            .unwrap()
            .contains("provider `openai`")
    );
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=5).contains(&wait), "{wait}");
    assert_eq!(refused.header("x-tollgate-attempts"), Some("0"));
    let seen = upstream
        .log()
        .iter()
        .filter(|entry| entry.path.contains("chat"))
        .count();
    assert_eq!(seen, 2, "the provider was asked beyond its bound");

    drop(one);
    wait::until("the place of a client that left", || {
        ask(&server, "sim-gpt").status == 200
    });
    drop(two);
}
