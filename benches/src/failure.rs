//! What can go wrong while measuring, told so that a person can act on it.

use std::io;

/// A measurement that could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{what}: {source}")]
    Io { what: String, source: io::Error },
    #[error("{0}")]
    Broken(String),
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// Names the thing that an I/O error happened to.
pub(crate) trait Naming<T> {
    fn naming(self, what: impl Into<String>) -> Result<T>;
}

impl<T> Naming<T> for io::Result<T> {
    fn naming(self, what: impl Into<String>) -> Result<T> {
        self.map_err(|source| Failure::Io {
            what: what.into(),
            source,
        })
    }
}
