//! Any split of the bytes gives the same verdicts and passes the same bytes; and what passes, hyper's parser reads alike.

use proptest::prelude::*;

use super::super::head::{Framing, inspect, read};
use super::super::machine::{Machine, Phase};

const MAX_HEAD: usize = 300;

/// What a connection comes to when its bytes arrive in these pieces.
fn run<'a>(
    pieces: impl Iterator<Item = &'a [u8]>,
    allow_http2: bool,
) -> (Vec<u8>, Phase, u64, bool) {
    let mut machine = Machine::new(MAX_HEAD, allow_http2);
    let mut passed = Vec::new();
    for piece in pieces {
        let in_place = machine.feed(piece);
        passed.extend_from_slice(&piece[..in_place]);
        let ready = machine.ready().to_vec();
        machine.took(ready.len());
        passed.extend(ready);
    }
    if matches!(machine.phase, Phase::Refused(_)) {
        cut_stand_in(&mut passed);
    }
    (
        passed,
        machine.phase,
        machine.heads,
        machine.has_begun_head(),
    )
}

/// Its path is the best that can be told from what came of a bad head, and that depends on how much came.
fn cut_stand_in(passed: &mut Vec<u8>) {
    let mark = b"HTTP/1.1\r\nhost: refused.invalid";
    let at = passed
        .windows(mark.len())
        .rposition(|window| window == mark)
        .unwrap();
    passed.truncate(at - 1);
    let space = passed.iter().rposition(|byte| *byte == b' ').unwrap();
    passed.truncate(space);
    let method = if passed.ends_with(b"GET") { 3 } else { 4 };
    passed.truncate(passed.len() - method);
}

/// Pieces of requests, good and bad, that make up connections.
fn fragment() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just("GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n".to_owned()),
        2 => Just("POST /v1/messages HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello".to_owned()),
        2 => Just("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\nT: x\r\n\r\n".to_owned()),
        1 => Just("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned()),
        1 => Just("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".to_owned()),
        1 => Just("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n".to_owned()),
        1 => "[A-Za-z:-]{0,20}".prop_map(|name| format!("GET / HTTP/1.1\r\nHost: a\r\n{name}: x\r\n\r\n")),
        1 => (250usize..350).prop_map(|n| format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(n))),
        1 => "[\\x00-\\x7f\r\n :,]{0,40}",
        1 => Just("\r\n".to_owned()),
    ]
}

fn head_line() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("Host: a".to_owned()),
        Just("Content-Length: 3".to_owned()),
        Just("Transfer-Encoding: chunked".to_owned()),
        Just("Connection: close".to_owned()),
        "[ -~\t]{0,30}",
        "[A-Za-z_-]{1,17}:[ \t]{0,2}[!-~]{0,10}[ \t]{0,2}",
        "[\\x00-\\xff]{0,10}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_split_gives_the_same(
        fragments in prop::collection::vec(fragment(), 1..6),
        sizes in prop::collection::vec(1usize..40, 1..60),
        allow_http2: bool,
    ) {
        let bytes = fragments.concat().into_bytes();
        let whole = run(std::iter::once(&bytes[..]), allow_http2);
        let single = run(bytes.chunks(1), allow_http2);
        let mut rest = &bytes[..];
        let split = sizes.iter().cycle().map_while(|size| {
            let (piece, after) = rest.split_at((*size).min(rest.len()));
            rest = after;
            (!piece.is_empty()).then_some(piece)
        });
        let split = run(split, allow_http2);
        prop_assert_eq!(&whole, &single);
        prop_assert_eq!(&whole, &split);
    }

    #[test]
    fn what_passes_is_parsed_alike(lines in prop::collection::vec(head_line(), 0..6), ending in "(\r\n|\n){1,2}") {
        let head = format!("POST / HTTP/1.1\r\nHost: a\r\n{}\r\n{ending}", lines.join("\r\n"));
        prop_assert_eq!(inspect(head.as_bytes()), read::<true>(head.as_bytes()));
        let Ok(Some(judged)) = inspect(head.as_bytes()) else { return Ok(()) };
        let mut fields = [httparse::EMPTY_HEADER; 100];
        let mut parsed = httparse::Request::new(&mut fields);
        let length = parsed.parse(head.as_bytes());
        prop_assert_eq!(length, Ok(httparse::Status::Complete(judged.length)));
        let named = |name: &str| {
            let found = parsed.headers.iter().filter(|field| field.name.eq_ignore_ascii_case(name));
            found.map(|field| String::from_utf8_lossy(field.value).trim().to_lowercase()).collect::<Vec<_>>()
        };
        prop_assert_eq!(named("host").len(), 1);
        match judged.framing {
            Framing::Chunked => prop_assert_eq!(named("transfer-encoding"), vec!["chunked".to_owned()]),
            Framing::Length(length) => {
                prop_assert!(named("transfer-encoding").is_empty());
                let lengths: Vec<u64> = named("content-length").iter().map(|text| text.parse().unwrap()).collect();
                prop_assert_eq!(lengths.first().copied().unwrap_or(0), length);
                prop_assert!(lengths.len() <= 1);
            }
        }
    }
}

#[test]
fn bytes_that_drip_in_are_held() {
    let mut machine = Machine::new(64 * 1024, false);
    let head = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "x".repeat(60_000));
    for byte in head.as_bytes().chunks(1) {
        assert_eq!(machine.feed(byte), 0);
    }
    assert!(machine.has_begun_head());
    assert_eq!(machine.heads, 0);
}
