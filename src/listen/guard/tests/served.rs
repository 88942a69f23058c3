//! The guard under hyper, from the outside.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};

use super::super::{Guard, GuardOptions, refusal_of};

const OPTIONS: GuardOptions = GuardOptions {
    max_head: 1024,
    header_timeout: Duration::from_secs(5),
    idle_timeout: Duration::from_secs(60),
    allow_h2: false,
};

/// A connection to a server that says what it was given: the refusal, or method, path, and what came of the body.
fn connect() -> (DuplexStream, tokio::task::JoinHandle<()>) {
    let (client, server) = duplex(64 * 1024);
    (client, tokio::spawn(serve(server)))
}

async fn serve<IO: AsyncRead + AsyncWrite + Unpin>(server: IO) {
    let guard = Guard::new(server, OPTIONS);
    let exchanges = guard.exchanges();
    let service = service_fn(move |request: Request<Incoming>| {
        let exchanges = exchanges.clone();
        async move {
            let text = match refusal_of(request.headers()) {
                Some(reason) => format!("refused {} {}", reason.code(), request.uri().path()),
                None => {
                    let (parts, body) = request.into_parts();
                    let body = match body.collect().await {
                        Ok(body) => String::from_utf8_lossy(&body.to_bytes()).into_owned(),
                        Err(_) => "broken".to_owned(),
                    };
                    format!("{} {} {body}", parts.method, parts.uri.path())
                }
            };
            exchanges.ended();
            Ok::<_, hyper::Error>(Response::new(Full::new(Bytes::from(text))))
        }
    });
    // A broken body is an error of the connection, and the point of some tests.
    let _ = http1::Builder::new()
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(guard), service)
        .await;
}

/// The bodies of the answers to these bytes, whose sender then closes.
async fn answers(pieces: &[&str]) -> Vec<String> {
    let (mut client, served) = connect();
    let mut text = String::new();
    for piece in pieces {
        client.write_all(piece.as_bytes()).await.unwrap();
        tokio::task::yield_now().await;
    }
    let wanted = pieces.concat().matches(" HTTP/1.").count();
    let read = async {
        let mut space = [0; 4096];
        while text.matches("HTTP/1.1 200").count() < wanted {
            match client.read(&mut space).await.unwrap() {
                0 => break,
                length => text.push_str(std::str::from_utf8(&space[..length]).unwrap()),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), read)
        .await
        .unwrap();
    drop(client);
    served.await.unwrap();
    text.split("HTTP/1.1 200 OK")
        .skip(1)
        .map(|answer| answer.split("\r\n\r\n").nth(1).unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn good_requests_are_served_however_they_come() {
    let first = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    let second =
        "POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let expected = ["POST /a hello", "POST /b abc"];
    assert_eq!(answers(&[first, second]).await, expected);
    assert_eq!(answers(&[&format!("{first}{second}")]).await, expected);
    let both = format!("{first}{second}");
    let bytes: Vec<String> = both.chars().map(String::from).collect();
    assert_eq!(
        answers(&bytes.iter().map(String::as_str).collect::<Vec<_>>()).await,
        expected
    );
}

#[tokio::test]
async fn a_refusal_is_answered_and_nothing_after_it_is_read() {
    let bad = "GET /v1/x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n";
    let smuggled = "GET /admin HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(
        answers(&[&format!("{bad}{smuggled}")]).await,
        ["refused two_hosts /v1/x"]
    );
    let good = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
    assert_eq!(
        answers(&[&format!("{good}{bad}{smuggled}")]).await,
        ["POST /a hi", "refused two_hosts /v1/x"]
    );
    let large = format!("GET /l HTTP/1.1\r\nHost: a\r\nX: {}", "x".repeat(2000));
    assert_eq!(answers(&[&large]).await, ["refused head_too_large /l"]);
}

#[tokio::test]
async fn a_body_whose_framing_breaks_is_never_whole() {
    let (mut client, served) = connect();
    let head = "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    client
        .write_all(
            format!("{head}5\r\nhelloX\r\n0\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n")
                .as_bytes(),
        )
        .await
        .unwrap();
    client.shutdown().await.unwrap();
    let mut text = String::new();
    client.read_to_string(&mut text).await.unwrap();
    served.await.unwrap();
    assert!(
        text.is_empty() || text.ends_with("POST /a broken"),
        "{text}"
    );
    assert!(!text.contains("/admin"));
}

#[tokio::test(start_paused = true)]
async fn a_slow_head_is_answered_and_an_idle_connection_closed() {
    let begun = tokio::time::Instant::now();
    assert_eq!(
        answers(&["GET /slow HTTP/1.1\r\nHost:"]).await,
        ["refused head_too_slow /slow"]
    );
    assert_eq!(begun.elapsed().as_secs(), 5);

    for sent in ["", "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"] {
        let begun = tokio::time::Instant::now();
        let (mut client, served) = connect();
        client.write_all(sent.as_bytes()).await.unwrap();
        let mut text = String::new();
        client.read_to_string(&mut text).await.unwrap();
        served.await.unwrap();
        assert_eq!(text.is_empty(), sent.is_empty());
        assert!(
            (60..=121).contains(&begun.elapsed().as_secs()),
            "{:?}",
            begun.elapsed()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_answer_is_not_idleness() {
    let (mut client, server) = duplex(1024);
    let service = service_fn(|_: Request<Incoming>| async {
        tokio::time::sleep(Duration::from_secs(600)).await;
        Ok::<_, hyper::Error>(Response::new(Full::new(Bytes::from_static(b"late"))))
    });
    let guard = Guard::new(server, OPTIONS);
    let served = tokio::spawn(
        http1::Builder::new()
            .header_read_timeout(None)
            .serve_connection(TokioIo::new(guard), service),
    );
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut text = String::new();
    client.read_to_string(&mut text).await.unwrap();
    assert!(text.ends_with("late"));
    served.await.unwrap().unwrap();
}

#[tokio::test]
async fn http2_passes_only_where_it_may() {
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for (allow_h2, expected) in [(true, preface), (false, "POST / HTTP/1.1\r\n")] {
        let (mut client, server) = duplex(1024);
        let mut guard = Guard::new(
            server,
            GuardOptions {
                allow_h2,
                ..OPTIONS
            },
        );
        for byte in preface.as_bytes().chunks(1) {
            client.write_all(byte).await.unwrap();
        }
        let mut space = vec![0; expected.len()];
        guard.read_exact(&mut space).await.unwrap();
        assert_eq!(String::from_utf8(space).unwrap(), expected);
    }
}

/// A socket closed on unread bytes resets, and takes the answer with it.
#[tokio::test]
async fn an_answer_survives_what_the_client_still_sends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(async move { serve(listener.accept().await.unwrap().0).await });
    let mut client = TcpStream::connect(address).await.unwrap();
    let head = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\nTransfer-Encoding: chunked\r\n\r\n";
    client
        .write_all(format!("{head}{}", "x".repeat(500_000)).as_bytes())
        .await
        .unwrap();
    let mut text = String::new();
    client.read_to_string(&mut text).await.unwrap();
    assert!(text.ends_with("refused length_and_chunked /x"), "{text}");
    drop(client);
    served.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_closes_does_not_hold_a_refused_connection() {
    let (mut client, served) = connect();
    client.write_all(b"x\r\n").await.unwrap();
    let begun = tokio::time::Instant::now();
    served.await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 1);
    let mut text = String::new();
    client.read_to_string(&mut text).await.unwrap();
    assert!(text.ends_with("refused request_line /"));
}
