//! The request's body: bounded in size and time, decoded.

use super::within::within;
use crate::config::Server;
use crate::listen::RequestBody;
use crate::pieces::Pieces;
use async_compression::tokio::bufread::{GzipDecoder, ZstdDecoder};
use bytes::{BufMut, Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http_body_util::BodyExt;
use std::pin::pin;
use tokio::io::{AsyncRead, AsyncReadExt};
use tollgate_domain::Refusal;

/// Bytes that are decoded at a time.
const STEP: usize = 64 << 10;

/// Reads the whole body. The limit holds for what arrives and for what it decodes to.
pub async fn read(
    server: &Server,
    headers: &HeaderMap,
    body: RequestBody,
) -> Result<Bytes, Refusal> {
    let limit = server.max_body;
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > limit) {
        return Err(Refusal::BodyTooLarge { limit });
    }
    let raw = within(server.body_timeout, pin!(collect(body, limit)))
        .await
        .map_err(|_| Refusal::RequestTimeout)??;
    match encoding(headers)? {
        Encoding::Identity => Ok(raw),
        Encoding::Gzip => {
            let mut decoder = GzipDecoder::new(&*raw);
            decoder.multiple_members(true);
            decode(decoder, "gzip", limit).await
        }
        Encoding::Zstd => {
            let mut decoder = ZstdDecoder::new(&*raw);
            decoder.multiple_members(true);
            decode(decoder, "zstd", limit).await
        }
    }
}

#[derive(Clone, Copy)]
enum Encoding {
    Identity,
    Gzip,
    Zstd,
}

/// The one encoding of a body: nobody encodes twice but to see what is decoded.
fn encoding(headers: &HeaderMap) -> Result<Encoding, Refusal> {
    const KNOWN: [(&[u8], Encoding); 4] = [
        (b"identity", Encoding::Identity),
        (b"gzip", Encoding::Gzip),
        (b"x-gzip", Encoding::Gzip),
        (b"zstd", Encoding::Zstd),
    ];
    let mut named = headers.get_all(CONTENT_ENCODING).iter();
    let Some(value) = named.next() else {
        return Ok(Encoding::Identity);
    };
    let text = value.as_bytes();
    let mut known = KNOWN.iter();
    match known.find(|(name, _)| text.eq_ignore_ascii_case(name)) {
        Some((_, encoding)) if named.next().is_none() => Ok(*encoding),
        _ => {
            let all = headers.get_all(CONTENT_ENCODING).iter();
            let all: Vec<_> = all
                .map(|value| String::from_utf8_lossy(value.as_bytes()))
                .collect();
            let shown = all.join(", ").chars().take(40).collect();
            Err(Refusal::UnsupportedEncoding(shown))
        }
    }
}

/// Reads the whole body.
async fn collect(mut body: RequestBody, limit: u64) -> Result<Bytes, Refusal> {
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
        pieces.push(data);
    }
    Ok(pieces.finish())
}

/// Reads what a body decodes to; a small body that decodes to gigabytes stops at the limit.
async fn decode(
    mut decoder: impl AsyncRead + Unpin,
    name: &str,
    limit: u64,
) -> Result<Bytes, Refusal> {
    let mut bytes = BytesMut::new();
    loop {
        bytes.reserve(STEP);
        match decoder.read_buf(&mut (&mut bytes).limit(STEP)).await {
            Ok(0) => return Ok(bytes.freeze()),
            Ok(_) if bytes.len() as u64 > limit => return Err(Refusal::BodyTooLarge { limit }),
            // Others of this thread have their turn: a large body takes a while.
            Ok(_) => tokio::task::yield_now().await,
            Err(_) => {
                let message = format!("the body is no valid {name}");
                return Err(Refusal::bad_request(message, None));
            }
        }
    }
}
