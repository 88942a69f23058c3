//! Which API a caller speaks, which of its endpoints was called, and what kind of server is behind a provider.

use serde::{Deserialize, Serialize};

/// The API that a caller speaks; its errors and lists are answered in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    OpenAi,
    Anthropic,
}

/// A model endpoint of the gateway. The discriminants are stored in the journal: never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Endpoint {
    ChatCompletions = 1,
    Completions = 2,
    Embeddings = 3,
    Responses = 4,
    Messages = 5,
    CountTokens = 6,
}

impl Endpoint {
    /// The endpoint at a request path (query already cut off), or `None` where the path is no model endpoint.
    pub fn at(path: &str) -> Option<Self> {
        Some(match path {
            "/v1/chat/completions" => Self::ChatCompletions,
            "/v1/completions" => Self::Completions,
            "/v1/embeddings" => Self::Embeddings,
            "/v1/responses" => Self::Responses,
            "/v1/messages" => Self::Messages,
            "/v1/messages/count_tokens" => Self::CountTokens,
            _ => return None,
        })
    }

    pub fn from_code(code: u8) -> Option<Self> {
        [
            Self::ChatCompletions,
            Self::Completions,
            Self::Embeddings,
            Self::Responses,
            Self::Messages,
            Self::CountTokens,
        ]
        .into_iter()
        .find(|endpoint| *endpoint as u8 == code)
    }

    pub fn path(self) -> &'static str {
        match self {
            Self::ChatCompletions => "/v1/chat/completions",
            Self::Completions => "/v1/completions",
            Self::Embeddings => "/v1/embeddings",
            Self::Responses => "/v1/responses",
            Self::Messages => "/v1/messages",
            Self::CountTokens => "/v1/messages/count_tokens",
        }
    }

    pub fn dialect(self) -> Dialect {
        match self {
            Self::Messages | Self::CountTokens => Dialect::Anthropic,
            _ => Dialect::OpenAi,
        }
    }

    /// `gen_ai.operation.name` of OpenTelemetry's GenAI conventions, and the first word of a root span's name.
    pub fn operation(self) -> &'static str {
        match self {
            Self::ChatCompletions | Self::Responses | Self::Messages => "chat",
            Self::Completions => "text_completion",
            Self::Embeddings => "embeddings",
            Self::CountTokens => "count_tokens",
        }
    }
}

/// Whose wire format a provider's server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderKind {
    #[serde(rename = "openai")]
    OpenAi,
    Anthropic,
}

impl ProviderKind {
    /// `gen_ai.provider.name`, and the vendor under which the price table lists the kind's models.
    pub fn vendor(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
        }
    }
}
