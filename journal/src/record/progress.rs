//! What came of an answer so far.

use super::codec::{Decoder, Encoder, Malformed};
use tollgate_domain::{RequestId, Usage};

/// A further piece of a long answer, so that a request cut off by a crash keeps what was seen of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress<'a> {
    pub request: RequestId,
    /// The attempt's number.
    pub attempt: u32,
    /// When the record was written; 0 in the first layout, which has no time.
    pub at_unix_nanos: u64,
    /// The usage reported so far, in whole: it replaces what an earlier record said.
    pub usage: Option<Usage>,
    /// Nothing is to be added to that usage: the provider has said why it ended. Not in the first layout.
    pub is_usage_final: bool,
    /// What was captured of the output since the last such record.
    pub output: &'a [u8],
    /// The output's true size so far; 0 in the first layout.
    pub output_bytes: u64,
}

impl<'a> Progress<'a> {
    pub(super) const VERSION: u8 = 2;

    pub(super) fn encode(&self, to: &mut Encoder<'_>) {
        to.request(self.request);
        to.varint(self.attempt.into());
        to.fixed(self.at_unix_nanos);
        to.option(self.usage, Encoder::usage);
        to.bytes(self.output);
        to.varint(self.output_bytes);
        to.bool(self.is_usage_final);
    }

    pub(super) fn decode(from: &mut Decoder<'a>, version: u8) -> Result<Self, Malformed> {
        let is_first = version == 1;
        let mut read = Self {
            request: from.request()?,
            attempt: from.narrow("attempt number")?,
            at_unix_nanos: if is_first { 0 } else { from.fixed("time")? },
            usage: from.option("usage", Decoder::usage)?,
            is_usage_final: false,
            output: from.bytes("output")?,
            output_bytes: 0,
        };
        if !is_first {
            read.output_bytes = from.varint("output size")?;
            read.is_usage_final = from.bool("finality of the usage")?;
        }
        Ok(read)
    }
}
