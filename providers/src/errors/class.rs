//! Which sort of error it is: what may be retried, and what concerns the operator alone.

/// The sorts of a provider's errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// The operator's key is refused.
    Auth,
    /// The operator's account is spent.
    Quota,
    /// Too many requests or tokens just now.
    RateLimited,
    /// The provider has too much to do.
    Overloaded,
    /// The provider failed.
    Server,
    /// The request is wrong.
    Bad,
    /// The request is too large.
    TooLarge,
    /// The provider gave up waiting.
    Timeout,
    /// Another request was in the way.
    Conflict,
    /// No such model or path.
    NotFound,
}

/// Types and codes that mean money (OpenAI's 429, Anthropic's 402 and 429).
const QUOTA_NAMES: [&str; 12] = [
    "insufficient_quota",
    "billing_error",
    "billing_hard_limit_reached",
    "billing_not_active",
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
    "contract_spend_limit_reached",
    "enforced_spend_limit_reached",
    "ramp_limit_exceeded",
    "usage_not_included",
];

/// Anthropic reports a spent account and an own spend limit as a plain 400, known by their words.
const QUOTA_WORDS: [&str; 3] = [
    "credit balance is too low",
    "exceeded your current quota",
    "reached your specified API usage limits",
];

impl ErrorClass {
    pub(super) fn of(status: u16, kind: Option<&str>, code: Option<&str>, message: &str) -> Self {
        let is_named = |names: &[&str]| {
            [kind, code]
                .into_iter()
                .flatten()
                .any(|name| names.contains(&name))
        };
        let is_quota = status == 402
            || is_named(&QUOTA_NAMES)
            || (matches!(status, 400 | 403 | 429)
                && QUOTA_WORDS.iter().any(|words| message.contains(words)));
        if is_quota {
            return Self::Quota;
        }
        match status {
            401 | 403 => Self::Auth,
            404 => Self::NotFound,
            408 | 504 | 524 => Self::Timeout,
            409 => Self::Conflict,
            413 => Self::TooLarge,
            429 => Self::RateLimited,
            529 => Self::Overloaded,
            // Anthropic's 503 is about a customer's encryption key, not about load.
            503 if code.is_some_and(|code| code.starts_with("cmek_")) => Self::Server,
            503 => Self::Overloaded,
            400..=499 => Self::Bad,
            _ => Self::Server,
        }
    }
}
