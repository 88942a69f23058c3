//! The end of a provider's answer.

use super::codec::{Decoder, Encoder, Malformed};
use tollgate_domain::{Cost, RequestId, Usage};

/// How an attempt ended, with what it used and cost.
#[derive(Clone, Debug, PartialEq)]
pub struct AttemptEnd<'a> {
    pub request: RequestId,
    pub number: u32,
    pub ended_unix_nanos: u64,
    /// The provider's HTTP status; 0 where none came.
    pub status: u16,
    /// Empty where it succeeded.
    pub error: &'a str,
    pub usage: Option<Usage>,
    pub cost: Option<Cost>,
    /// There is usage, and no price for the model.
    pub unpriced: bool,
    pub finish: &'a str,
    pub response_id: &'a str,
    pub response_model: &'a str,
    /// From the attempt's start to the first content.
    pub first_token_nanos: Option<u64>,
    /// The body sent to the provider, where it is another dialect's than the caller's and was captured.
    pub input: Option<&'a [u8]>,
    /// What was captured of the provider's output, after what its progress records have.
    pub output: &'a [u8],
}

impl<'a> AttemptEnd<'a> {
    pub(super) fn encode(&self, to: &mut Encoder<'_>) {
        to.request(self.request);
        to.varint(self.number.into());
        to.fixed(self.ended_unix_nanos);
        to.varint(self.status.into());
        to.text(self.error);
        to.option(self.usage, Encoder::usage);
        to.option(self.cost, Encoder::cost);
        to.bool(self.unpriced);
        to.text(self.finish);
        to.text(self.response_id);
        to.text(self.response_model);
        to.option(self.first_token_nanos, Encoder::varint);
        to.option(self.input, Encoder::bytes);
        to.bytes(self.output);
    }

    pub(super) fn decode(from: &mut Decoder<'a>) -> Result<Self, Malformed> {
        Ok(Self {
            request: from.request()?,
            number: from.narrow("attempt number")?,
            ended_unix_nanos: from.fixed("end")?,
            status: from.narrow("status")?,
            error: from.text("error")?,
            usage: from.option("usage", Decoder::usage)?,
            cost: from.option("cost", Decoder::cost)?,
            unpriced: from.bool("price flag")?,
            finish: from.text("finish reason")?,
            response_id: from.text("response id")?,
            response_model: from.text("response model")?,
            first_token_nanos: from.option("first token", |from| from.varint("first token"))?,
            input: from.option("input", |from| from.bytes("input"))?,
            output: from.bytes("output")?,
        })
    }
}
