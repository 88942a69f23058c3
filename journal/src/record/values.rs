//! How the domain's values are laid out in a record. The codes are stored: never renumber.

use super::codec::{Decoder, Encoder, Malformed};
use tollgate_domain::{
    Cost, Dialect, Endpoint, NanoUsd, ProviderKind, RequestId, SpanId, TraceId, Usage,
};

impl Encoder<'_> {
    pub(super) fn request(&mut self, id: RequestId) {
        self.raw(id.as_bytes());
    }

    pub(super) fn trace(&mut self, id: TraceId) {
        self.raw(id.as_bytes());
    }

    pub(super) fn span(&mut self, id: SpanId) {
        self.raw(id.as_bytes());
    }

    pub(super) fn dialect(&mut self, dialect: Dialect) {
        self.u8(match dialect {
            Dialect::OpenAi => 1,
            Dialect::Anthropic => 2,
        });
    }

    pub(super) fn provider_kind(&mut self, kind: ProviderKind) {
        self.u8(match kind {
            ProviderKind::OpenAi => 1,
            ProviderKind::Anthropic => 2,
        });
    }

    pub(super) fn usage(&mut self, usage: Usage) {
        let Usage {
            input,
            cache_read,
            cache_write,
            cache_write_1h,
            audio_input,
            output,
            reasoning,
            audio_output,
            estimated,
        } = usage;
        for count in [
            input,
            cache_read,
            cache_write,
            cache_write_1h,
            audio_input,
            output,
            reasoning,
            audio_output,
        ] {
            self.varint(count);
        }
        self.bool(estimated);
    }

    pub(super) fn cost(&mut self, cost: Cost) {
        let Cost { input, output } = cost;
        self.fixed(input.0 as u64);
        self.fixed(output.0 as u64);
    }
}

impl Decoder<'_> {
    pub(super) fn request(&mut self) -> Result<RequestId, Malformed> {
        self.array("request id").map(RequestId::from_bytes)
    }

    pub(super) fn trace(&mut self) -> Result<TraceId, Malformed> {
        self.array("trace id").map(TraceId::from_bytes)
    }

    pub(super) fn span(&mut self) -> Result<SpanId, Malformed> {
        self.array("span id").map(SpanId::from_bytes)
    }

    pub(super) fn endpoint(&mut self) -> Result<Endpoint, Malformed> {
        Endpoint::from_code(self.u8("endpoint")?).ok_or(Malformed::Value("endpoint"))
    }

    pub(super) fn dialect(&mut self) -> Result<Dialect, Malformed> {
        match self.u8("dialect")? {
            1 => Ok(Dialect::OpenAi),
            2 => Ok(Dialect::Anthropic),
            _ => Err(Malformed::Value("dialect")),
        }
    }

    pub(super) fn provider_kind(&mut self) -> Result<ProviderKind, Malformed> {
        match self.u8("provider kind")? {
            1 => Ok(ProviderKind::OpenAi),
            2 => Ok(ProviderKind::Anthropic),
            _ => Err(Malformed::Value("provider kind")),
        }
    }

    pub(super) fn usage(&mut self) -> Result<Usage, Malformed> {
        let mut count = || self.varint("usage");
        Ok(Usage {
            input: count()?,
            cache_read: count()?,
            cache_write: count()?,
            cache_write_1h: count()?,
            audio_input: count()?,
            output: count()?,
            reasoning: count()?,
            audio_output: count()?,
            estimated: self.bool("usage")?,
        })
    }

    pub(super) fn cost(&mut self) -> Result<Cost, Malformed> {
        Ok(Cost {
            input: NanoUsd(self.fixed("cost")? as i64),
            output: NanoUsd(self.fixed("cost")? as i64),
        })
    }
}
