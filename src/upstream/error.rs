//! What can go wrong between us and a provider's server.

use super::h1::BadHead;
use crate::chunked::BrokenBody;
use std::io;
use std::time::Duration;

/// Why no answer's head came.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("connecting to {address} failed: {source}")]
    Connect { address: String, source: io::Error },
    #[error("connecting to {address} took longer than {limit:?}")]
    ConnectTimeout { address: String, limit: Duration },
    #[error("the connection broke before an answer: {0}")]
    Broken(BodyError),
}

/// Why an answer can't be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("the connection was closed")]
    Truncated,
    #[error(transparent)]
    Head(#[from] BadHead),
    #[error(transparent)]
    Chunk(#[from] BrokenBody),
    #[error("it is too large")]
    TooLarge,
    #[error(transparent)]
    Http2(#[from] hyper::Error),
}
