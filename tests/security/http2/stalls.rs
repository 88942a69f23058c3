//! Clients that leave their streams no room: these are reset in time, and hold nothing for longer.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Body, CHAT, chat, request, run, start};
use crate::endless::Endless;
use crate::metrics;
use crate::server::{KEY, Server, configuration, serving};
use crate::traces;
use crate::wait::{self, HANG};

/// A connection whose client has room for so many bytes in each stream, and makes none.
async fn connect(server: &Server, window: u32) -> SendRequest<Body> {
    let tcp = TcpStream::connect(server.address).await.unwrap();
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.initial_stream_window_size(window);
    let (sender, connection) = builder.handshake(TokioIo::new(tcp)).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// A 200 whose body is not read.
async fn begin(sender: &mut SendRequest<Body>, model: &str, is_stream: bool) -> Incoming {
    let body = chat(model, "endless", is_stream);
    let sent = sender.send_request(request(CHAT, KEY, body));
    let response = timeout(HANG, sent).await.unwrap().unwrap();
    assert_eq!(response.status(), 200);
    response.into_body()
}

/// What was taken before the stream's reset.
async fn reset(mut body: Incoming) -> usize {
    let mut taken = 0;
    loop {
        let frame = timeout(HANG, body.frame()).await.unwrap().unwrap();
        match frame {
            Ok(frame) => taken += frame.into_data().unwrap().len(),
            Err(error) => {
                assert!(format!("{error:?}").contains("CANCEL"), "{error:?}");
                return taken;
            }
        }
    }
}

fn in_flight(server: &Server) -> f64 {
    metrics::value(server, "tollgate_requests_in_flight")
}

#[test]
fn a_stream_without_room_is_reset_and_lets_go_of_the_provider() {
    let endless = Endless::start();
    let yaml = serving(&configuration(endless.address), "idle_timeout: 500ms");
    let server = Server::configured(&yaml);
    for (number, window) in [0, 100, 40_000].into_iter().enumerate() {
        run(async {
            let mut sender = connect(&server, window).await;
            let body = begin(&mut sender, "sim-gpt", true).await;
            wait::until("the provider to be cancelled", || endless.under_way() == 0);
            assert_eq!(reset(body).await, window as usize);
            // The connection goes on.
            let other = request(CHAT, "tg-nobody", "{}");
            let other = timeout(HANG, sender.send_request(other)).await.unwrap();
            assert_eq!(other.unwrap().status(), 401);
        });
        wait::until("the request to be over", || in_flight(&server) == 0.0);
        traces::at_least(&server, number + 1);
    }
    assert_eq!(server.log().matches("the client went away").count(), 3);
}

#[test]
fn a_large_answer_without_room_is_reset_too() {
    let (server, _upstream) = start("idle_timeout: 500ms");
    run(async {
        let mut sender = connect(&server, 100).await;
        let body = begin(&mut sender, "sim-gpt+fault=huge:300000", false).await;
        // Longer than the stall may last, so that it is the server who has had enough.
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(reset(body).await, 100);
    });
}

#[test]
fn the_total_time_ends_a_stream_without_room() {
    let endless = Endless::start();
    let total = "retry: { attempts: 1 }, timeout: { total: 1s }";
    let yaml = configuration(endless.address).replace("retry: { attempts: 1 }", total);
    let server = Server::configured(&yaml);
    run(async {
        let mut sender = connect(&server, 100).await;
        let body = begin(&mut sender, "sim-gpt", true).await;
        wait::until("the provider to be cancelled", || endless.under_way() == 0);
        assert_eq!(reset(body).await, 100);
    });
    assert_eq!(traces::at_least(&server, 1)[0]["state"], "ERROR");
    assert!(server.log().contains("total_timeout"), "{}", server.log());
}
