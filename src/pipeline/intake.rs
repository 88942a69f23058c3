//! The request's body: bounded in size and time, decoded.

use super::pieces::Pieces;
use crate::config::Server;
use async_compression::tokio::write::{GzipDecoder, ZstdDecoder};
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tollgate_domain::Refusal;

/// Reads the whole body. The limit holds for what arrives and for what it decodes to.
pub async fn read(server: &Server, headers: &HeaderMap, body: Incoming) -> Result<Bytes, Refusal> {
    let limit = server.max_body;
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > limit) {
        return Err(Refusal::BodyTooLarge { limit });
    }
    let raw = tokio::time::timeout(server.body_timeout, collect(body, limit))
        .await
        .map_err(|_| Refusal::RequestTimeout)??;
    let Some(encoding) = headers.get(CONTENT_ENCODING) else {
        return Ok(raw);
    };
    match encoding.as_bytes() {
        b"identity" => Ok(raw),
        b"gzip" | b"x-gzip" => {
            let mut decoder = GzipDecoder::new(Bounded::new(limit));
            decode(&mut decoder, &raw, "gzip", limit).await?;
            decoder.into_inner().finish()
        }
        b"zstd" => {
            let mut decoder = ZstdDecoder::new(Bounded::new(limit));
            decode(&mut decoder, &raw, "zstd", limit).await?;
            decoder.into_inner().finish()
        }
        other => {
            let name = String::from_utf8_lossy(other).chars().take(40).collect();
            Err(Refusal::UnsupportedEncoding(name))
        }
    }
}

/// Reads the whole body.
async fn collect(mut body: Incoming, limit: u64) -> Result<Bytes, Refusal> {
    let mut pieces = Pieces::default();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            Refusal::bad_request(format!("the request's body broke off: {error}"), None)
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if (pieces.len() + data.len()) as u64 > limit {
            return Err(Refusal::BodyTooLarge { limit });
        }
        pieces.push(data, 0);
    }
    Ok(pieces.finish())
}

async fn decode(
    decoder: &mut (impl AsyncWrite + Unpin),
    raw: &[u8],
    name: &str,
    limit: u64,
) -> Result<(), Refusal> {
    let done = async {
        decoder.write_all(raw).await?;
        decoder.shutdown().await
    };
    done.await.map_err(|error| match error.kind() {
        std::io::ErrorKind::FileTooLarge => Refusal::BodyTooLarge { limit },
        _ => Refusal::bad_request(format!("the body is no valid {name}"), None),
    })
}

/// A buffer that refuses to grow beyond a limit: a small body that decodes to gigabytes stops there.
struct Bounded {
    bytes: BytesMut,
    limit: u64,
}

impl Bounded {
    fn new(limit: u64) -> Self {
        Self {
            bytes: BytesMut::new(),
            limit,
        }
    }

    fn finish(self) -> Result<Bytes, Refusal> {
        Ok(self.bytes.freeze())
    }
}

impl AsyncWrite for Bounded {
    fn poll_write(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        bytes: &[u8],
    ) -> std::task::Poll<std::io::Result<usize>> {
        let bounded = self.get_mut();
        if (bounded.bytes.len() + bytes.len()) as u64 > bounded.limit {
            return std::task::Poll::Ready(Err(std::io::ErrorKind::FileTooLarge.into()));
        }
        bounded.bytes.extend_from_slice(bytes);
        std::task::Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn poll_shutdown(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }
}
