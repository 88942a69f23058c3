//! Chat completions: what most tests ask for.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::http::{self, Answer};
use crate::server::{KEY, Server};
use crate::wait::HANG;

pub(crate) const PATH: &str = "/v1/chat/completions";

pub(crate) fn body(model: &str, content: &str, is_stream: bool) -> Value {
    let messages = json!([{ "role": "user", "content": content }]);
    json!({ "model": model, "stream": is_stream, "messages": messages })
}

/// Asks with [`KEY`] and reads the whole answer.
pub(crate) fn ask(server: &Server, body: &Value) -> Answer {
    ask_as(server, KEY, &[], body)
}

/// As [`ask`], with another key and further headers.
pub(crate) fn ask_as(server: &Server, key: &str, more: &[(&str, &str)], body: &Value) -> Answer {
    let bearer = format!("Bearer {key}");
    let headers = [&[("Authorization", bearer.as_str())], more].concat();
    http::post(server.address, PATH, &headers, body).unwrap()
}

/// The request's bytes, with these further lines, each ended, in its head.
pub(crate) fn bytes(lines: &str, body: &Value) -> String {
    let body = body.to_string();
    format!(
        "POST {PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n\
         Content-Type: application/json\r\n{lines}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A stream whose first content has come: its connection, which stays open, and what came.
pub(crate) fn begin(server: &Server, model: &str, content: &str) -> (TcpStream, Vec<u8>) {
    begin_with(server, "", model, content)
}

/// As [`begin`], with these further lines in its head.
pub(crate) fn begin_with(
    server: &Server,
    lines: &str,
    model: &str,
    content: &str,
) -> (TcpStream, Vec<u8>) {
    let mut socket = TcpStream::connect(server.address).unwrap();
    socket.set_read_timeout(Some(HANG)).unwrap();
    let request = bytes(lines, &body(model, content, true));
    socket.write_all(request.as_bytes()).unwrap();
    let (mut read, mut piece) = (Vec::new(), [0; 1024]);
    while memchr::memmem::find(&read, b"\"content\":\"").is_none() {
        let length = socket.read(&mut piece).unwrap();
        assert_ne!(length, 0, "{}", String::from_utf8_lossy(&read));
        read.extend_from_slice(&piece[..length]);
    }
    (socket, read)
}

/// So many further reads of a stream.
pub(crate) fn more(socket: &mut TcpStream, count: usize) {
    for _ in 0..count {
        assert_ne!(socket.read(&mut [0; 1024]).unwrap(), 0);
    }
}
