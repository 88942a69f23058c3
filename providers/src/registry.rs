//! The providers: one line each.

use tollgate_domain::{Dialect, ProviderKind};

/// How a provider takes its credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// `authorization: Bearer …`.
    Bearer,
    /// A header with nothing but the key.
    Header(&'static str),
}

/// What is fixed about a kind of provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProviderFacts {
    /// Its kind.
    pub kind: ProviderKind,
    /// The dialect that it speaks.
    pub dialect: Dialect,
    /// Where it is unless the configuration says otherwise; without the trailing `/v1`.
    pub base_url: &'static str,
    /// How it takes its credential.
    pub credential: Credential,
}

/// Every kind of provider.
pub const PROVIDERS: [ProviderFacts; 2] = [OPENAI, ANTHROPIC];

const OPENAI: ProviderFacts = ProviderFacts {
    kind: ProviderKind::OpenAi,
    dialect: Dialect::OpenAi,
    base_url: "https://api.openai.com",
    credential: Credential::Bearer,
};

const ANTHROPIC: ProviderFacts = ProviderFacts {
    kind: ProviderKind::Anthropic,
    dialect: Dialect::Anthropic,
    base_url: "https://api.anthropic.com",
    credential: Credential::Header("x-api-key"),
};

/// The facts of a kind.
pub const fn provider(kind: ProviderKind) -> ProviderFacts {
    match kind {
        ProviderKind::OpenAi => OPENAI,
        ProviderKind::Anthropic => ANTHROPIC,
    }
}
