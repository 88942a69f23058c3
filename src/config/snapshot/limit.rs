//! Limits as the file states them.

use std::time::Duration;

/// One limit: any of requests, tokens and concurrency, counted for whom `per` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitSpec {
    pub per: Per,
    pub requests: Option<Rate>,
    pub tokens: Option<Rate>,
    /// Requests at once, each until its stream's last byte.
    pub concurrent: Option<u32>,
}

/// Who shares a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Per {
    /// Each key has it for itself (on a route: each key on this route).
    Key,
    /// All callers of the route together.
    Route,
}

/// `600/min`: a bucket that holds `count` and fills in `period`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// At least 1.
    pub count: u64,
    pub period: Duration,
}
