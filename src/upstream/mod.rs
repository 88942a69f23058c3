//! The way to a provider: origins, pooled connections, one request out and its answer back.
//!
//! Each worker thread has a pool of its own. An HTTP/1 connection is driven inside the request's own task: hyper's
//! connection future is polled wherever the answer is, so that nothing hops between tasks and a slow reader slows
//! the provider without a queue in between.

mod body;
mod connect;
mod origin;
mod pool;
mod proxy;
mod tls;

pub use body::UpstreamBody;
pub use connect::Stream;
pub use origin::{Origin, Origins};
pub use pool::sweep;
pub use tls::{TlsError, client_config, read as read_roots, roots};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response};
use std::sync::Arc;
use std::time::Duration;

/// Why no answer's head came.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("connecting to {address} failed: {source}")]
    Connect {
        address: String,
        source: std::io::Error,
    },
    #[error("connecting to {address} took longer than {limit:?}")]
    ConnectTimeout { address: String, limit: Duration },
    #[error("the connection broke before an answer: {0}")]
    Broken(hyper::Error),
    #[error("the connection was closed before an answer")]
    Closed,
}

/// Sends one request and waits for the answer's head. The body is driven by whoever reads it.
///
/// A pooled connection that turns out to be closed before a byte of the request was read is replaced once, silently.
pub async fn send(
    origin: &Arc<Origin>,
    request: Request<Full<Bytes>>,
    connect_timeout: Duration,
) -> Result<Response<UpstreamBody>, SendError> {
    let mut request = request;
    if let Some(shared) = pool::take_h2(origin) {
        match h2_send(shared, request).await {
            Ok(response) => return Ok(response),
            Err((error, Some(unsent))) => {
                tracing::debug!(%error, "a pooled HTTP/2 connection was gone");
                request = unsent;
            }
            Err((error, None)) => return Err(SendError::Broken(error)),
        }
    }
    while let Some(connection) = pool::take(origin) {
        match h1_send(connection, request).await {
            Ok(response) => return Ok(response),
            Err((_, Some(unsent))) => request = unsent,
            Err((error, None)) => return Err(error),
        }
    }
    match connect::open(origin, connect_timeout).await? {
        connect::Opened::H1(connection) => h1_send(connection, request)
            .await
            .map_err(|(error, _)| error),
        connect::Opened::H2(sender) => {
            pool::put_h2(origin, sender.clone());
            h2_send(sender, request)
                .await
                .map_err(|(error, _)| SendError::Broken(error))
        }
    }
}

type Unsent = Option<Request<Full<Bytes>>>;

async fn h1_send(
    mut connection: pool::H1,
    request: Request<Full<Bytes>>,
) -> Result<Response<UpstreamBody>, (SendError, Unsent)> {
    let answer = {
        let mut answer = std::pin::pin!(connection.sender.try_send_request(request));
        let driver = &mut connection.driver;
        std::future::poll_fn(|cx| {
            use std::future::Future;
            use std::task::Poll;
            if let Poll::Ready(done) = answer.as_mut().poll(cx) {
                return Poll::Ready(Some(done));
            }
            let closed = driver.as_mut().poll(cx).is_ready();
            match answer.as_mut().poll(cx) {
                Poll::Ready(done) => Poll::Ready(Some(done)),
                Poll::Pending if closed => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    };
    match answer {
        Some(Ok(response)) => {
            let (head, incoming) = response.into_parts();
            Ok(Response::from_parts(
                head,
                UpstreamBody::h1(incoming, connection),
            ))
        }
        Some(Err(mut error)) => {
            let unsent = error.take_message();
            Err((SendError::Broken(error.into_error()), unsent))
        }
        None => Err((SendError::Closed, None)),
    }
}

async fn h2_send(
    mut sender: pool::H2Sender,
    request: Request<Full<Bytes>>,
) -> Result<Response<UpstreamBody>, (hyper::Error, Unsent)> {
    match sender.try_send_request(request).await {
        Ok(response) => Ok(response.map(UpstreamBody::h2)),
        Err(mut error) => {
            let unsent = error.take_message();
            Err((error.into_error(), unsent))
        }
    }
}
