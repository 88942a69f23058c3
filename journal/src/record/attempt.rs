//! A request's leaving for a provider.

use super::codec::{Decoder, Encoder, Malformed};
use tollgate_domain::{ProviderKind, RequestId, SpanId};

/// Written before the request leaves for the provider: what left is accounted, whatever happens then.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt<'a> {
    pub request: RequestId,
    /// Counted from 1 within the request.
    pub number: u32,
    pub span: SpanId,
    pub started_unix_nanos: u64,
    pub kind: ProviderKind,
    /// The provider's configured name.
    pub provider: &'a str,
    /// The model asked of it.
    pub model: &'a str,
    /// Its host, and its port where that is not the scheme's own.
    pub server: &'a str,
}

impl<'a> Attempt<'a> {
    pub(super) fn encode(&self, to: &mut Encoder<'_>) {
        to.request(self.request);
        to.varint(self.number.into());
        to.span(self.span);
        to.fixed(self.started_unix_nanos);
        to.provider_kind(self.kind);
        to.text(self.provider);
        to.text(self.model);
        to.text(self.server);
    }

    pub(super) fn decode(from: &mut Decoder<'a>) -> Result<Self, Malformed> {
        Ok(Self {
            request: from.request()?,
            number: from.narrow("attempt number")?,
            span: from.span()?,
            started_unix_nanos: from.fixed("start")?,
            kind: from.provider_kind()?,
            provider: from.text("provider")?,
            model: from.text("model")?,
            server: from.text("server")?,
        })
    }
}
