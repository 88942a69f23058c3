//! What the journal holds: the life of a request, one record an event, in a compact binary form of our own.
//!
//! A record travels in a frame that names its kind and the version of its layout, so that a reader of another release
//! skips (and counts) what it does not know. Within a layout: numbers are LEB128 varints, times and ids fixed and
//! little endian, texts and bytes their length and then themselves. A layout never changes; a changed one gets the
//! next version.

mod attempt;
mod attempt_end;
mod closed;
mod codec;
mod open;
mod pairs;
mod progress;
mod values;

#[cfg(test)]
mod tests;

pub use attempt::Attempt;
pub use attempt_end::AttemptEnd;
pub use closed::{Closed, Outcome};
pub use codec::Malformed;
pub use open::{Capture, Open};
pub use pairs::Pairs;
pub use progress::Progress;

use codec::{Decoder, Encoder};
use tollgate_domain::RequestId;

/// The version of every layout here but [`Progress`]'s.
const VERSION: u8 = 1;

/// One event of a request. Borrowed on both sides: encoding copies out of the request, decoding out of the segment.
#[derive(Clone, Debug, PartialEq)]
#[allow(
    clippy::large_enum_variant,
    reason = "records live on the stack for the length of a call"
)]
pub enum Record<'a> {
    /// The request was let in; nothing has left for a provider.
    Open(Open<'a>),
    /// The request is about to leave for a provider.
    Attempt(Attempt<'a>),
    /// A further piece of what the provider answered.
    Progress(Progress<'a>),
    /// The provider's answer is over.
    AttemptEnd(AttemptEnd<'a>),
    /// The request is over: nothing of it follows.
    Closed(Closed<'a>),
}

impl<'a> Record<'a> {
    /// The request that the record is about.
    pub fn request(&self) -> RequestId {
        match self {
            Self::Open(record) => record.request,
            Self::Attempt(record) => record.request,
            Self::Progress(record) => record.request,
            Self::AttemptEnd(record) => record.request,
            Self::Closed(record) => record.request,
        }
    }

    /// The record's kind and layout version, as its frame names them.
    pub fn kind(&self) -> (u8, u8) {
        match self {
            Self::Open(_) => (1, VERSION),
            Self::Attempt(_) => (2, VERSION),
            Self::Progress(_) => (3, Progress::VERSION),
            Self::AttemptEnd(_) => (4, VERSION),
            Self::Closed(_) => (5, VERSION),
        }
    }

    /// Appends the record's bytes to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut to = Encoder::new(out);
        match self {
            Self::Open(record) => record.encode(&mut to),
            Self::Attempt(record) => record.encode(&mut to),
            Self::Progress(record) => record.encode(&mut to),
            Self::AttemptEnd(record) => record.encode(&mut to),
            Self::Closed(record) => record.encode(&mut to),
        }
    }

    /// Reads what [`Record::encode`] wrote. Any bytes are safe to give; those left over are an error.
    pub fn decode(kind: u8, version: u8, bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut from = Decoder::new(bytes);
        let record = match (kind, version) {
            (1, VERSION) => Self::Open(Open::decode(&mut from)?),
            (2, VERSION) => Self::Attempt(Attempt::decode(&mut from)?),
            (3, 1..=Progress::VERSION) => Self::Progress(Progress::decode(&mut from, version)?),
            (4, VERSION) => Self::AttemptEnd(AttemptEnd::decode(&mut from)?),
            (5, VERSION) => Self::Closed(Closed::decode(&mut from)?),
            _ => return Err(Malformed::UnknownKind { kind, version }),
        };
        from.finish()?;
        Ok(record)
    }
}
