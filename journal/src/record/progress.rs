//! What came of an answer so far.

use super::codec::{Decoder, Encoder, Malformed};
use tollgate_domain::{RequestId, Usage};

/// A further piece of a long answer, so that a request cut off by a crash keeps what was seen of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress<'a> {
    pub request: RequestId,
    /// The attempt's number.
    pub attempt: u32,
    /// The usage reported so far, in whole: it replaces what an earlier record said.
    pub usage: Option<Usage>,
    /// What was captured of the output since the last such record.
    pub output: &'a [u8],
}

impl<'a> Progress<'a> {
    pub(super) fn encode(&self, to: &mut Encoder<'_>) {
        to.request(self.request);
        to.varint(self.attempt.into());
        to.option(self.usage, Encoder::usage);
        to.bytes(self.output);
    }

    pub(super) fn decode(from: &mut Decoder<'a>) -> Result<Self, Malformed> {
        Ok(Self {
            request: from.request()?,
            attempt: from.narrow("attempt number")?,
            usage: from.option("usage", Decoder::usage)?,
            output: from.bytes("output")?,
        })
    }
}
