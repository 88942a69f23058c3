//! Request lines, lines' ends, names, values and hosts.

use super::{Door, FIELDS, LINE, framed, post, with};

/// A request with this line.
fn line(line: &str) -> String {
    post("line").replacen(LINE, line, 1)
}

/// A request with these lines in place of its Host.
fn hosts(lines: &str) -> String {
    post("host").replacen("Host: 127.0.0.1\r\n", lines, 1)
}

#[test]
fn a_request_line_has_one_reading() {
    let mut door = Door::open();
    for bad in [
        "POST  /v1/chat/completions HTTP/1.1",
        "POST /v1/chat/completions HTTP/1.1 ",
        " POST /v1/chat/completions HTTP/1.1",
        "POST /v1/chat/completions",
        "POST\t/v1/chat/completions HTTP/1.1",
        "PO\0ST /v1/chat/completions HTTP/1.1",
        "POST /v1/chat/completions /v1/models HTTP/1.1",
        "POST /v1/chat/completions http/1.1",
        "POST /v1/chat/completions HTTP/0.9",
        "POST /v1/chat/completions HTTP/1.2",
        "POST /v1/chat/completions HTTP/1.10",
        "POST /v1/chat/completions HTTP/2.0",
        "POST /v1/chat/completions#x HTTP/1.1",
        "POST /v1/chat\\completions HTTP/1.1",
        "POST /v1/chat/completion\u{17f} HTTP/1.1",
        "POST * HTTP/1.1",
        "POST 127.0.0.1:80 HTTP/1.1",
        "POST http://other/v1/chat/completions HTTP/1.1",
        "POST http://me@127.0.0.1/v1/chat/completions HTTP/1.1",
        "POST file:///v1/chat/completions HTTP/1.1",
        "CONNECT 127.0.0.1:80 HTTP/1.1",
        "PRI * HTTP/2.0",
    ] {
        door.refused(bad, 400, line(bad));
    }
    let long = format!("POST /v1/chat/completions?{} HTTP/1.1", "x".repeat(9000));
    door.refused("a long target", 414, line(&long));
    door.served(
        "absolute form",
        &["line"],
        line("POST http://127.0.0.1/v1/chat/completions HTTP/1.1"),
    );
    door.served(
        "a query",
        &["line"],
        line("POST /v1/chat/completions?a=b HTTP/1.1"),
    );
    for method in ["GET", "PUT", "TRACE", "post"] {
        let other = format!("{method} /v1/chat/completions HTTP/1.1");
        let bytes = line(&other).replacen("\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1);
        door.answered(&other, &[405], &[], bytes);
    }
    assert_eq!(door.close(), 29);
}

#[test]
fn lines_end_in_one_way_and_names_and_values_are_plain() {
    let mut door = Door::open();
    let good = post("lines");
    let (head, content) = good.split_once("\r\n\r\n").unwrap();
    let bare = head.replace("\r\n", "\n");
    door.refused("bare line feeds", 400, format!("{bare}\n\n{content}"));
    let one = head.replacen("\r\nAuthorization", "\nAuthorization", 1);
    door.refused("one bare line feed", 400, format!("{one}\r\n\r\n{content}"));
    door.refused(
        "a bare last line feed",
        400,
        format!("{head}\r\n\n{content}"),
    );
    door.refused("a line feed first", 400, format!("\n{good}"));
    door.refused("two empty lines first", 400, format!("\r\n\r\n{good}"));
    door.served("an empty line first", &["lines"], format!("\r\n{good}"));
    for lines in [
        "X: a\r\n folded\r\n",
        "X: a\r\n\tContent-Length: 5\r\n",
        "X: a\r\n \r\n",
        "X: a\rb\r\n",
        "X: a\r\r\n",
        "X: a\0b\r\n",
        "X: a\x0bb\r\n",
        "X: a\x7fb\r\n",
        "X: \x1b[31m\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding\t: chunked\r\n",
        "X Y: a\r\n",
        ": a\r\n",
        "no colon\r\n",
        "X\0Y: a\r\n",
        "Tr\u{e4}nsfer: a\r\n",
        "\"X\": a\r\n",
    ] {
        door.refused(&format!("{lines:?}"), 400, with(lines, "lines"));
    }
    let fold = format!("{LINE}\r\n folded: a\r\n{FIELDS}\r\nContent-Length: 0\r\n\r\n");
    door.refused("a fold behind the request line", 400, fold);
    door.served(
        "bytes above ASCII in a value",
        &["lines"],
        with("X: na\u{ef}ve\r\n", "lines"),
    );
    door.served("an empty value", &["lines"], with("X:\r\n", "lines"));
    let hop = "Connection: keep-alive, TE\r\nTE: trailers\r\nX-Forwarded-For: ::1\r\n";
    door.served("what is the caller's own", &["lines"], with(hop, "lines"));
    assert_eq!(door.close(), 27);
}

#[test]
fn hosts_and_connections_are_what_they_say() {
    let mut door = Door::open();
    for bad in [
        "",
        "Host: 127.0.0.1\r\nHost: 127.0.0.1\r\n",
        "Host: 127.0.0.1\r\nhost: other\r\n",
        "Host:\r\n",
        "Host: a, b\r\n",
        "Host: me@127.0.0.1\r\n",
        "Host: 127.0.0.1/v1\r\n",
        "Host: 127.0.0.1:x\r\n",
        "Host: 127.0.0.1:80:80\r\n",
        "Host: [::1\r\n",
    ] {
        door.refused(bad, 400, hosts(bad));
    }
    for options in [
        "authorization",
        "close, Content-Length",
        "transfer-encoding",
        "host",
    ] {
        let lines = format!("Connection: {options}\r\n");
        door.refused(&lines, 400, with(&lines, "options"));
    }
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    door.refused(upgrade, 400, with(upgrade, "upgrade"));
    let h2c = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n";
    door.served(
        "an offer of h2c is not taken",
        &["upgrade"],
        with(h2c, "upgrade"),
    );
    let old = hosts("").replacen("HTTP/1.1", "HTTP/1.0", 1);
    door.answered(
        "HTTP/1.0 has no Host",
        &[200],
        &["host"],
        format!("{old}{}", post("smuggled")),
    );
    let many: String = (0..100)
        .map(|number| format!("X-{number}: a\r\n"))
        .collect();
    door.refused("a hundred headers more", 431, with(&many, "many"));
    let large = format!("X: {}\r\n", "x".repeat(40_000));
    door.refused("a head of 40 kB", 431, with(&large, "large"));
    let endless = format!("{LINE}\r\n{FIELDS}\r\nX: {}", "x".repeat(40_000));
    door.refused("a head without end", 431, endless);
    let nothing = framed("Content-Length: 0", "");
    door.refused(
        "a line of nothing but bytes",
        400,
        format!("\x16\x03\x01\r\n{nothing}"),
    );
    assert_eq!(door.close(), 21);
}
