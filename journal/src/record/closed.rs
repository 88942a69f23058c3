//! The end of a request.

use super::codec::{Decoder, Encoder, Malformed};
use super::pairs::Pairs;
use tollgate_domain::{Cost, RequestId, Usage};

/// Written before the client gets the last bytes. Usage and cost are the sums over the attempts.
#[derive(Clone, Debug, PartialEq)]
pub struct Closed<'a> {
    pub request: RequestId,
    pub ended_unix_nanos: u64,
    pub outcome: Outcome,
    /// The HTTP status that the client got.
    pub status: u16,
    pub error_type: &'a str,
    pub error_message: &'a str,
    pub usage: Usage,
    pub cost: Cost,
    pub unpriced: bool,
    /// From the request's start to the first content for the client.
    pub first_token_nanos: Option<u64>,
    /// What was captured of the client's answer.
    pub output: &'a [u8],
    /// The answer's true size.
    pub output_bytes: u64,
    /// What a translation lost, comma separated.
    pub losses: &'a str,
    pub attributes: Pairs<'a>,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Outcome {
    Ok = 1,
    Error = 2,
    /// The client left before the end.
    ClientGone = 3,
    /// Refused by the gateway: a limit, a bad body, an unknown route.
    Refused = 4,
    /// Cut off by the gateway's own end.
    Interrupted = 5,
}

impl Outcome {
    fn from_code(code: u8) -> Option<Self> {
        [
            Self::Ok,
            Self::Error,
            Self::ClientGone,
            Self::Refused,
            Self::Interrupted,
        ]
        .into_iter()
        .find(|outcome| *outcome as u8 == code)
    }
}

impl<'a> Closed<'a> {
    pub(super) fn encode(&self, to: &mut Encoder<'_>) {
        to.request(self.request);
        to.fixed(self.ended_unix_nanos);
        to.u8(self.outcome as u8);
        to.varint(self.status.into());
        to.text(self.error_type);
        to.text(self.error_message);
        to.usage(self.usage);
        to.cost(self.cost);
        to.bool(self.unpriced);
        to.option(self.first_token_nanos, Encoder::varint);
        to.bytes(self.output);
        to.varint(self.output_bytes);
        to.text(self.losses);
        self.attributes.encode(to);
    }

    pub(super) fn decode(from: &mut Decoder<'a>) -> Result<Self, Malformed> {
        Ok(Self {
            request: from.request()?,
            ended_unix_nanos: from.fixed("end")?,
            outcome: Outcome::from_code(from.u8("outcome")?).ok_or(Malformed::Value("outcome"))?,
            status: from.narrow("status")?,
            error_type: from.text("error type")?,
            error_message: from.text("error message")?,
            usage: from.usage()?,
            cost: from.cost()?,
            unpriced: from.bool("price flag")?,
            first_token_nanos: from.option("first token", |from| from.varint("first token"))?,
            output: from.bytes("output")?,
            output_bytes: from.varint("output size")?,
            losses: from.text("losses")?,
            attributes: Pairs::decode(from)?,
        })
    }
}
