//! Answers that come compressed although none was asked for.

use crate::upstream::Kept;
use bytes::Bytes;
use flate2::write::GzDecoder;
use std::io::{self, Write};

/// Bytes that one answer may decode to.
const MAX_DECODED: usize = 256 << 20;

/// Bytes that are decoded between two looks at the bound; they come to a thousand times as many at the most.
const STEP: usize = 1 << 10;

/// Decodes an answer as it comes; passes plain ones through uncopied.
pub enum Decoder {
    Identity,
    Gzip {
        decoder: Box<GzDecoder<Vec<u8>>>,
        total: usize,
        most: usize,
    },
}

impl Decoder {
    /// By the answer's `Content-Encoding`; `None` for one that nobody asked for and we do not know.
    pub fn of(head: &Kept) -> Option<Self> {
        match head.get("content-encoding") {
            None | Some(b"identity" | b"") => Some(Self::Identity),
            Some(b"gzip" | b"x-gzip") => Some(Self::Gzip {
                decoder: Box::new(GzDecoder::new(Vec::new())),
                total: 0,
                most: MAX_DECODED,
            }),
            Some(_) => None,
        }
    }

    /// With another bound of what it may decode to.
    pub fn within(mut self, bound: usize) -> Self {
        if let Self::Gzip { most, .. } = &mut self {
            *most = bound;
        }
        self
    }

    /// The bound holds while it decodes: a small answer that decodes to gigabytes stops there.
    pub fn decode(&mut self, chunk: Bytes) -> io::Result<Bytes> {
        match self {
            Self::Identity => Ok(chunk),
            Self::Gzip {
                decoder,
                total,
                most,
            } => {
                for piece in chunk.chunks(STEP) {
                    decoder.write_all(piece)?;
                    decoder.flush()?;
                    if *total + decoder.get_ref().len() > *most {
                        return Err(io::ErrorKind::FileTooLarge.into());
                    }
                }
                let decoded = std::mem::take(decoder.get_mut());
                *total += decoded.len();
                Ok(decoded.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    fn gzip() -> Decoder {
        Decoder::of(&Kept::sent(&[("content-encoding", "gzip")])).unwrap()
    }

    fn packed(bytes: &[u8]) -> Bytes {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap().into()
    }

    #[test]
    fn a_bomb_stops_at_the_bound_and_not_after_it() {
        let bomb = packed(&vec![0; 64 << 20]);
        let mut decoder = gzip().within(1 << 20);
        let error = decoder.decode(bomb).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        let Decoder::Gzip { decoder, .. } = &decoder else {
            unreachable!("it was asked for")
        };
        assert!(
            decoder.get_ref().len() < 4 << 20,
            "{}",
            decoder.get_ref().len()
        );
        assert_eq!(gzip().within(5).decode(packed(b"hello")).unwrap(), "hello");
    }
}
