//! Requests that are too slow, too large or not what they say: a clear status in the caller's dialect, and memory bounded
//! (promise S2).

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::http::{self, Answer};
use crate::recorder::Recorder;
use crate::server::{KEY, Server};
use crate::wait::HANG;

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";
const PATHS: [&str; 2] = [CHAT, MESSAGES];

struct Narrow {
    server: Server,
    recorder: Recorder,
}

impl Narrow {
    /// Bounds that a test reaches at once.
    fn new() -> Self {
        let recorder = Recorder::start();
        let bounds = ", max_body: 1MiB, header_timeout: 500ms, body_timeout: 500ms";
        let server = Server::configured(&recorder.configuration(bounds, ""));
        Self { server, recorder }
    }

    fn address(&self) -> SocketAddr {
        self.server.address
    }
}

fn head(path: &str, framing: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nx-api-key: {KEY}\r\n\
         Content-Type: application/json\r\n{framing}\r\n\r\n"
    )
}

/// What comes back until the server closes; the bytes go out before, as far as it takes them.
fn exchange(address: SocketAddr, pieces: &[&[u8]]) -> Answer {
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(HANG)).unwrap();
    for piece in pieces {
        if socket.write_all(piece).is_err() {
            break;
        }
    }
    http::read(socket).unwrap()
}

/// An error of this status and code, in the dialect of the path.
#[track_caller]
fn check(path: &str, answer: &Answer, status: u16, kind: &str, code: &str) {
    assert_eq!(answer.status, status, "{}\n{}", answer.head, answer.body);
    let body = answer.json();
    let error = &body["error"];
    if path == MESSAGES {
        assert_eq!(body["type"], "error", "{body}");
        assert_eq!(error["type"], kind, "{body}");
        assert_eq!(error["details"]["error_code"], code, "{body}");
    } else {
        assert_eq!(error["code"], code, "{body}");
        assert!(error["message"].is_string(), "{body}");
    }
    assert!(
        answer.header("x-tollgate-request-id").is_some(),
        "{}",
        answer.head
    );
}

#[test]
fn a_head_or_a_body_that_does_not_come_is_answered_with_408_and_the_connection_closed() {
    let narrow = Narrow::new();
    thread::scope(|scope| {
        for path in PATHS {
            let address = narrow.address();
            scope.spawn(move || {
                let begun = format!("POST {path} HTTP/1.1\r\nHost: local");
                let slow = exchange(address, &[begun.as_bytes()]);
                check(path, &slow, 408, "timeout_error", "head_too_slow");
            });
            scope.spawn(move || {
                let begun = head(path, "Content-Length: 100");
                let slow = exchange(address, &[begun.as_bytes(), b"{\"model\":"]);
                check(path, &slow, 408, "timeout_error", "request_timeout");
            });
            scope.spawn(move || {
                // Each byte is in time, the whole is not.
                let mut socket = TcpStream::connect(address).unwrap();
                socket.set_read_timeout(Some(HANG)).unwrap();
                let begun = head(path, "Transfer-Encoding: chunked");
                socket.write_all(begun.as_bytes()).unwrap();
                for _ in 0..100 {
                    thread::sleep(Duration::from_millis(20));
                    if socket.write_all(b"1\r\n \r\n").is_err() {
                        break;
                    }
                }
                let slow = http::read(socket).unwrap();
                check(path, &slow, 408, "timeout_error", "request_timeout");
            });
        }
    });
    assert!(narrow.recorder.requests().is_empty());
}

#[test]
fn what_is_too_large_is_refused_in_the_callers_dialect_before_it_is_read() {
    let narrow = Narrow::new();
    for path in PATHS {
        let filler = format!("X: {}", "x".repeat(40 << 10));
        let large = exchange(narrow.address(), &[head(path, &filler).as_bytes()]);
        check(path, &large, 431, "invalid_request_error", "head_too_large");
        let endless = format!("POST {path} HTTP/1.1\r\nX: {}", "x".repeat(40 << 10));
        let large = exchange(narrow.address(), &[endless.as_bytes()]);
        check(path, &large, 431, "invalid_request_error", "head_too_large");

        let announced = head(path, "Content-Length: 99999999999");
        let large = exchange(narrow.address(), &[announced.as_bytes()]);
        check(path, &large, 413, "request_too_large", "body_too_large");
        // One that goes on for as long as it is read.
        let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
        let begun = head(path, "Transfer-Encoding: chunked");
        let mut pieces = vec![begun.as_bytes()];
        pieces.extend(std::iter::repeat_n(chunk.as_bytes(), 40));
        let large = exchange(narrow.address(), &pieces);
        check(path, &large, 413, "request_too_large", "body_too_large");
    }
    assert!(narrow.recorder.requests().is_empty());
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// So many MiB of spaces.
fn gzip_bomb(mib: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..mib {
        encoder.write_all(&[b' '; 1 << 20]).unwrap();
    }
    encoder.finish().unwrap()
}

/// Frame header and blocks of RFC 8878, each a byte that is said to repeat 128 KiB: so many MiB of spaces.
fn zstd_bomb(mib: usize) -> Vec<u8> {
    // Magic number; no content size; a window of 128 KiB.
    let mut bytes = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38];
    let blocks = mib * 8;
    for number in 0..blocks {
        let is_last = u32::from(number + 1 == blocks);
        let header = (128 << 10) << 3 | 1 << 1 | is_last;
        bytes.extend_from_slice(&header.to_le_bytes()[..3]);
        bytes.push(b' ');
    }
    bytes
}

fn encoded(address: SocketAddr, path: &str, encoding: &str, body: &[u8]) -> Answer {
    let framing = format!(
        "Connection: close\r\nContent-Encoding: {encoding}\r\nContent-Length: {}",
        body.len()
    );
    exchange(address, &[head(path, &framing).as_bytes(), body])
}

#[test]
fn a_small_body_that_decodes_to_gigabytes_stops_at_the_limit() {
    let narrow = Narrow::new();
    let before = narrow.server.peak_memory();
    let bombs = [("gzip", gzip_bomb(200)), ("zstd", zstd_bomb(4096))];
    for (encoding, bomb) in &bombs {
        assert!(bomb.len() < 1 << 20, "{encoding}: {}", bomb.len());
        thread::scope(|scope| {
            for path in PATHS {
                for _ in 0..4 {
                    scope.spawn(|| {
                        let refused = encoded(narrow.address(), path, encoding, bomb);
                        check(path, &refused, 413, "request_too_large", "body_too_large");
                    });
                }
            }
        });
    }
    let grown = narrow.server.peak_memory() - before;
    println!("memory grew by {} KiB at most", grown >> 10);
    // Eight at once, each at most its compressed bytes, 1 MiB decoded and the decoder's window.
    assert!(grown < 64 << 20, "{grown}");
    assert!(narrow.recorder.requests().is_empty());
}

#[test]
fn a_body_is_decoded_as_its_encoding_says_or_refused() {
    let narrow = Narrow::new();
    let body = json!({ "model": "recorded", "messages": [{ "role": "user", "content": "hi" }] });
    let body = body.to_string();
    let (one, two) = body.as_bytes().split_at(20);
    let zipped = gzip(body.as_bytes());
    let address = narrow.address();
    let served = |encoding: &str, bytes: &[u8]| {
        let before = narrow.recorder.requests().len();
        let answer = encoded(address, CHAT, encoding, bytes);
        assert_eq!(answer.status, 200, "{encoding}: {}", answer.body);
        let requests = narrow.recorder.requests();
        assert_eq!(requests.len(), before + 1);
        let seen = requests.last().unwrap();
        assert_eq!(seen.body, body, "{encoding}");
        let is_encoding = |(name, _): &(String, String)| name == "content-encoding";
        assert!(!seen.headers.iter().any(is_encoding));
    };
    served("identity", body.as_bytes());
    served("gzip", &zipped);
    served("GZIP", &zipped);
    served("x-gzip", &zipped);
    served("gzip", &[gzip(one), gzip(two)].concat());
    // A raw block, the last: RFC 8878.
    let header = u32::try_from(body.len()).unwrap() << 3 | 1;
    let mut zstd = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38];
    zstd.extend_from_slice(&header.to_le_bytes()[..3]);
    zstd.extend_from_slice(body.as_bytes());
    served("zstd", &zstd);

    let count = narrow.recorder.requests().len();
    for path in PATHS {
        let refused = |encoding: &str, bytes: &[u8], status: u16, code: &str| {
            let answer = encoded(address, path, encoding, bytes);
            check(path, &answer, status, "invalid_request_error", code);
        };
        for encoding in [
            "br",
            "deflate",
            "gzip, gzip",
            "gzip\r\nContent-Encoding: br",
            "nonsense",
        ] {
            refused(encoding, &zipped, 415, "unsupported_encoding");
        }
        refused("gzip", body.as_bytes(), 400, "invalid_request");
        refused("gzip", &zstd, 400, "invalid_request");
        refused("gzip", &zipped[..zipped.len() - 9], 400, "invalid_request");
        refused("gzip", b"", 400, "invalid_request");
        refused("zstd", &zipped, 400, "invalid_request");
        refused("zstd", &zstd[..zstd.len() - 1], 400, "invalid_request");
        let mut flipped = zipped.clone();
        let last = flipped.len() - 6;
        flipped[last] ^= 1;
        refused("gzip", &flipped, 400, "invalid_request");
        // What it says is no JSON as it came.
        refused("identity", &zipped, 400, "invalid_request");
    }
    assert_eq!(narrow.recorder.requests().len(), count);
}

#[test]
fn deep_and_broken_json_is_a_bad_request_and_no_end_of_the_process() {
    let narrow = Narrow::new();
    let deep = |open: &str, close: &str| {
        let content = format!("{}{}", open.repeat(100_000), close.repeat(100_000));
        format!(r#"{{"model":"recorded","messages":[{{"role":"user","content":{content}}}]}}"#)
    };
    let (arrays, objects) = (deep("[", "]"), deep(r#"{"a":"#, "}").replace(":}", ":1}"));
    for path in PATHS {
        for body in [
            arrays.as_str(),
            objects.as_str(),
            &"[".repeat(900_000),
            &r#"{"a":"#.repeat(100_000),
            "",
            "null",
            "[]",
            "\"text\"",
            "{",
            "{}",
            r#"{"model":1,"messages":[]}"#,
            r#"{"model":"recorded","messages":[]} trailing"#,
            r#"{"model":"recorded","messages":[],}"#,
            "{\"model\":\"recorded\",\"messages\":[\"\u{1}\"]}",
            r#"{"model":"recorded","messages":[{"role":"user","content":"\x"}]}"#,
        ] {
            let framing = format!("Connection: close\r\nContent-Length: {}", body.len());
            let head = head(path, &framing);
            let answer = exchange(narrow.address(), &[head.as_bytes(), body.as_bytes()]);
            let shown: String = body.chars().take(40).collect();
            assert_eq!(answer.status, 400, "{path} {shown}: {}", answer.body);
            let error: Value = answer.json();
            assert_eq!(
                error["error"]["type"], "invalid_request_error",
                "{shown}: {error}"
            );
        }
    }
    assert!(narrow.recorder.requests().is_empty());
}
