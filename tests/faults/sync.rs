//! `store.sync: each` holds the last bytes back until the account is on the disk; the default waits for no disk.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::mount::skip;
use super::tracer::Tracer;
use crate::chat;
use crate::server::{Server, configuration};
use crate::upstream::Upstream;
use crate::wait::HANG;

/// What each sync of data takes longer.
const DELAY: Duration = Duration::from_millis(1500);

/// How long the first content took, and the end.
#[expect(clippy::disallowed_methods, reason = "the promise is an order in time")]
fn times(server: &Server, is_stream: bool) -> (Duration, Duration) {
    // Paced, so that the first content and the end do not come in one read.
    let body = chat::body("sim-gpt+fault=pace:1,50", "5 words", is_stream);
    let started = Instant::now();
    let mut socket = TcpStream::connect(server.address).unwrap();
    socket.set_read_timeout(Some(HANG)).unwrap();
    let request = chat::bytes("Connection: close\r\n", &body);
    socket.write_all(request.as_bytes()).unwrap();
    let mut reader = BufReader::new(socket);
    let mut line = String::new();
    while !line.contains("\"content\"") {
        line.clear();
        assert_ne!(reader.read_line(&mut line).unwrap(), 0, "no content came");
    }
    let first = started.elapsed();
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert!(!is_stream || rest.contains("[DONE]"), "{rest}");
    (first, started.elapsed())
}

#[test]
fn the_last_bytes_wait_for_the_disk_where_they_are_told_to_and_only_there() {
    for (sync, waits) in [("each", true), ("group", false)] {
        let upstream = Upstream::start();
        let journal = format!("journal: data/journal, sync: {sync}");
        let yaml = configuration(upstream.address).replacen("journal: data/journal", &journal, 1);
        let server = Server::configured(&yaml);
        let delay = format!("fdatasync:delay_enter={}", DELAY.as_micros());
        let _slow = match Tracer::inject(&server, &delay) {
            Ok(tracer) => tracer,
            Err(why) => skip!(why),
        };
        let (first, last) = times(&server, true);
        assert!(first < DELAY, "{sync}: the first content waited {first:?}");
        assert_eq!(
            last >= DELAY,
            waits,
            "{sync}: the stream's end took {last:?}"
        );
        let (_, whole) = times(&server, false);
        assert_eq!(
            whole >= DELAY,
            waits,
            "{sync}: a whole answer took {whole:?}"
        );
    }
}
