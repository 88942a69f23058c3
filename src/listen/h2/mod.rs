//! HTTP/2 for callers: hyper's, behind the first bytes that told the protocol.
//!
//! What hyper does not bound is bounded here: connections without a stream, and streams whose clients do not take what
//! they are sent ([`load`]).

mod began;
mod load;
mod served;

use super::h1::RequestBody;
use super::service;
use crate::config::Server;
use crate::gateway::Gateway;
use crate::socket::Socket;
use began::Began;
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use load::{Load, Tasks, UnderWay};
use served::Served;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// Serves a connection whose first bytes, `began`, were read before. When `stop` is ready, its streams are finished.
pub(super) async fn serve(
    gateway: &Arc<Gateway>,
    server: &Server,
    io: Box<dyn Socket>,
    began: Bytes,
    stop: impl Future<Output = ()>,
) -> Result<(), hyper::Error> {
    let load = Arc::new(Load::new(server.idle_timeout));
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let gateway = gateway.clone();
        // Counted also when the answer is dropped half-made.
        let under_way = UnderWay::new(load.clone());
        async move {
            let answer = service::answer(&gateway, request.map(RequestBody::h2)).await;
            let mut response = hyper::Response::new(Served::new(answer.body, under_way));
            *response.status_mut() = answer.status;
            *response.headers_mut() = answer.lines.to_map();
            Ok::<_, std::convert::Infallible>(response)
        }
    });
    let mut builder = http2::Builder::new(Tasks::of(&load));
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(100)
        .initial_stream_window_size(64 << 10)
        .initial_connection_window_size(1 << 20)
        .max_header_list_size(u32::try_from(server.max_head).unwrap_or(u32::MAX))
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20));
    let io = TokioIo::new(Began::new(began, io));
    let mut connection = pin!(builder.serve_connection(io, service));
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = stop => {}
        () = load.is_idle() => {}
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        ended = connection => ended,
        () = load.is_gone() => Ok(()),
    }
}
