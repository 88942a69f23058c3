//! Judges a request's head by its raw bytes, before anything is made of it.
//!
//! Parsers of HTTP/1 differ in what they forgive: bare line feeds, missing and double Hosts, `gzip, chunked`,
//! `Transfer_Encoding`, two lengths. What one of two parsers in a row forgives, the other may read as another request
//! (request smuggling). So nothing is forgiven here ([`inspect`]), and what is refused has a name ([`Reason`]).

mod clues;
mod fields;
mod head;
mod reason;
mod syntax;
#[cfg(test)]
mod tests;

pub use clues::dialect_of;
pub use head::{Framing, Head, inspect};
pub use reason::Reason;
