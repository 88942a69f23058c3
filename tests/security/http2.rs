//! HTTP/2 from the client's socket: the same bounds as in HTTP/1, each stream for itself.

mod stalls;

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::{Body as HttpBody, Frame};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::runtime;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tollgate::simulated::Outcome;

use crate::chat;
use crate::server::{KEY, Server, configuration, serving};
use crate::traces;
use crate::upstream::Upstream;
use crate::wait::{self, HANG};

type Body = BoxBody<Bytes, Infallible>;

/// A body of which nothing comes but its first piece.
struct Slow(Option<Bytes>);

impl HttpBody for Slow {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.0.take() {
            Some(first) => Poll::Ready(Some(Ok(Frame::data(first)))),
            None => Poll::Pending,
        }
    }
}

/// A server with these further settings, and an upstream behind it.
fn start(settings: &str) -> (Server, Upstream) {
    let upstream = Upstream::start();
    let yaml = serving(&configuration(upstream.address), settings);
    (Server::configured(&yaml), upstream)
}

/// A connection in plain text, by prior knowledge, and its end.
async fn connect(server: &Server) -> (SendRequest<Body>, JoinHandle<()>) {
    let tcp = TcpStream::connect(server.address).await.unwrap();
    let io = TokioIo::new(tcp);
    let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
    let ended = tokio::spawn(async move {
        // How it ended is not asked here.
        let _ = connection.await;
    });
    (sender, ended)
}

fn request(path: &str, key: &str, body: impl Into<Bytes>) -> Request<Body> {
    Request::post(format!("http://localhost{path}"))
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "application/json")
        .body(Full::new(body.into()).boxed())
        .unwrap()
}

fn chat(model: &str, content: &str, is_stream: bool) -> Bytes {
    chat::body(model, content, is_stream).to_string().into()
}

async fn answer(sender: &mut SendRequest<Body>, request: Request<Body>) -> (u16, String) {
    let response = timeout(HANG, sender.send_request(request))
        .await
        .unwrap()
        .unwrap();
    let status = response.status().as_u16();
    let body = timeout(HANG, response.into_body().collect())
        .await
        .unwrap()
        .unwrap();
    (status, String::from_utf8(body.to_bytes().to_vec()).unwrap())
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(future)
}

const CHAT: &str = chat::PATH;

#[test]
fn many_requests_of_one_connection_get_each_its_own_answer() {
    let (server, upstream) = start("workers: 1");
    run(async {
        let (sender, _ended) = connect(&server).await;
        let asking: Vec<_> = (0..80)
            .map(|number| {
                let mut sender = sender.clone();
                let content = format!("say exactly: answer {number}.");
                let body = chat("sim-openai", &content, number % 2 == 0);
                tokio::spawn(async move { answer(&mut sender, request(CHAT, KEY, body)).await })
            })
            .collect();
        for (number, asking) in asking.into_iter().enumerate() {
            let (status, body) = asking.await.unwrap();
            assert_eq!(status, 200, "{body}");
            // Streamed, its words come one by one.
            let digits: String = body
                .split("content\":\"")
                .skip(1)
                .filter_map(|part| part.split('"').next())
                .collect();
            assert_eq!(digits.trim(), format!("answer {number}."), "{body}");
        }
    });
    assert_eq!(upstream.log().len(), 80);
}

#[test]
fn bounds_hold_for_each_stream_and_leave_the_others_alone() {
    let (server, upstream) = start("max_body: 1MiB, body_timeout: 500ms");
    run(async {
        let (mut sender, _ended) = connect(&server).await;
        let mut other = sender.clone();
        let running = tokio::spawn(async move {
            let body = chat("sim-gpt+fault=pace:1,50", "60 words", true);
            answer(&mut other, request(CHAT, KEY, body)).await
        });
        for (path, code) in [(CHAT, "code"), ("/v1/messages", "error_code")] {
            let mut check = async |request: Request<Body>, status: u16, expected: &str| {
                let (found, body) = answer(&mut sender, request).await;
                assert_eq!(found, status, "{path}: {body}");
                let error: Value = serde_json::from_str(&body).unwrap();
                let error = &error["error"];
                let found = error.get(code).unwrap_or(&error["details"][code]);
                assert_eq!(found, expected, "{error}");
            };
            check(request(path, "tg-nobody", "{}"), 401, "invalid_api_key").await;
            check(request(path, KEY, "{"), 400, "invalid_request").await;
            check(
                request(path, KEY, vec![b' '; 2 << 20]),
                413,
                "body_too_large",
            )
            .await;
            let slow = Slow(Some(Bytes::from_static(b"{"))).boxed();
            let slow = request(path, KEY, "").map(|_| slow);
            check(slow, 408, "request_timeout").await;
        }
        let mut large = request(CHAT, KEY, "{}");
        let value = "x".repeat(40 << 10).parse().unwrap();
        large.headers_mut().insert("x-large", value);
        let (status, _) = answer(&mut sender, large).await;
        assert_eq!(status, 431);
        let (status, body) = running.await.unwrap();
        assert!(status == 200 && body.contains("[DONE]"), "{status}: {body}");
    });
    assert_eq!(upstream.log().len(), 1);
}

#[test]
fn a_stream_that_is_reset_cancels_the_provider_and_leaves_the_connection() {
    let (server, upstream) = start("workers: 1");
    run(async {
        let (mut sender, _ended) = connect(&server).await;
        let body = chat("sim-gpt+fault=pace:1,50", "2000 words", true);
        let response = sender.send_request(request(CHAT, KEY, body)).await.unwrap();
        let mut body = response.into_body();
        assert!(body.frame().await.unwrap().unwrap().is_data());
        drop(body);
        tokio::task::spawn_blocking(move || {
            wait::until("the provider to be cancelled", || {
                upstream
                    .log()
                    .first()
                    .is_some_and(|entry| entry.outcome == Outcome::Cancelled)
            });
            upstream
        })
        .await
        .unwrap();
        let (status, _) = answer(&mut sender, request(CHAT, "tg-nobody", "{}")).await;
        assert_eq!(status, 401);
    });
    traces::at_least(&server, 1);
}

#[test]
fn a_connection_without_streams_is_closed_after_a_while_and_one_with_a_stream_is_not() {
    let (server, _upstream) = start("idle_timeout: 300ms");
    run(async {
        let (mut sender, ended) = connect(&server).await;
        let body = chat("sim-gpt+fault=pace:1,50", "30 words", true);
        let (status, body) = answer(&mut sender, request(CHAT, KEY, body)).await;
        assert!(status == 200 && body.contains("[DONE]"), "{status}: {body}");
        timeout(Duration::from_secs(10), ended)
            .await
            .unwrap()
            .unwrap();
        let (_silent, ended) = connect(&server).await;
        timeout(Duration::from_secs(10), ended)
            .await
            .unwrap()
            .unwrap();
    });
}

#[test]
fn a_stream_that_a_stop_cuts_off_ends_with_an_error() {
    let (mut server, _upstream) = start("drain: 100ms");
    run(async {
        let (mut sender, _ended) = connect(&server).await;
        let body = chat("sim-gpt+fault=pace:1,20000", "2000 words", true);
        let response = sender.send_request(request(CHAT, KEY, body)).await.unwrap();
        let stopping = tokio::task::spawn_blocking(move || server.stop());
        let body = timeout(HANG, response.into_body().collect()).await.unwrap();
        let body = String::from_utf8(body.unwrap().to_bytes().to_vec()).unwrap();
        let (_, last) = body.trim_end().rsplit_once("\n\n").unwrap();
        assert!(last.starts_with("data: {\"error\":"), "{body}");
        assert!(last.contains("the gateway is stopping"), "{body}");
        assert!(stopping.await.unwrap() < Duration::from_secs(3));
    });
}
