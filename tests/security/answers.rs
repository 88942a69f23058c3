//! Raw answers of a provider: whatever two readers could take differently is an error or read in the one right way, and
//! what follows an answer on its connection is never taken for the next one (promises I1, S2).

mod early;
mod streams;

use crate::chat;
use crate::http::Answer;
use crate::recorder::{ANSWER, Recorder, Script};
use crate::server::Server;

/// In the answer that nobody asked for.
const POISON: &str = "poisoned";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

struct Provider {
    recorder: Recorder,
    server: Server,
    cases: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Expected {
    /// The usual answer reaches the caller.
    Whole,
    /// The caller is told that the provider failed.
    Failed,
    /// Either: servers differ in what they take, and both readings are safe.
    Safe,
}

impl Provider {
    fn new() -> Self {
        let recorder = Recorder::start();
        let timeout = ", timeout: { total: 5s, first_token: 5s, idle: 2s }";
        let server = Server::configured(&recorder.configuration(", workers: 1", timeout));
        Self {
            recorder,
            server,
            cases: 0,
        }
    }

    fn ask(&self) -> Answer {
        self.call(false)
    }

    fn call(&self, is_stream: bool) -> Answer {
        chat::ask(&self.server, &chat::body("recorded", "hi", is_stream))
    }

    /// The provider sends these bytes, with another answer behind them, and keeps the connection open.
    #[track_caller]
    fn check(&mut self, name: &str, expected: Expected, bytes: impl AsRef<[u8]>) {
        let poison = format!("{OK}Content-Length: {}\r\n\r\n{POISON}", POISON.len());
        self.judge(
            name,
            expected,
            [bytes.as_ref(), poison.as_bytes()].concat(),
            false,
        );
    }

    /// The provider sends these bytes and closes.
    #[track_caller]
    fn closed(&mut self, name: &str, expected: Expected, bytes: impl AsRef<[u8]>) {
        self.judge(name, expected, bytes.as_ref().to_vec(), true);
    }

    #[track_caller]
    fn judge(&mut self, name: &str, expected: Expected, bytes: Vec<u8>, closes: bool) {
        self.cases += 1;
        self.recorder.script(Script { bytes, closes });
        let answer = self.ask();
        let is_whole = answer.status == 200 && answer.body == ANSWER;
        let is_failed = matches!(answer.status, 500 | 502) && answer.body.contains("\"error\"");
        let shown = format!("{name}: {}\n{}", answer.head, answer.body);
        assert!(is_whole || is_failed, "{shown}");
        assert!(
            expected == Expected::Safe || is_whole == (expected == Expected::Whole),
            "{shown}"
        );
        assert!(
            !answer.head.contains(POISON) && !answer.body.contains(POISON),
            "{shown}"
        );
        // The next requests get their own answers.
        for _ in 0..2 {
            let next = self.ask();
            assert_eq!(
                (next.status, next.body.as_str()),
                (200, ANSWER),
                "behind {name}"
            );
        }
        self.recorder.requests();
    }
}

fn length(length: impl std::fmt::Display) -> String {
    format!("{OK}Content-Length: {length}\r\n\r\n{ANSWER}")
}

/// One chunk.
fn chunked(head: &str) -> String {
    format!(
        "{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{ANSWER}\r\n0\r\n\r\n",
        ANSWER.len()
    )
}

use Expected::{Failed, Safe, Whole};

#[test]
fn what_follows_an_answer_is_never_taken_for_another() {
    let mut provider = Provider::new();
    let size = ANSWER.len();
    provider.check("a length", Whole, length(size));
    provider.check("chunks", Whole, chunked(OK));
    let trailers = chunked(OK).replacen("0\r\n\r\n", "0\r\nX: a\r\n\r\n", 1);
    provider.check("chunks and trailers", Whole, trailers);
    let extended = chunked(OK).replacen(
        &format!("\r\n{size:x}\r\n"),
        &format!("\r\n{size:X};a=b\r\n"),
        1,
    );
    provider.check("a chunk's extension", Whole, extended);
    for informational in [
        "100 Continue",
        "102 Processing",
        "103 Early Hints\r\nLink: </a>",
    ] {
        let first = format!("HTTP/1.1 {informational}\r\n\r\n");
        provider.check(informational, Whole, format!("{first}{}", length(size)));
    }
    let many = "HTTP/1.1 100 Continue\r\n\r\n".repeat(10);
    provider.check(
        "several informational",
        Whole,
        format!("{many}{}", length(size)),
    );
    provider.check("no content", Failed, "HTTP/1.1 204 No Content\r\n\r\n");
    provider.check(
        "no content, with a length",
        Failed,
        format!("HTTP/1.1 204 No Content\r\nContent-Length: {size}\r\n\r\n"),
    );
    provider.check(
        "not modified",
        Failed,
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    );
    provider.check("an empty body", Failed, length(0).replace(ANSWER, ""));
    provider.check(
        "an error",
        Failed,
        "HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\n{}",
    );
    provider.check(
        "other protocols",
        Failed,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
    );
    provider.check(
        "the last on its connection",
        Whole,
        length(size).replacen(OK, &format!("{OK}Connection: close\r\n"), 1),
    );
    provider.check(
        "an old version",
        Whole,
        length(size).replacen("HTTP/1.1", "HTTP/1.0", 1),
    );
    provider.check("nothing but another", Safe, "");
    assert_eq!(provider.cases, 17);
}

#[test]
fn an_answer_whose_end_is_in_doubt_is_an_error() {
    let mut provider = Provider::new();
    let size = ANSWER.len();
    for bad in [
        "abc",
        "-5",
        "+5",
        "0x10",
        "1e3",
        "99999999999999999999999",
        "",
    ] {
        provider.check(&format!("length {bad:?}"), Failed, length(bad));
    }
    let two = |other: usize| format!("{size}\r\nContent-Length: {other}");
    provider.check("two lengths", Failed, length(two(size + 1)));
    provider.check(
        "two lengths in one",
        Failed,
        length(format!("{size}, {}", size + 1)),
    );
    provider.check("the same length twice", Safe, length(two(size)));
    let both = format!("{OK}Content-Length: 5\r\n");
    provider.check("both lengths", Safe, chunked(&both));
    let gzip = chunked(OK).replacen("chunked", "gzip, chunked", 1);
    provider.check("a coding before", Safe, gzip);
    provider.check(
        "chunked twice",
        Safe,
        chunked(OK).replacen("chunked", "chunked, chunked", 1),
    );
    let size_line = format!("\r\n{size:x}\r\n");
    for bad in ["xyz", "-1", "+1", "", "0x5", "FFFFFFFFFFFFFFFFF", "1 2"] {
        let bytes = chunked(OK).replacen(&size_line, &format!("\r\n{bad}\r\n"), 1);
        provider.check(&format!("a chunk of {bad:?}"), Failed, bytes);
    }
    let shorter = chunked(OK).replacen(&size_line, &format!("\r\n{:x}\r\n", size - 1), 1);
    provider.check("a chunk too short", Failed, shorter);
    let longer = chunked(OK).replacen(&size_line, &format!("\r\n{:x}\r\n", size + 1), 1);
    provider.check("a chunk too long", Failed, longer);
    assert_eq!(provider.cases, 22);
}

#[test]
fn heads_that_are_none_are_errors_and_their_size_is_bounded() {
    let mut provider = Provider::new();
    let size = ANSWER.len();
    let good = length(size);
    for line in [
        "HTTP/2 200 OK",
        "ICY 200 OK",
        "HTTP/1.1 20 OK",
        "HTTP/1.1 2000 OK",
        "HTTP/1.1 abc",
        "SSH-2.0-x",
        "HTTP/9.9 200 OK",
    ] {
        provider.check(line, Failed, good.replacen("HTTP/1.1 200 OK", line, 1));
    }
    provider.check("no reason", Whole, good.replacen("200 OK", "200", 1));
    for field in ["X Y: a", "no colon", ": a", "X\0: a", "X: a\0b", "X : a"] {
        let bytes = good.replacen(OK, &format!("{OK}{field}\r\n"), 1);
        provider.check(field, Failed, bytes);
    }
    let with = |field: &str| good.replacen(OK, &format!("{OK}{field}\r\n"), 1);
    provider.check("bytes above ASCII", Whole, with("x-request-id: na\u{ef}ve"));
    provider.check("a folded line", Safe, with("X: a\r\n b"));
    provider.check(
        "bare line feeds",
        Safe,
        good.replacen(OK, &OK.replace("\r\n", "\n"), 1),
    );
    let before = provider.server.peak_memory();
    let endless = format!("{OK}X: {}\r\n", "x".repeat(16 << 20));
    let many: String = (0..100_000)
        .map(|number| format!("X-{number}: a\r\n"))
        .collect();
    let again = "HTTP/1.1 100 Continue\r\n\r\n".repeat(500_000);
    let line = format!("HTTP/1.1 200 {}", "x".repeat(16 << 20));
    let extension = format!(
        "{OK}Transfer-Encoding: chunked\r\n\r\n1;{}",
        "x".repeat(16 << 20)
    );
    let trailer = chunked(OK).replacen(
        "\r\n0\r\n\r\n",
        &format!("\r\n0\r\nX: {}", "x".repeat(16 << 20)),
        1,
    );
    for (name, bytes) in [
        ("an endless field", endless),
        ("fields without end", format!("{OK}{many}")),
        ("informational without end", again),
        ("an endless line", line),
        ("an endless extension", extension),
        ("an endless trailer", trailer),
    ] {
        provider.closed(name, Failed, bytes);
    }
    let grown = provider.server.peak_memory() - before;
    println!("memory grew by {} KiB at most", grown >> 10);
    assert!(grown < 12 << 20, "{grown}");
    assert_eq!(provider.cases, 23);
}

#[test]
fn an_answer_that_breaks_off_is_an_error() {
    let mut provider = Provider::new();
    let size = ANSWER.len();
    provider.closed("no byte", Failed, "");
    provider.closed("half a head", Failed, OK);
    provider.closed("a byte too few", Failed, length(size + 1));
    let whole = chunked(OK);
    for cut in ["\r\n", "0\r\n\r\n", "\r\n0\r\n\r\n"] {
        let bytes = whole.strip_suffix(cut).unwrap();
        provider.closed(&format!("chunks without {cut:?}"), Failed, bytes);
    }
    provider.closed("an end by closing", Whole, format!("{OK}\r\n{ANSWER}"));
    provider.closed(
        "half of one that ends by closing",
        Failed,
        format!("{OK}\r\n{}", &ANSWER[..size - 3]),
    );
    assert_eq!(provider.cases, 8);
}
