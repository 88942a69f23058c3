//! From a scanned call to the provider's request.

use crate::registry::provider;
use crate::{Call, CallerHeaders, Loss, Reply, ThinkingMemory, forward, translate};
use bytes::Bytes;
use tollgate_domain::{Dialect, Endpoint, ProviderKind, Refusal};

/// What is known about a target's model beforehand (from the price table).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModelFacts {
    /// The largest output the model takes, in tokens.
    pub max_output: Option<u64>,
    /// It refuses temperature, `top_p` and `top_k`.
    pub no_sampling: bool,
    /// It thinks as much as it sees fit, and takes an effort.
    pub adaptive_thinking: bool,
    /// It can't be told not to think.
    pub always_thinks: bool,
    /// It refuses to be made to call a tool.
    pub no_forced_tool: bool,
}

/// The model of one target of a route.
#[derive(Clone, Copy, Debug)]
pub struct TargetModel<'a> {
    /// Whose wire format the provider's server speaks.
    pub kind: ProviderKind,
    /// The provider's configured name.
    pub provider: &'a str,
    /// The model to ask for; `None` passes the caller's name on.
    pub model: Option<&'a str>,
    /// Whether to ask for usage on streams where the caller did not.
    pub stream_usage: bool,
    /// Facts about the model.
    pub facts: ModelFacts,
    /// Whether whatever a translation would drop is a 400 (`on_loss: refuse`).
    pub refuse_losses: bool,
}

/// A request for a provider, and the reader of its answer.
#[derive(Debug)]
pub struct Outgoing {
    /// Path below the provider's base URL (whose trailing `/v1` is cut off).
    pub path: &'static str,
    /// Headers of the dialect, names in lower case; never credentials, content type or length.
    pub headers: Vec<(&'static str, String)>,
    /// The body: the caller's own bytes where nothing had to change.
    pub body: Bytes,
    /// What the translation could not carry over.
    pub losses: Vec<Loss>,
    /// Reads the answer.
    pub reply: Reply,
}

/// The provider's request for one target. Same dialect on both sides: the body's bytes, edited in place; else a
/// translation, which may refuse what the target cannot express.
pub fn prepare(
    call: &Call,
    headers: &CallerHeaders<'_>,
    target: &TargetModel<'_>,
    memory: &dyn ThinkingMemory,
) -> Result<Outgoing, Refusal> {
    if call.endpoint.dialect() == provider(target.kind).dialect {
        forward::prepare(call, headers, target, memory)
    } else {
        translate::prepare(call, headers, target, memory)
    }
}

/// The headers of the caller that go on to a provider.
pub(crate) fn dialect_headers(
    endpoint: Endpoint,
    headers: &CallerHeaders<'_>,
) -> Vec<(&'static str, String)> {
    let mut out = Vec::new();
    match endpoint.dialect() {
        Dialect::Anthropic => {
            let version = headers.anthropic_version.unwrap_or("2023-06-01");
            out.push(("anthropic-version", version.to_owned()));
            if let Some(beta) = headers.anthropic_beta {
                out.push(("anthropic-beta", beta.to_owned()));
            }
        }
        Dialect::OpenAi => {
            if let Some(beta) = headers.openai_beta {
                out.push(("openai-beta", beta.to_owned()));
            }
        }
    }
    if let Some(key) = headers.idempotency_key {
        out.push(("idempotency-key", key.to_owned()));
    }
    out
}
