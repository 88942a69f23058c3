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

/// What a head says of the body behind it.
pub struct Announced {
    length: Option<u64>,
    /// Or how one is named that is not known.
    encoding: Result<Encoding, String>,
}

impl Announced {
    pub fn of(headers: &HeaderMap) -> Self {
        Self {
            length: headers
                .get(CONTENT_LENGTH)
                .and_then(|value| value.to_str().ok()?.parse().ok()),
            encoding: encoding(headers),
        }
    }
}

/// Reads the whole body. The limit holds for what arrives and for what it decodes to.
pub async fn read(
    server: &Server,
    announced: Announced,
    body: RequestBody,
) -> Result<Bytes, Refusal> {
    let limit = server.max_body;
    if announced.length.is_some_and(|length| length > limit) {
        return Err(Refusal::BodyTooLarge { limit });
    }
    let raw = within(|| server.body_timeout, pin!(collect(body, limit)))
        .await
        .map_err(|_| Refusal::RequestTimeout)??;
    let (decoded, name) = match announced.encoding {
        Ok(Encoding::Identity) => return Ok(raw),
        Ok(Encoding::Gzip) => {
            let mut decoder = GzipDecoder::new(&*raw);
            decoder.multiple_members(true);
            (Box::pin(decode(decoder, limit)).await, "gzip")
        }
        Ok(Encoding::Zstd) => {
            let mut decoder = ZstdDecoder::new(&*raw);
            decoder.multiple_members(true);
            (Box::pin(decode(decoder, limit)).await, "zstd")
        }
        Err(named) => return Err(Refusal::UnsupportedEncoding(named)),
    };
    decoded.map_err(|broken| match broken {
        Broken::TooLarge => Refusal::BodyTooLarge { limit },
        Broken::Invalid => Refusal::bad_request(format!("the body is no valid {name}"), None),
    })
}

#[derive(Clone, Copy)]
enum Encoding {
    Identity,
    Gzip,
    Zstd,
}

/// The one encoding of a body: nobody encodes twice but to see what is decoded.
fn encoding(headers: &HeaderMap) -> Result<Encoding, String> {
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
            Err(all.join(", ").chars().take(40).collect())
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

/// Why a body can't be decoded.
enum Broken {
    TooLarge,
    Invalid,
}

/// Reads what a body decodes to; a small body that decodes to gigabytes stops at the limit.
async fn decode(mut decoder: impl AsyncRead + Unpin, limit: u64) -> Result<Bytes, Broken> {
    let mut bytes = BytesMut::new();
    loop {
        bytes.reserve(STEP);
        match decoder.read_buf(&mut (&mut bytes).limit(STEP)).await {
            Ok(0) => return Ok(bytes.freeze()),
            Ok(_) if bytes.len() as u64 > limit => return Err(Broken::TooLarge),
            // Others of this thread have their turn: a large body takes a while.
            Ok(_) => tokio::task::yield_now().await,
            Err(_) => return Err(Broken::Invalid),
        }
    }
}
