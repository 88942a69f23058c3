//! A connection from the outside: raw bytes in, raw bytes out.

mod retentive;

use super::*;
use crate::pipeline::ReplyBody;
use http_body_util::BodyExt;
use proptest::prelude::*;
use retentive::Retentive;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::Instant;

const OPTIONS: Options = Options {
    max_head: 1024,
    header_timeout: Duration::from_secs(5),
    idle_timeout: Duration::from_secs(60),
};

/// Says what it was given: the refusal, or method, path, and what came of the body. Keeps it, too.
#[derive(Clone, Default)]
struct Echo {
    saw: Arc<Mutex<Vec<String>>>,
}

impl Service for Echo {
    fn answer(&self, request: Request<RequestBody>) -> Answering<'_> {
        Box::pin(self.echo(request))
    }

    fn refuse(&self, _raw: &[u8], reason: Reason) -> Answer {
        self.say(format!("refused {}", reason.code()))
    }

    fn is_stopping(&self) -> bool {
        false
    }
}

impl Echo {
    async fn echo(&self, request: Request<RequestBody>) -> Answer {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        let body = match path.as_str() {
            "/unread" => "unread".to_owned(),
            "/never" => std::future::pending().await,
            "/late" => {
                tokio::time::sleep(Duration::from_secs(600)).await;
                "late".to_owned()
            }
            "/large" => "x".repeat(1 << 20),
            _ => match body.collect().await {
                Ok(body) => String::from_utf8_lossy(&body.to_bytes()).into_owned(),
                Err(error) => format!("broken: {error}"),
            },
        };
        self.say(format!("{} {path} {body}", parts.method))
    }
}

impl Echo {
    fn say(&self, text: String) -> Answer {
        self.saw.lock().unwrap().push(text.clone());
        Answer::of(200, ReplyBody::whole(text))
    }
}

fn connect() -> (DuplexStream, Echo, JoinHandle<io::Result<Ended>>) {
    let (client, server) = duplex(64 << 10);
    let echo = Echo::default();
    let service = echo.clone();
    let served = tokio::spawn(async move {
        serve(Box::new(server), &service, OPTIONS, std::future::pending()).await
    });
    (client, echo, served)
}

/// What the service saw when these bytes came, in these pieces, and the client closed its side.
async fn saw(pieces: &[&[u8]]) -> Vec<String> {
    let (mut client, echo, served) = connect();
    for piece in pieces {
        client.write_all(piece).await.unwrap();
        tokio::task::yield_now().await;
    }
    client.shutdown().await.unwrap();
    let _ = client.read_to_end(&mut Vec::new()).await;
    let _ = served.await.unwrap();
    let saw = echo.saw.lock().unwrap();
    saw.clone()
}

/// All that comes back, up to the connection's end.
async fn answer(sent: &str) -> String {
    let (mut client, _, served) = connect();
    client.write_all(sent.as_bytes()).await.unwrap();
    let mut text = String::new();
    client.read_to_string(&mut text).await.unwrap();
    let _ = served.await.unwrap();
    text
}

#[tokio::test]
async fn good_requests_are_served_however_they_come() {
    let first = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    let second =
        "POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let third = "GET /c HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let all = format!("{first}{second}{third}");
    let (mut client, echo, served) = connect();
    client.write_all(all.as_bytes()).await.unwrap();
    let mut text = String::new();
    client.read_to_string(&mut text).await.unwrap();
    served.await.unwrap().unwrap();
    assert_eq!(
        *echo.saw.lock().unwrap(),
        ["POST /a hello", "POST /b abc", "GET /c "]
    );
    assert_eq!(text.matches("HTTP/1.1 200 OK\r\n").count(), 3);
    assert_eq!(text.matches("content-length: 13\r\n").count(), 1);
    assert_eq!(text.matches("connection: close\r\n").count(), 1);
    assert_eq!(text.matches("\r\ndate: ").count(), 3);
}

#[tokio::test]
async fn a_refusal_is_answered_and_nothing_after_it_is_read() {
    let bad = "GET /v1/x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n";
    let smuggled = "GET /admin HTTP/1.1\r\nHost: a\r\n\r\n";
    let text = answer(&format!("{bad}{smuggled}")).await;
    assert!(text.ends_with("refused two_hosts"), "{text}");
    let good = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
    let text = answer(&format!("{good}{bad}{smuggled}")).await;
    assert!(
        text.contains("POST /a hi") && text.ends_with("refused two_hosts"),
        "{text}"
    );
    let large = format!("GET /l HTTP/1.1\r\nHost: a\r\nX: {}", "x".repeat(2000));
    assert!(answer(&large).await.ends_with("refused head_too_large"));
}

#[tokio::test]
async fn a_body_whose_framing_breaks_is_never_whole() {
    let head = "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let text = answer(&format!(
        "{head}5\r\nhelloX\r\n0\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n"
    ))
    .await;
    assert!(
        text.ends_with("POST /a broken: a chunk does not end where its size says"),
        "{text}"
    );
    let cut = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhello";
    assert_eq!(
        saw(&[cut.as_bytes()]).await,
        ["POST /a broken: the connection was closed"]
    );
}

#[tokio::test]
async fn a_body_that_nobody_read_does_not_become_a_request() {
    let whole = "POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    let close = "GET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let text = answer(&format!("{whole}{close}")).await;
    assert!(
        text.ends_with("GET /b "),
        "all of it was here and is skipped: {text}"
    );
    let begun = "POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n";
    let text = answer(begun).await;
    assert!(
        text.contains("connection: close") && text.ends_with("POST /unread unread"),
        "{text}"
    );
}

#[tokio::test]
async fn answers_are_framed_for_who_asks() {
    let text = answer("HEAD /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert!(
        text.contains("content-length: 8\r\n") && text.ends_with("\r\n\r\n"),
        "{text}"
    );
    let text = answer("GET /a HTTP/1.0\r\n\r\n").await;
    assert!(
        text.contains("connection: close\r\n") && text.ends_with("GET /a "),
        "{text}"
    );
    let (mut client, _, _served) = connect();
    let old = b"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    for _ in 0..2 {
        client.write_all(old).await.unwrap();
        let mut space = vec![0; 1024];
        let length = client.read(&mut space).await.unwrap();
        let text = String::from_utf8_lossy(&space[..length]).into_owned();
        assert!(text.contains("connection: keep-alive\r\n"), "{text}");
    }
}

#[tokio::test]
async fn a_client_that_waits_is_asked_for_its_body() {
    let (mut client, echo, _served) = connect();
    let head = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    client.write_all(head).await.unwrap();
    let mut asked = [0; 25];
    client.read_exact(&mut asked).await.unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    client.write_all(b"hello").await.unwrap();
    let mut status = [0; 15];
    client.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 200 OK");
    assert_eq!(*echo.saw.lock().unwrap(), ["POST /a hello"]);
}

#[tokio::test]
async fn a_client_is_asked_for_its_body_also_by_a_socket_that_holds_back() {
    let (mut client, io) = duplex(64);
    let io = Box::new(Retentive::new(io));
    let served =
        tokio::spawn(
            async move { serve(io, &Echo::default(), OPTIONS, std::future::pending()).await },
        );
    let head = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n";
    client.write_all(head).await.unwrap();
    let mut asked = [0; 25];
    client.read_exact(&mut asked).await.unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    client.write_all(b"hello").await.unwrap();
    let mut text = String::new();
    client.read_to_string(&mut text).await.unwrap();
    assert!(text.ends_with("POST /a hello"), "{text}");
    served.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_slow_head_is_answered_and_an_idle_connection_closed() {
    let begun = Instant::now();
    let text = answer("GET /slow HTTP/1.1\r\nHost:").await;
    assert!(text.ends_with("refused head_too_slow"), "{text}");
    // And the client did not close when it was told to.
    assert_eq!(begun.elapsed(), OPTIONS.header_timeout + LINGER);
    for sent in ["", "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"] {
        let begun = Instant::now();
        let text = answer(sent).await;
        assert_eq!(text.is_empty(), sent.is_empty());
        assert_eq!(begun.elapsed().as_secs(), 60);
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_answer_is_not_idleness_and_one_that_is_not_taken_ends() {
    let text = answer("GET /late HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert!(text.ends_with("GET /late late"), "{text}");
    let (mut client, _, served) = connect();
    let begun = Instant::now();
    client
        .write_all(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let error = served.await.unwrap().err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert_eq!(begun.elapsed().as_secs(), 60);
}

#[tokio::test]
async fn a_client_that_leaves_ends_what_is_under_way() {
    let (mut client, _, served) = connect();
    client
        .write_all(b"GET /never HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    tokio::task::yield_now().await;
    drop(client);
    assert!(matches!(served.await.unwrap(), Ok(Ended::Over)));
}

#[tokio::test]
async fn http2_is_told_by_its_first_bytes() {
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let (mut client, _, served) = connect();
    for byte in preface.chunks(1) {
        client.write_all(byte).await.unwrap();
        tokio::task::yield_now().await;
    }
    let Ok(Ended::Http2 { began, .. }) = served.await.unwrap() else {
        panic!("HTTP/2 was not seen");
    };
    assert_eq!(began, preface.as_slice());
    let late = "GET /a HTTP/1.1\r\nHost: a\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    assert!(answer(late).await.ends_with("refused http2"));
}

#[tokio::test]
async fn only_idle_connections_are_stopped() {
    let (mut client, server) = duplex(1024);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = tokio::spawn(async move {
        let stop = async move { drop(stopped.await) };
        serve(Box::new(server), &Echo::default(), OPTIONS, stop).await
    });
    client
        .write_all(b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nh")
        .await
        .unwrap();
    tokio::task::yield_now().await;
    drop(stop);
    tokio::task::yield_now().await;
    client.write_all(b"i").await.unwrap();
    let mut text = String::new();
    client.read_to_string(&mut text).await.unwrap();
    assert!(text.ends_with("POST /a hi"), "{text}");
    assert!(served.await.unwrap().is_ok());
}

/// A socket closed on unread bytes resets, and takes the answer with it.
#[tokio::test]
async fn an_answer_survives_what_the_client_still_sends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(async move {
        let io = Box::new(listener.accept().await.unwrap().0);
        serve(io, &Echo::default(), OPTIONS, std::future::pending()).await
    });
    let mut client = TcpStream::connect(address).await.unwrap();
    let head = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\nTransfer-Encoding: chunked\r\n\r\n";
    let sent = format!("{head}{}", "x".repeat(8_000_000));
    client.write_all(sent.as_bytes()).await.unwrap();
    let mut text = String::new();
    client.read_to_string(&mut text).await.unwrap();
    assert!(text.ends_with("refused length_and_chunked"), "{text}");
    drop(client);
    assert!(served.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_closes_does_not_hold_a_refused_connection() {
    let (mut client, _, served) = connect();
    client.write_all(b"x\r\n").await.unwrap();
    let begun = Instant::now();
    assert!(served.await.unwrap().is_ok());
    assert_eq!(begun.elapsed().as_secs(), 1);
    let mut text = String::new();
    client.read_to_string(&mut text).await.unwrap();
    assert!(text.ends_with("refused request_line"));
}

/// Pieces of requests, good and bad, that make up connections.
fn fragment() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just("GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n".to_owned()),
        2 => Just("POST /v1/messages HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello".to_owned()),
        2 => Just("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\nT: x\r\n\r\n".to_owned()),
        1 => Just("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".to_owned()),
        1 => Just("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n".to_owned()),
        1 => "[A-Za-z:-]{0,20}".prop_map(|name| format!("GET / HTTP/1.1\r\nHost: a\r\n{name}: x\r\n\r\n")),
        1 => (250usize..350).prop_map(|n| format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(n))),
        1 => "[\\x00-\\x7f\r\n :,]{0,40}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_same_bytes_are_the_same_requests_however_they_come(
        fragments in prop::collection::vec(fragment(), 1..6),
        cuts in prop::collection::vec(0usize..2000, 0..8),
    ) {
        let all = fragments.concat().into_bytes();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut % (all.len() + 1)).collect();
        cuts.extend([0, all.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &all[cut[0]..cut[1]]).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let (at_once, in_pieces) = runtime.block_on(async { (saw(&[&all]).await, saw(&pieces).await) });
        prop_assert_eq!(at_once, in_pieces);
    }
}
