//! Translation between dialects.

use crate::{Call, CallerHeaders, Outgoing, Piece, ReplyFault, Seen, TargetModel, ThinkingMemory};
use bytes::Bytes;
use tollgate_domain::Refusal;

/// The provider's request in its own dialect.
pub(crate) fn prepare(
    call: &Call,
    _headers: &CallerHeaders<'_>,
    target: &TargetModel<'_>,
    _memory: &dyn ThinkingMemory,
) -> Result<Outgoing, Refusal> {
    Err(Refusal::bad_request(
        format!(
            "`{}` is not available at provider `{}`, which speaks another dialect",
            call.endpoint.path(),
            target.provider
        ),
        None,
    ))
}

/// Reads a provider's answer and writes it in the caller's dialect.
#[derive(Debug)]
pub(crate) struct Translator {
    seen: Seen,
}

impl Translator {
    pub(crate) fn is_stream(&self) -> bool {
        false
    }

    pub(crate) fn whole(&mut self, body: Bytes) -> Result<Bytes, ReplyFault> {
        Ok(body)
    }

    pub(crate) fn feed(&mut self, chunk: Bytes, out: &mut Piece) -> Result<(), ReplyFault> {
        out.bytes = chunk;
        Ok(())
    }

    pub(crate) fn end(&mut self, _out: &mut Piece) -> Result<(), ReplyFault> {
        Ok(())
    }

    pub(crate) fn seen(&self) -> &Seen {
        &self.seen
    }
}
