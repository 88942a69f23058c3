//! Providers that answer before they have read the whole request.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::chat;
use crate::recorder::ANSWER;
use crate::server::{Server, configuration, serving};

/// More than sockets hold.
const REQUEST: usize = 16 << 20;

/// What a provider says once it has read a request's head; what it says once it has read the body, if it does.
#[derive(Clone, Copy)]
struct Early {
    first: &'static str,
    then: Option<&'static str>,
}

struct Provider {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Provider {
    /// Its threads end with their connections, and the accepting one with the test's process.
    fn start(answer: Early) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        thread::spawn(move || {
            for socket in listener.incoming() {
                count.fetch_add(1, Ordering::Relaxed);
                thread::spawn(move || serve(socket.unwrap(), answer));
            }
        });
        Self {
            address,
            connections,
        }
    }
}

fn serve(mut socket: TcpStream, answer: Early) {
    let mut reader = BufReader::new(socket.try_clone().unwrap());
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        socket.write_all(answer.first.as_bytes()).unwrap();
        let Some(then) = answer.then else {
            // Open, and never read again.
            loop {
                thread::park();
            }
        };
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        assert!(body.ends_with(b"}"));
        if socket.write_all(then.as_bytes()).is_err() {
            return;
        }
    }
}

#[test]
fn the_rest_of_a_request_goes_out_while_its_answer_comes() {
    let (begun, rest) = ANSWER.split_at(40);
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    let whole = format!("{head}Content-Length: {}\r\n\r\n{begun}", ANSWER.len());
    let head =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    let frame = super::streams::EVENTS;
    let (one, two) = frame.split_at(60);
    let streamed = format!("{head}{:x}\r\n{one}\r\n", one.len());
    let end = format!("{:x}\r\n{two}\r\n0\r\n\r\n", two.len());
    for (is_stream, first, then) in [(false, whole, rest.to_owned()), (true, streamed, end)] {
        let provider = Provider::start(Early {
            first: first.leak(),
            then: Some(then.leak()),
        });
        let yaml = serving(&configuration(provider.address), "workers: 1");
        let server = Server::configured(&yaml);
        for _ in 0..2 {
            let body = chat::body("gpt-early", &"x".repeat(REQUEST), is_stream);
            let answer = chat::ask(&server, &body);
            assert_eq!(answer.status, 200, "{}", answer.body);
            match is_stream {
                false => assert_eq!(answer.body, ANSWER),
                true => assert!(answer.body.contains("[DONE]"), "{}", answer.body),
            }
        }
        // Written and read to its end, the connection served both.
        assert_eq!(provider.connections.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn an_error_that_comes_early_ends_the_request() {
    let error = r#"{"error":{"message":"no more of that","type":"invalid_request_error"}}"#;
    let first = format!(
        "HTTP/1.1 413 Payload Too Large\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{error}",
        error.len()
    );
    let provider = Provider::start(Early {
        first: first.leak(),
        then: None,
    });
    let server = Server::configured(&configuration(provider.address));
    for number in 1..=2 {
        let body = chat::body("gpt-early", &"x".repeat(REQUEST), false);
        let answer = chat::ask(&server, &body);
        assert_eq!(answer.status, 413, "{}", answer.body);
        assert!(answer.body.contains("no more of that"), "{}", answer.body);
        assert_eq!(provider.connections.load(Ordering::Relaxed), number);
    }
}
