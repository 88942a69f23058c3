//! The way to a provider: origins, pooled connections, one request out and its answer back.
//!
//! Each worker thread has a pool of its own. HTTP/1 is spoken by the request's own task ([`h1`]); an HTTP/2 connection
//! is shared by a worker's requests, and hyper's.

mod body;
mod connect;
mod error;
mod h1;
mod kept;
mod origin;
mod pool;
mod proxy;
mod request;
mod tls;

pub use body::UpstreamBody;
pub use connect::Stream;
pub use error::{BodyError, SendError};
pub use kept::Kept;
pub use origin::{Origin, Origins};
pub use pool::sweep;
pub use request::{Outgoing, Template};
pub use tls::{TlsError, client_config, read as read_roots, roots};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use std::sync::Arc;
use std::time::Duration;

/// A provider's answer, of which the head is there.
pub struct Response {
    pub status: StatusCode,
    pub head: Kept,
    pub body: UpstreamBody,
}

/// Sends one request and waits for the answer's head. The body is driven by whoever reads it.
///
/// A pooled connection that turns out to be closed before a byte of the request went out is replaced, silently.
pub async fn send(
    origin: &Arc<Origin>,
    request: &Outgoing<'_>,
    connect_timeout: Duration,
) -> Result<Response, SendError> {
    if let Some(shared) = pool::take_h2(origin) {
        match Box::pin(h2_send(shared, h2_request(origin, request)?)).await {
            Ok(response) => return Ok(response),
            Err((error, true)) => tracing::debug!(%error, "a pooled HTTP/2 connection was gone"),
            Err((error, false)) => return Err(SendError::Broken(error.into())),
        }
    }
    while let Some(connection) = pool::take(origin) {
        match h1_send(connection, request).await {
            Ok(response) => return Ok(response),
            Err(none) if none.is_unsent => {}
            Err(none) => return Err(SendError::Broken(none.error)),
        }
    }
    // On the heap: most requests find a connection, and need no room for making one.
    Box::pin(send_anew(origin, request, connect_timeout)).await
}

/// Sends a request on a connection of its own.
async fn send_anew(
    origin: &Arc<Origin>,
    request: &Outgoing<'_>,
    connect_timeout: Duration,
) -> Result<Response, SendError> {
    match connect::open(origin, connect_timeout).await? {
        connect::Opened::H1(connection) => h1_send(connection, request)
            .await
            .map_err(|none| SendError::Broken(none.error)),
        connect::Opened::H2(sender) => {
            pool::put_h2(origin, sender.clone());
            h2_send(sender, h2_request(origin, request)?)
                .await
                .map_err(|(error, _)| SendError::Broken(error.into()))
        }
    }
}

async fn h1_send(connection: h1::H1, request: &Outgoing<'_>) -> Result<Response, h1::NoAnswer> {
    let sent = connection.exchange(request.head(), request.body.clone());
    let (status, head, reading) = sent.await?;
    Ok(Response {
        status,
        head,
        body: UpstreamBody::h1(reading),
    })
}

fn h2_request(origin: &Origin, request: &Outgoing<'_>) -> Result<Request<Full<Bytes>>, SendError> {
    request.for_h2(origin.tls.is_some()).ok_or_else(|| {
        let source = std::io::Error::new(std::io::ErrorKind::InvalidInput, "no URI can be made");
        SendError::Connect {
            address: origin.address(),
            source,
        }
    })
}

/// With an error: whether nothing of the request went out.
async fn h2_send(
    mut sender: pool::H2Sender,
    request: Request<Full<Bytes>>,
) -> Result<Response, (hyper::Error, bool)> {
    match sender.try_send_request(request).await {
        Ok(response) => {
            let (head, body) = response.into_parts();
            Ok(Response {
                status: head.status,
                head: Kept::of(&head.headers),
                body: UpstreamBody::h2(body),
            })
        }
        Err(mut error) => {
            let is_unsent = error.take_message().is_some();
            Err((error.into_error(), is_unsent))
        }
    }
}
