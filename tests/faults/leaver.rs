//! A client that goes away in the middle of a stream.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::json;
use tollgate::simulated::Outcome;

use crate::server::{KEY, Server};
use crate::traces;
use crate::upstream::Upstream;
use crate::wait;

#[test]
fn a_client_that_leaves_mid_stream_cancels_the_provider_and_is_still_billed() {
    let upstream = Upstream::start();
    let server = Server::before(&upstream);
    let body = json!({
        "model": "sim-gpt+fault=pace:1,50",
        "stream": true,
        "messages": [{ "role": "user", "content": "2000 words" }],
    })
    .to_string();
    let mut socket = TcpStream::connect(server.address).unwrap();
    write!(
        socket,
        "POST /v1/chat/completions HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {KEY}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        server.address,
        body.len()
    )
    .unwrap();
    let mut read = Vec::new();
    let mut piece = [0; 1024];
    while !read.windows(9).any(|window| window == b"\"content\"") {
        let length = socket.read(&mut piece).unwrap();
        assert_ne!(length, 0, "{}", String::from_utf8_lossy(&read));
        read.extend_from_slice(&piece[..length]);
    }
    drop(socket);
    wait::until("the provider to be cancelled", || {
        upstream
            .log()
            .first()
            .is_some_and(|entry| entry.outcome == Outcome::Cancelled)
    });
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
