//! Raw HTTP/1, from the client's socket to the provider's: whatever two servers could read differently is refused and the
//! connection closed, or the provider sees just the requests that were meant (promise S2).
//!
//! The guard's own table (`src/listen/guard/tests/`) says why each head is refused. Here the built binary is asked, with
//! a smuggled request behind each case: it must be answered as what it is, or never be read.

mod bodies;
mod heads;
mod sequences;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use crate::recorder::{Recorded, Recorder};
use crate::server::{KEY, Server};
use crate::wait::HANG;

/// The gateway before a recorder, and what the recorder is to have seen so far.
pub(super) struct Door {
    server: Server,
    recorder: Recorder,
    expected: Vec<String>,
    cases: usize,
}

impl Door {
    pub(super) fn open() -> Self {
        let recorder = Recorder::start();
        let server = Server::configured(&recorder.configuration(", max_body: 1MiB", ""));
        Self {
            server,
            recorder,
            expected: Vec::new(),
            cases: 0,
        }
    }

    /// Sends this with a good request behind it, and reads until the server closes.
    fn exchange(&mut self, name: &str, request: &[u8], close: bool) -> Vec<u16> {
        self.cases += 1;
        let mut socket = TcpStream::connect(self.server.address).unwrap();
        socket.set_read_timeout(Some(HANG)).unwrap();
        // The server may close before it has read all.
        let _ = socket.write_all(request);
        if close {
            let _ = socket.shutdown(Shutdown::Write);
        }
        let mut read = Vec::new();
        let mut piece = [0; 4096];
        loop {
            match socket.read(&mut piece) {
                Ok(0) => break,
                Ok(length) => read.extend_from_slice(&piece[..length]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
                Err(error) => panic!("{name}: the connection stays open: {error}"),
            }
        }
        statuses(name, &read)
    }

    /// Refused with this status; the connection is closed, and the provider sees neither it nor what follows it.
    #[track_caller]
    pub(super) fn refused(&mut self, name: &str, status: u16, request: impl AsRef<[u8]>) {
        let smuggled = post("smuggled");
        let bytes = [request.as_ref(), smuggled.as_bytes()].concat();
        let statuses = self.exchange(name, &bytes, false);
        assert_eq!(statuses, [status], "{name}");
        self.check(name);
    }

    /// What ends in the middle: refused, and the provider sees nothing.
    #[track_caller]
    pub(super) fn broken_off(&mut self, name: &str, request: impl AsRef<[u8]>) {
        let statuses = self.exchange(name, request.as_ref(), true);
        assert!(matches!(statuses[..], [] | [400]), "{name}: {statuses:?}");
        self.check(name);
    }

    /// Served, and so is the request behind it: the provider sees a request for each of these prompts, then that one.
    #[track_caller]
    pub(super) fn served(&mut self, name: &str, prompts: &[&str], request: impl AsRef<[u8]>) {
        let bytes = [request.as_ref(), last("behind").as_bytes()].concat();
        let statuses = self.exchange(name, &bytes, false);
        assert_eq!(statuses, vec![200; prompts.len() + 1], "{name}");
        self.expected
            .extend(prompts.iter().map(|prompt| body(prompt)));
        self.expected.push(body("behind"));
        self.check(name);
    }

    /// Answered with these statuses until the server closes; the provider sees these prompts alone.
    #[track_caller]
    pub(super) fn answered(
        &mut self,
        name: &str,
        statuses: &[u16],
        prompts: &[&str],
        request: impl AsRef<[u8]>,
    ) {
        assert_eq!(
            self.exchange(name, request.as_ref(), false),
            statuses,
            "{name}"
        );
        self.expected
            .extend(prompts.iter().map(|prompt| body(prompt)));
        self.check(name);
    }

    #[track_caller]
    fn check(&self, name: &str) {
        let requests = self.recorder.requests();
        let bodies: Vec<&str> = requests
            .iter()
            .map(|request| request.body.as_str())
            .collect();
        assert_eq!(bodies, self.expected, "{name}");
        requests
            .last()
            .into_iter()
            .for_each(|last| check_head(name, last));
    }

    /// How many were tried.
    pub(super) fn close(self) -> usize {
        self.check("the end");
        self.cases
    }
}

/// The head of a request to a provider holds what Tollgate knows, and nothing of the caller's.
#[track_caller]
fn check_head(name: &str, request: &Recorded) {
    assert_eq!(request.line, "POST /v1/chat/completions HTTP/1.1", "{name}");
    for (header, value) in &request.headers {
        let known = [
            "host",
            "user-agent",
            "authorization",
            "content-type",
            "content-length",
            "accept-encoding",
        ];
        assert!(
            known.contains(&header.as_str()),
            "{name}: {header}: {value}"
        );
        assert!(!value.contains(KEY), "{name}: {header}");
    }
}

/// The statuses of the answers in these bytes, each of whose bodies ends where its Content-Length says.
fn statuses(name: &str, read: &[u8]) -> Vec<u16> {
    let mut text = String::from_utf8(read.to_vec()).unwrap();
    let mut found = Vec::new();
    while !text.is_empty() {
        let (head, rest) = text
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("{name}: half an answer: {text}"));
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        found.push(status.unwrap_or_else(|| panic!("{name}: {head}")));
        assert!(rest.len() >= length, "{name}: {head}\r\n\r\n{rest}");
        text = rest[length..].to_owned();
    }
    found
}

pub(super) fn body(prompt: &str) -> String {
    format!(r#"{{"model":"recorded","messages":[{{"role":"user","content":"{prompt}"}}]}}"#)
}

pub(super) const LINE: &str = "POST /v1/chat/completions HTTP/1.1";
/// A head's other lines, but those that frame the body.
pub(super) const FIELDS: &str = "Host: 127.0.0.1\r\nAuthorization: Bearer tg-tests-0123456789abcdef0123456789abcdef\r\nContent-Type: application/json";

/// A good request.
pub(super) fn post(prompt: &str) -> String {
    with("", prompt)
}

/// A good request after which the server closes.
fn last(prompt: &str) -> String {
    with("Connection: close\r\n", prompt)
}

/// A good request but for these lines, each ended, behind the others.
pub(super) fn with(lines: &str, prompt: &str) -> String {
    let body = body(prompt);
    let length = body.len();
    format!("{LINE}\r\n{FIELDS}\r\nContent-Length: {length}\r\n{lines}\r\n{body}")
}

/// A request with this framing and these bytes as its body.
pub(super) fn framed(framing: &str, body: &str) -> String {
    format!("{LINE}\r\n{FIELDS}\r\n{framing}\r\n\r\n{body}")
}
