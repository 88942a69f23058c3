//! Where a request goes, and where next: the order of a route's targets, and what is done about a failure.

mod backoff;
mod plan;
mod retry;
mod retry_after;

pub use backoff::backoff;
pub use plan::{Choice, Plan, Step};
pub use retry::{Failure, Retry, RetryOn, Tried, Verdict};
pub use retry_after::{parse_retry_after, parse_retry_after_ms};

/// How a route's first target is picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// At random, by weight; targets of weight 0 only when the others failed.
    Weighted,
    /// In the file's order.
    Priority,
}
