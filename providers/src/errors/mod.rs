//! What providers say instead of an answer, and how a caller is told in its own dialect.

mod answer;
mod class;
mod read;
#[cfg(test)]
mod tests;

pub use answer::{error_body, error_event, error_status};
pub use class::ErrorClass;
pub use read::upstream_error;
pub(crate) use read::upstream_failure;

use std::time::Duration;
use tollgate_domain::Refusal;

/// A provider's error, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamError {
    /// The HTTP status; of an error inside a stream, the one that its type stands for.
    pub status: u16,
    /// The provider's words, unchanged; of a page of HTML or text, its beginning.
    pub message: String,
    /// The provider's `type`.
    pub kind: Option<String>,
    /// The provider's code for programs.
    pub code: Option<String>,
    /// The field that the error is about.
    pub param: Option<String>,
    /// What sort of error it is.
    pub class: ErrorClass,
}

impl UpstreamError {
    /// Whether the same request may well succeed at the same provider a little later.
    pub fn is_retryable(&self) -> bool {
        use ErrorClass as C;
        matches!(
            self.class,
            C::RateLimited | C::Overloaded | C::Server | C::Timeout | C::Conflict
        )
    }

    /// Whether the request itself is at fault, so that no other target would take it either.
    pub fn is_callers(&self) -> bool {
        matches!(self.class, ErrorClass::Bad | ErrorClass::TooLarge)
    }

    /// What the caller is told. The operator's key and account are none of the caller's business: those become a 502
    /// with words of ours.
    pub fn into_refusal(self, retry_after: Option<Duration>) -> Refusal {
        match self.class {
            ErrorClass::Auth => Refusal::UpstreamAuth,
            ErrorClass::Quota => Refusal::UpstreamQuota,
            _ if !(400..600).contains(&self.status) => {
                Refusal::UpstreamMalformed(format!("status {}", self.status))
            }
            _ => Refusal::Upstream {
                status: self.status,
                message: self.message,
                kind: self.kind,
                code: self.code,
                param: self.param,
                retry_after,
            },
        }
    }
}
