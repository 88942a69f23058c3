//! Requests behind each other on one connection, and bodies that look like requests.

use super::{Door, FIELDS, KEY, LINE, body, framed, last, post};

#[test]
fn requests_in_a_row_are_each_read_once_and_nothing_behind_a_bad_one_is() {
    let mut door = Door::open();
    door.served("two", &["a", "b"], [post("a"), post("b")].concat());
    let content = body("c");
    let chunked = framed(
        "Transfer-Encoding: chunked",
        &format!("{:x}\r\n{content}\r\n0\r\n\r\n", content.len()),
    );
    door.served(
        "chunks between lengths",
        &["a", "c", "b"],
        [post("a"), chunked, post("b")].concat(),
    );
    let many: Vec<String> = (0..50).map(|number| number.to_string()).collect();
    let prompts: Vec<&str> = many.iter().map(String::as_str).collect();
    let bytes: String = many.iter().map(|prompt| post(prompt)).collect();
    door.served("fifty", &prompts, bytes);
    let bad = post("bad").replacen("Host: 127.0.0.1", "Host: a\r\nHost: b", 1);
    let behind = [post("a"), bad, post("smuggled")].concat();
    door.answered("a bad one between", &[200, 400], &["a"], behind);
    let behind = format!("{}x\r\n\r\n{}", post("a"), post("smuggled"));
    door.answered("bytes between", &[200, 400], &["a"], behind);
    let behind = format!("{}{}", last("a"), post("smuggled"));
    door.answered("behind the last", &[200], &["a"], behind);
    assert_eq!(door.close(), 6);
}

#[test]
fn a_body_is_never_read_as_a_request() {
    let mut door = Door::open();
    let inner = post("smuggled");
    let as_body = |head: &str| {
        let length = inner.len();
        format!(
            "{head}\r\n{FIELDS}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{inner}"
        )
    };
    door.answered("a body that is a request", &[400], &[], as_body(LINE));
    door.answered(
        "to nowhere",
        &[404],
        &[],
        as_body("POST /v1/nowhere HTTP/1.1"),
    );
    door.answered("of a GET", &[200], &[], as_body("GET /v1/models HTTP/1.1"));
    door.answered("to a probe", &[200], &[], as_body("POST /livez HTTP/1.1"));
    let stranger = as_body(LINE).replacen(KEY, "tg-nobody", 1);
    door.answered("of a stranger", &[401], &[], stranger);
    // Answered before the body was read, and the connection goes on or not: either way the body stays a body.
    let open = |head: &str| as_body(head).replacen("Connection: close\r\n", "", 1);
    let stranger = open(LINE).replacen(KEY, "tg-nobody", 1);
    for (name, status, bytes) in [
        ("a stranger's", 401, stranger),
        ("nobody's", 404, open("POST /v1/nowhere HTTP/1.1")),
        ("a probe's", 200, open("POST /readyz HTTP/1.1")),
        ("a list's", 200, open("GET /v1/models HTTP/1.1")),
    ] {
        door.answered(
            name,
            &[status, 200],
            &["behind"],
            format!("{bytes}{}", last("behind")),
        );
    }
    // Too large to be read: the connection is closed instead.
    let large = framed("Content-Length: 2000000", &inner);
    door.refused("announced too large", 413, large);
    let stranger = framed("Content-Length: 200000", &" ".repeat(199_000)).replacen(KEY, "x", 1);
    door.refused("a stranger's large body", 401, stranger);
    assert_eq!(door.close(), 11);
}

#[test]
fn bytes_that_drip_in_make_the_same_requests() {
    use std::io::{Read, Write};
    let mut door = Door::open();
    let content = body("slow");
    let chunked = framed(
        "Connection: close\r\nTransfer-Encoding: chunked",
        &format!("{:x};a\r\n{content}\r\n0\r\nX: a\r\n\r\n", content.len()),
    );
    let mut socket = std::net::TcpStream::connect(door.server.address).unwrap();
    socket.set_nodelay(true).unwrap();
    for byte in format!("\r\n{}{chunked}", post("first")).as_bytes() {
        socket.write_all(&[*byte]).unwrap();
    }
    let mut read = Vec::new();
    socket.read_to_end(&mut read).unwrap();
    assert_eq!(super::statuses("dripping", &read), [200, 200]);
    door.expected.extend([body("first"), content]);
    door.check("dripping");
}

#[test]
fn a_body_that_waits_for_leave_gets_it_and_one_that_does_not_is_served_too() {
    use std::io::{Read, Write};
    let mut door = Door::open();
    let content = body("leave");
    let framing = format!(
        "Connection: close\r\nExpect: 100-continue\r\nContent-Length: {}",
        content.len()
    );
    let mut socket = std::net::TcpStream::connect(door.server.address).unwrap();
    socket.set_read_timeout(Some(crate::wait::HANG)).unwrap();
    socket.write_all(framed(&framing, "").as_bytes()).unwrap();
    let leave = b"HTTP/1.1 100 Continue\r\n\r\n";
    let mut read = vec![0; leave.len()];
    socket.read_exact(&mut read).unwrap();
    assert_eq!(read, leave);
    socket.write_all(content.as_bytes()).unwrap();
    let mut read = Vec::new();
    socket.read_to_end(&mut read).unwrap();
    assert_eq!(super::statuses("leave", &read), [200]);
    door.expected.push(content.clone());
    door.check("leave");
    // Whoever sends the body at once needs no leave, and may get it.
    let statuses = door.exchange("at once", framed(&framing, &content).as_bytes(), false);
    assert!(matches!(statuses[..], [200] | [100, 200]), "{statuses:?}");
    door.expected.push(content);
    door.check("at once");
    // Who is refused by the head alone is not asked for a body.
    let stranger = framed(&framing, "").replacen(KEY, "tg-nobody", 1);
    door.answered("a stranger", &[401], &[], stranger);
}
