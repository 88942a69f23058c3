//! Raw requests, each with its verdict.

use super::super::head::{Framing, inspect};
use super::super::reason::Reason;

fn pass(request: &str, framing: Framing) {
    let bytes = request.as_bytes();
    let head = inspect(bytes).unwrap_or_else(|reason| panic!("{request:?}: {reason:?}"));
    let head = head.unwrap_or_else(|| panic!("{request:?}: incomplete"));
    assert_eq!(head.framing, framing, "{request:?}");
    assert_eq!(&bytes[head.length - 2..head.length], b"\r\n");
}

fn refuse(request: &str, reason: Reason) {
    assert_eq!(inspect(request.as_bytes()), Err(reason), "{request:?}");
}

/// A request with this after its Host.
fn post(fields: &str) -> String {
    format!("POST /v1/messages HTTP/1.1\r\nHost: a.example:4000\r\n{fields}\r\n\r\n")
}

const NONE: Framing = Framing::Length(0);

#[test]
fn good_requests_pass() {
    for request in [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://a:80/x?y=1 HTTP/1.1\r\nHost: A:80\r\n\r\n",
        "GET /v1/models?after=x%20y&a={b}|c HTTP/1.1\r\nHost: [::1]:4000\r\n\r\n",
        "GET / HTTP/1.1\r\nhOST:\ta \r\nAccept:*/*\r\nEmpty:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: under_score.local\r\nsession_id: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nName: naïve\r\n\r\n",
    ] {
        pass(request, NONE);
    }
    pass(&post("Content-Length: 5"), Framing::Length(5));
    pass(&post("CONTENT-LENGTH:0005 "), Framing::Length(5));
    pass(&post("Content-Length: 0"), NONE);
    pass(&post("Transfer-Encoding: chunked"), Framing::Chunked);
    pass(&post("transfer-encoding: CHUNKED"), Framing::Chunked);
    for fields in [
        "Connection: keep-alive",
        "Connection: close, TE\r\nTE: trailers",
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk",
        "Connection:",
        "Expect: 100-continue",
        "X: a\tb",
        "Content-Lengths: 5",
        "A-Content-Length: x",
        "!#$%&'*+-.^_`|~09az: x",
    ] {
        pass(&post(fields), NONE);
    }
    let most: String = (0..99).map(|n| format!("x{n}: 1\r\n")).collect();
    pass(&post(most.trim_end()), NONE);
}

#[test]
fn lines_that_two_parsers_read_differently_are_refused() {
    refuse("GET / HTTP/1.1\nHost: a\n\n", Reason::BareLineFeed);
    refuse("GET / HTTP/1.1\r\nHost: a\n\r\n", Reason::BareLineFeed);
    refuse("GET / HTTP/1.1\r\nHost: a\r\n\n", Reason::BareLineFeed);
    refuse("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Reason::BareLineFeed);
    refuse(
        "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        Reason::LeadingLines,
    );
    refuse(&post("X: a\r\n b"), Reason::FoldedLine);
    refuse(&post("X: a\r\n\tContent-Length: 5"), Reason::FoldedLine);
    refuse("GET / HTTP/1.1\r\n Host: a\r\n\r\n", Reason::FoldedLine);
    refuse(&post("X: a\rb"), Reason::FieldValue);
    refuse(&post("X: a\r\r"), Reason::FieldValue);
    refuse(&post("X: a\0b"), Reason::FieldValue);
    refuse(&post("X: a\x0bb"), Reason::FieldValue);
    refuse(&post("X: a\x7fb"), Reason::FieldValue);
    refuse(&post("X: \x1b[31m"), Reason::FieldValue);
    refuse(&post("Content-Length : 5"), Reason::SpaceBeforeColon);
    refuse(
        &post("Transfer-Encoding\t: chunked"),
        Reason::SpaceBeforeColon,
    );
    refuse(&post(": x"), Reason::FieldName);
    refuse(&post("No colon"), Reason::FieldName);
    refuse(&post("X"), Reason::FieldName);
    refuse(&post("X\0Y: 1"), Reason::FieldName);
    refuse(&post("X(Y): 1"), Reason::FieldName);
    refuse(&post("Tränsfer: 1"), Reason::FieldName);
    refuse(&post("\"X\": 1"), Reason::FieldName);
}

#[test]
fn request_lines_are_strict() {
    for line in [
        "GET  / HTTP/1.1",
        "GET / HTTP/1.1 ",
        " GET / HTTP/1.1",
        "GET /",
        "GET",
        "GET\t/ HTTP/1.1",
        "G\0T / HTTP/1.1",
        "G(T / HTTP/1.1",
        "GET / a HTTP/1.1",
        "GET / FTP/1.1",
        "GET / http/1.1",
        " / HTTP/1.1",
        "\u{16}\u{3}\u{1}",
    ] {
        refuse(&format!("{line}\r\nHost: a\r\n\r\n"), Reason::RequestLine);
    }
    for version in [
        "HTTP/0.9",
        "HTTP/1.2",
        "HTTP/2.0",
        "HTTP/1.10",
        "HTTP/11",
        "HTTP/",
    ] {
        refuse(
            &format!("GET / {version}\r\nHost: a\r\n\r\n"),
            Reason::Version,
        );
    }
    for target in [
        "",
        "x",
        "*",
        "/\u{e9}",
        "/a#b",
        "/<a>",
        "/a\\b",
        "/\x7f",
        "//\"",
        "file:///etc",
        "a:80",
        "ftp://a/",
        "/\0",
    ] {
        refuse(
            &format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"),
            Reason::Target,
        );
    }
    refuse(
        &format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(8192)),
        Reason::TargetTooLong,
    );
    refuse(
        "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
        Reason::Connect,
    );
    refuse("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Reason::Http2);
}

#[test]
fn hosts_are_one_and_plain() {
    refuse("GET / HTTP/1.1\r\n\r\n", Reason::NoHost);
    refuse("GET / HTTP/1.1\r\nAccept: */*\r\n\r\n", Reason::NoHost);
    refuse(
        "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        Reason::TwoHosts,
    );
    refuse(
        "GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n",
        Reason::TwoHosts,
    );
    for host in [
        "", "a b", "a,b", "a/b", "user@a", "a:b", "a:", "a:123456", ":80", "[::1", "[::1]x", "[]",
        "[a.b/c]", "a?b", "ä", "a#b",
    ] {
        refuse(
            &format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            Reason::Host,
        );
    }
    refuse(
        "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",
        Reason::OtherHost,
    );
    refuse(
        "GET http://a:81/ HTTP/1.1\r\nHost: a:80\r\n\r\n",
        Reason::OtherHost,
    );
    refuse(
        "GET http://x@a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        Reason::OtherHost,
    );
    refuse(
        "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n",
        Reason::OtherHost,
    );
    refuse("GET http://a/ HTTP/1.0\r\n\r\n", Reason::OtherHost);
}

#[test]
fn bodies_have_one_frame() {
    for value in [
        "+5",
        "-5",
        "5,5",
        "5, 5",
        "5;5",
        "0x5",
        "5 5",
        "",
        "five",
        "5.0",
        "1e3",
        "9999999999999999999",
        "٥",
    ] {
        refuse(&post(&format!("Content-Length: {value}")), Reason::Length);
    }
    refuse(
        &post("Content-Length: 5\r\nContent-Length: 5"),
        Reason::TwoLengths,
    );
    refuse(
        &post("Content-Length: 5\r\ncontent-length: 6"),
        Reason::TwoLengths,
    );
    refuse(
        &post("Content-Length: 5\r\nTransfer-Encoding: chunked"),
        Reason::LengthAndChunked,
    );
    refuse(
        &post("Transfer-Encoding: chunked\r\nContent-Length: 5"),
        Reason::LengthAndChunked,
    );
    for value in [
        "gzip, chunked",
        "chunked, chunked",
        "identity",
        "gzip",
        "",
        "chunked,",
        ",chunked",
        "xchunked",
        "chunked;q=1",
        "\"chunked\"",
    ] {
        refuse(
            &post(&format!("Transfer-Encoding: {value}")),
            Reason::TransferEncoding,
        );
    }
    refuse(
        &post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
        Reason::TransferEncoding,
    );
    refuse(
        "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        Reason::TransferEncoding,
    );
    refuse(&post("Transfer_Encoding: chunked"), Reason::DisguisedName);
    refuse(&post("transfer_encoding: x"), Reason::DisguisedName);
    refuse(&post("Content_Length: 5"), Reason::DisguisedName);
}

#[test]
fn connections_stay_what_they_are() {
    for options in [
        "authorization",
        "close, Authorization",
        "x-api-key",
        "host",
        "content-length",
        "cookie",
        "x",
    ] {
        refuse(&post(&format!("Connection: {options}")), Reason::Connection);
    }
    refuse(
        &post("Connection: Upgrade\r\nUpgrade: websocket"),
        Reason::Upgrade,
    );
    refuse(&post("Upgrade: TLS/1.0"), Reason::Upgrade);
    let many: String = (0..100).map(|n| format!("x{n}: 1\r\n")).collect();
    refuse(&post(many.trim_end()), Reason::TooManyFields);
}

#[test]
fn a_head_is_judged_as_far_as_it_came() {
    for (bytes, expected) in [
        ("", Ok(None)),
        ("\r\n", Ok(None)),
        ("GET / HT", Ok(None)),
        ("GET / HTTP/1.1\r\nHost: a\r\n", Ok(None)),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b", Ok(None)),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n",
            Err(Reason::TwoHosts),
        ),
        ("GET / HTTP/1.1\r\nHost: a\r\n\r", Ok(None)),
        ("x\r\n", Err(Reason::RequestLine)),
    ] {
        assert_eq!(inspect(bytes.as_bytes()), expected, "{bytes:?}");
    }
}
