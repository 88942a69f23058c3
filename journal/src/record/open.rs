//! The beginning of a request.

use super::codec::{Decoder, Encoder, Malformed};
use super::pairs::Pairs;
use tollgate_domain::{Dialect, Endpoint, RequestId, SpanId, TraceId};

/// Written when a request was let in, before anything leaves for a provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Open<'a> {
    pub request: RequestId,
    pub trace: TraceId,
    /// The root span.
    pub span: SpanId,
    /// The caller's own span, from its `traceparent`.
    pub parent: Option<SpanId>,
    pub started_unix_nanos: u64,
    pub endpoint: Endpoint,
    pub dialect: Dialect,
    pub streamed: bool,
    pub capture: Capture,
    pub key: &'a str,
    pub team: &'a str,
    pub route: &'a str,
    pub experiment: &'a str,
    /// The model as the caller named it.
    pub model: &'a str,
    pub session: &'a str,
    pub user: &'a str,
    /// What was captured of the request's body.
    pub input: &'a [u8],
    /// The body's true size.
    pub input_bytes: u64,
    /// The tags of the key.
    pub attributes: Pairs<'a>,
}

/// How much of a request its route keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Capture {
    /// No span attributes but those that accounting needs.
    Off = 0,
    /// Names, numbers and times, no bodies.
    Metadata = 1,
    Full = 2,
}

impl Capture {
    fn from_code(code: u8) -> Option<Self> {
        [Self::Off, Self::Metadata, Self::Full]
            .into_iter()
            .find(|capture| *capture as u8 == code)
    }
}

impl<'a> Open<'a> {
    pub(super) fn encode(&self, to: &mut Encoder<'_>) {
        to.request(self.request);
        to.trace(self.trace);
        to.span(self.span);
        to.option(self.parent, Encoder::span);
        to.fixed(self.started_unix_nanos);
        to.u8(self.endpoint as u8);
        to.dialect(self.dialect);
        to.bool(self.streamed);
        to.u8(self.capture as u8);
        for text in [
            self.key,
            self.team,
            self.route,
            self.experiment,
            self.model,
            self.session,
            self.user,
        ] {
            to.text(text);
        }
        to.bytes(self.input);
        to.varint(self.input_bytes);
        self.attributes.encode(to);
    }

    pub(super) fn decode(from: &mut Decoder<'a>) -> Result<Self, Malformed> {
        Ok(Self {
            request: from.request()?,
            trace: from.trace()?,
            span: from.span()?,
            parent: from.option("parent span", Decoder::span)?,
            started_unix_nanos: from.fixed("start")?,
            endpoint: from.endpoint()?,
            dialect: from.dialect()?,
            streamed: from.bool("stream flag")?,
            capture: Capture::from_code(from.u8("capture")?).ok_or(Malformed::Value("capture"))?,
            key: from.text("key")?,
            team: from.text("team")?,
            route: from.text("route")?,
            experiment: from.text("experiment")?,
            model: from.text("model")?,
            session: from.text("session")?,
            user: from.text("user")?,
            input: from.bytes("input")?,
            input_bytes: from.varint("input size")?,
            attributes: Pairs::decode(from)?,
        })
    }
}
