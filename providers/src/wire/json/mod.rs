//! JSON (RFC 8259) read in one pass without building a tree, and edited in place.
//!
//! [`Cursor`] pulls values and checks the syntax strictly on the way: UTF-8, escapes, numbers, nothing after the end,
//! at most [`MAX_DEPTH`] levels, without recursion over the input. [`splice`] puts edits into a body and leaves every
//! other byte as it was. [`Writer`] writes new ones.

mod cursor;
mod scalar;
mod splice;
#[cfg(test)]
mod tests;
mod writer;

pub use cursor::{Cursor, MAX_DEPTH, Text};
pub use splice::{Edit, member, quote, splice};
pub use writer::Writer;

/// Where and why bytes are no JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid JSON at byte {at}: expected {expected}")]
pub struct SyntaxError {
    /// Offset of the first byte that does not fit.
    pub at: usize,
    /// What would have fitted.
    pub expected: &'static str,
}

/// Checks that the bytes are one JSON value and nothing else.
pub fn check(bytes: &[u8]) -> Result<(), SyntaxError> {
    let mut cursor = Cursor::new(bytes)?;
    cursor.skip()?;
    cursor.finish()
}
