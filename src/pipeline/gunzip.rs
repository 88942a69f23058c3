//! Answers that come compressed although none was asked for.

use bytes::Bytes;
use flate2::write::GzDecoder;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use std::io::{self, Write};

/// Bytes that one answer may decode to.
const MAX_DECODED: usize = 256 << 20;

/// Decodes an answer as it comes; passes plain ones through uncopied.
pub enum Decoder {
    Identity,
    Gzip {
        decoder: Box<GzDecoder<Vec<u8>>>,
        total: usize,
    },
}

impl Decoder {
    /// By the answer's `Content-Encoding`; `None` for one that nobody asked for and we do not know.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        match headers
            .get(CONTENT_ENCODING)
            .map(http::HeaderValue::as_bytes)
        {
            None | Some(b"identity" | b"") => Some(Self::Identity),
            Some(b"gzip" | b"x-gzip") => Some(Self::Gzip {
                decoder: Box::new(GzDecoder::new(Vec::new())),
                total: 0,
            }),
            Some(_) => None,
        }
    }

    pub fn decode(&mut self, chunk: Bytes) -> io::Result<Bytes> {
        match self {
            Self::Identity => Ok(chunk),
            Self::Gzip { decoder, total } => {
                decoder.write_all(&chunk)?;
                decoder.flush()?;
                let decoded = std::mem::take(decoder.get_mut());
                *total += decoded.len();
                if *total > MAX_DECODED {
                    return Err(io::ErrorKind::FileTooLarge.into());
                }
                Ok(decoded.into())
            }
        }
    }
}
