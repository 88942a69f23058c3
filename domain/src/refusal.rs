//! Why a caller is refused. Each dialect renders it in its own JSON; status and stable code are here, in one place.

use std::time::Duration;

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Requests,
    Tokens,
    Concurrent,
}

impl Unit {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
            Self::Concurrent => "concurrent requests",
        }
    }
}

/// What the caller is told. Never carries a secret: messages of a provider are scrubbed before they come here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("no API key was sent: use `Authorization: Bearer`, `x-api-key` or `api-key`")]
    MissingKey,
    #[error("the API key is not valid")]
    InvalidKey,
    #[error("the API key has expired")]
    ExpiredKey,
    #[error("this key lacks the scope `{0}`")]
    MissingScope(&'static str),
    /// A request that a page of another site made, or that reached us by a name that is not ours.
    #[error("{0}")]
    ForeignOrigin(&'static str),
    #[error("the model `{0}` does not exist or is not open to this key")]
    UnknownModel(String),
    #[error("{0}")]
    NotFound(String),
    #[error("the method {0} is not allowed here")]
    MethodNotAllowed(String),
    #[error("{message}")]
    BadRequest {
        message: String,
        param: Option<String>,
        code: Option<&'static str>,
    },
    #[error("the request body is larger than {limit} bytes")]
    BodyTooLarge { limit: u64 },
    /// The bytes of the request's head, before anybody read a meaning into them.
    #[error("{message}")]
    BadHead {
        status: u16,
        code: &'static str,
        message: &'static str,
    },
    #[error("the request did not arrive in time")]
    RequestTimeout,
    #[error("the content encoding `{0}` is not supported; send identity, gzip or zstd")]
    UnsupportedEncoding(String),
    #[error("limit of {limit} {} reached by {scope}", unit.as_str())]
    LimitReached {
        unit: Unit,
        limit: u64,
        scope: String,
        retry_after: Duration,
    },
    #[error("no target of this route can be reached: {0}")]
    Unreachable(String),
    #[error("the provider did not answer in time")]
    UpstreamTimeout,
    #[error("the answer was not over within the route's total time")]
    TotalTimeout,
    #[error("the gateway could not authenticate with the provider")]
    UpstreamAuth,
    #[error("the gateway's account with the provider has no quota left")]
    UpstreamQuota,
    #[error("the provider's answer could not be understood: {0}")]
    UpstreamMalformed(String),
    /// The provider's own error: status, message (word for word), code, and `Retry-After` where it named one.
    #[error("{message}")]
    Upstream {
        status: u16,
        message: String,
        kind: Option<String>,
        code: Option<String>,
        param: Option<String>,
        retry_after: Option<Duration>,
    },
    #[error("the request can't be accounted just now")]
    JournalFull,
    #[error("the gateway is stopping")]
    Draining,
    #[error("internal error")]
    Internal,
}

impl Refusal {
    /// The HTTP status of the answer.
    pub fn status(&self) -> u16 {
        match self {
            Self::MissingKey | Self::InvalidKey | Self::ExpiredKey => 401,
            Self::MissingScope(_) | Self::ForeignOrigin(_) => 403,
            Self::UnknownModel(_) | Self::NotFound(_) => 404,
            Self::MethodNotAllowed(_) => 405,
            Self::RequestTimeout => 408,
            Self::BadRequest { .. } => 400,
            Self::BodyTooLarge { .. } => 413,
            Self::UnsupportedEncoding(_) => 415,
            Self::LimitReached { .. } => 429,
            Self::BadHead { status, .. } | Self::Upstream { status, .. } => *status,
            Self::UpstreamAuth
            | Self::UpstreamQuota
            | Self::UpstreamMalformed(_)
            | Self::Unreachable(_) => 502,
            Self::JournalFull | Self::Draining => 503,
            Self::UpstreamTimeout | Self::TotalTimeout => 504,
            Self::Internal => 500,
        }
    }

    /// A stable code for programs.
    pub fn code(&self) -> &str {
        match self {
            Self::MissingKey => "missing_api_key",
            Self::InvalidKey => "invalid_api_key",
            Self::ExpiredKey => "expired_api_key",
            Self::MissingScope(_) => "missing_scope",
            Self::ForeignOrigin(_) => "forbidden_origin",
            Self::UnknownModel(_) => "model_not_found",
            Self::NotFound(_) => "not_found",
            Self::MethodNotAllowed(_) => "method_not_allowed",
            Self::BadRequest { code, .. } => code.unwrap_or("invalid_request"),
            Self::BodyTooLarge { .. } => "body_too_large",
            Self::BadHead { code, .. } => code,
            Self::RequestTimeout => "request_timeout",
            Self::UnsupportedEncoding(_) => "unsupported_encoding",
            Self::LimitReached { .. } => "rate_limit_exceeded",
            Self::Unreachable(_) => "upstream_unreachable",
            Self::UpstreamTimeout => "upstream_timeout",
            Self::TotalTimeout => "total_timeout",
            Self::UpstreamAuth => "upstream_auth",
            Self::UpstreamQuota => "upstream_quota",
            Self::UpstreamMalformed(_) => "upstream_malformed",
            Self::Upstream { code, .. } => code.as_deref().unwrap_or("upstream_error"),
            Self::JournalFull => "journal_full",
            Self::Draining => "draining",
            Self::Internal => "internal_error",
        }
    }

    /// How long the caller should wait, where that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::LimitReached { retry_after, .. } => Some(*retry_after),
            Self::Upstream { retry_after, .. } => *retry_after,
            Self::JournalFull | Self::Draining => Some(Duration::from_secs(1)),
            _ => None,
        }
    }

    pub fn bad_request(message: impl Into<String>, param: impl Into<Option<String>>) -> Self {
        Self::BadRequest {
            message: message.into(),
            param: param.into(),
            code: None,
        }
    }
}
