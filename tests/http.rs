//! The least of an HTTP/1.1 client: one request a connection, nothing interpreted, so that tests see the bytes.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use crate::wait::HANG;

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    /// As it came, chunk sizes included.
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The JSON of a body that was sent with its length.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {}\n{}", self.head, self.body))
    }
}

pub(crate) fn get(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> io::Result<Answer> {
    send(address, "GET", path, headers, "")
}

pub(crate) fn post(
    address: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> io::Result<Answer> {
    send(address, "POST", path, headers, &body.to_string())
}

fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<Answer> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if method == "POST" {
        head.push_str("Content-Type: application/json\r\n");
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    raw(address, &format!("{head}\r\n{body}"))
}

/// Sends these bytes and reads until the server closes.
pub(crate) fn raw(address: SocketAddr, bytes: &str) -> io::Result<Answer> {
    let mut socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(HANG))?;
    socket.write_all(bytes.as_bytes())?;
    read(socket)
}

/// What comes until the server closes.
pub(crate) fn read(mut socket: TcpStream) -> io::Result<Answer> {
    let mut read = Vec::new();
    let ended = socket.read_to_end(&mut read);
    let text = String::from_utf8_lossy(&read).into_owned();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return Err(ended
            .err()
            .unwrap_or_else(|| io::ErrorKind::UnexpectedEof.into()));
    };
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    Ok(Answer {
        status: status.ok_or(io::ErrorKind::InvalidData)?,
        head: head.to_owned(),
        body: body.to_owned(),
    })
}
