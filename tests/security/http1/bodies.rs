//! Where a body ends: lengths, transfer codings, chunks, trailers.

use super::{Door, body, framed};

const CHUNKED: &str = "Transfer-Encoding: chunked";

#[test]
fn a_body_has_one_length() {
    let mut door = Door::open();
    let content = body("length");
    let length = content.len();
    let zero = "0\r\n\r\n";
    for framing in [
        format!("Content-Length: {length}\r\n{CHUNKED}"),
        format!("{CHUNKED}\r\nContent-Length: {length}"),
        format!("Content-Length: 5\r\n{CHUNKED}\r\nContent-Length: {length}"),
        format!("Content-Length: {length}\r\nContent-Length: {length}"),
        format!("Content-Length: {length}\r\nContent-Length: 0"),
        format!("Content-Length: {length}, {length}"),
        format!("Content-Length: +{length}"),
        format!("Content-Length: -{length}"),
        format!("Content-Length: 0x{length:x}"),
        format!("Content-Length: {length}.0"),
        format!("Content-Length: 9 {length}"),
        "Content-Length:".to_owned(),
        "Content-Length: 99999999999999999999".to_owned(),
        format!("Content_Length: {length}"),
    ] {
        door.refused(&framing, 400, framed(&framing, &content));
    }
    for framing in [
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding: ,chunked",
        "Transfer-Encoding:",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: \x0bchunked",
        "Transfer_Encoding: chunked",
    ] {
        door.refused(
            framing,
            400,
            framed(framing, &format!("{length:x}\r\n{content}\r\n{zero}")),
        );
    }
    // Also where either reading alone would be good.
    let chunks = format!("{length:x}\r\n{content}\r\n{zero}");
    for framing in [
        format!("Content-Length: {}\r\n{CHUNKED}", chunks.len()),
        format!("{CHUNKED}\r\nContent-Length: {}", chunks.len()),
    ] {
        door.refused(&framing, 400, framed(&framing, &chunks));
    }
    let old = framed(CHUNKED, zero).replacen("HTTP/1.1", "HTTP/1.0", 1);
    door.refused("chunks in HTTP/1.0", 400, old);
    let padded = format!("Content-Length: 000{length}");
    door.served(
        "zeros before a length",
        &["length"],
        framed(&padded, &content),
    );
    let loud = format!("CONTENT-LENGTH:{length}\t");
    door.served("a name in capitals", &["length"], framed(&loud, &content));
    assert_eq!(door.close(), 31);
}

#[test]
fn chunks_that_are_malformed_end_the_connection() {
    let mut door = Door::open();
    let content = body("chunk");
    let length = content.len();
    let zero = "0\r\n\r\n";
    let long = "x".repeat(300);
    let sized = |size: &str| format!("{size}\r\n{content}\r\n{zero}");
    for bad in [
        sized(&format!("0x{length:x}")),
        sized(&format!("+{length:x}")),
        sized(&format!("-{length:x}")),
        sized(&format!(" {length:x}")),
        sized(&format!("{length:x} 1")),
        sized("xyz"),
        sized(""),
        sized(";a=b"),
        sized(&format!("1000000000000000{length:x}")),
        sized("FFFFFFFFFFFFFFFF"),
        sized(&format!("00000000000000000{length:x}")),
        sized(&format!("{length:x};{long}")),
        sized(&format!("{length:x};a\rb")),
        sized(&format!("{length:x};a\0b")),
        sized(&format!("{length:x}\r")),
        format!("{length:x}\n{content}\r\n{zero}"),
        format!("{length:x};a\n{content}\r\n{zero}"),
        format!("{length:x}\r\n{content}\n{zero}"),
        format!("{length:x}\r\n{content}{zero}"),
        format!("{:x}\r\n{content}\r\n{zero}", length - 1),
        format!("{:x}\r\n{content}\r\n{zero}", length + 2),
        format!("{length:x}\r\n{content}\r\n0\n\n"),
        format!("{length:x}\r\n{content}\r\n0\r\nX : a\r\n\r\n"),
        format!("{length:x}\r\n{content}\r\n0\r\n folded\r\n\r\n"),
        format!("{length:x}\r\n{content}\r\n0\r\nX: a\n\r\n"),
        format!("{length:x}\r\n{content}\r\n0\r\nno colon\r\n\r\n"),
        format!(
            "{length:x}\r\n{content}\r\n0\r\nX: {}\r\n\r\n",
            long.repeat(30)
        ),
    ] {
        let shown: String = bad.chars().take(40).collect();
        door.refused(&format!("{shown:?}"), 400, framed(CHUNKED, &bad));
    }
    assert_eq!(door.close(), 27);
}

#[test]
fn chunks_that_are_well_formed_reach_the_provider_as_one_body() {
    let mut door = Door::open();
    let content = body("chunk");
    let length = content.len();
    let good = |name: &str, door: &mut Door, bytes: String| {
        door.served(name, &["chunk"], framed(CHUNKED, &bytes));
    };
    good(
        "one",
        &mut door,
        format!("{length:x}\r\n{content}\r\n0\r\n\r\n"),
    );
    good(
        "capitals and zeros",
        &mut door,
        format!("00{length:X}\r\n{content}\r\n000\r\n\r\n"),
    );
    good(
        "an extension",
        &mut door,
        format!("{length:x};a=\"b\"\r\n{content}\r\n0;c\r\n\r\n"),
    );
    let bytes: String = content
        .chars()
        .map(|byte| format!("1\r\n{byte}\r\n"))
        .collect();
    good("a byte each", &mut door, format!("{bytes}0\r\n\r\n"));
    for trailer in [
        "X: a",
        "Content-Length: 5",
        "Transfer-Encoding: chunked",
        "Host: other",
        "Authorization: Bearer other",
        "Expect: 100-continue",
    ] {
        let bytes = format!("{length:x}\r\n{content}\r\n0\r\n{trailer}\r\n\r\n");
        good(trailer, &mut door, bytes);
    }
    let named = "transfer-encoding:\tCHUNKED";
    let bytes = format!("{length:x}\r\n{content}\r\n0\r\n\r\n");
    door.served("a coding in capitals", &["chunk"], framed(named, &bytes));
    assert_eq!(door.close(), 11);
}

#[test]
fn a_body_that_ends_too_early_is_never_sent_on() {
    let mut door = Door::open();
    let content = body("cut");
    let length = content.len();
    let more = format!("Content-Length: {}", length + 1);
    door.broken_off("a byte too few", framed(&more, &content));
    door.broken_off("no byte", framed(&more, ""));
    for bytes in [
        format!("{length:x}\r\n{content}\r\n0\r\n"),
        format!("{length:x}\r\n{content}\r\n"),
        format!("{length:x}\r\n{content}"),
        format!("{:x}\r\n{content}", length + 1),
        format!("{length:x}"),
        String::new(),
    ] {
        door.broken_off(&format!("{bytes:?}"), framed(CHUNKED, &bytes));
    }
    assert_eq!(door.close(), 8);
}
