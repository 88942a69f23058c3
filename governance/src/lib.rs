//! The decisions of the gateway: who may do what, how often, at which price, and where a request goes next.
//!
//! Pure: no I/O, no clock, no randomness. Time comes in as a [`Moment`] of the monotonic clock (or, for expiry and
//! headers, as Unix time), randomness as a `u64`. So each rule here is tested against a model, without waiting.

pub mod health;
pub mod ledger;
pub mod limit;
mod moment;
mod pattern;
pub mod pricing;
pub mod principal;
pub mod strategy;

pub use moment::Moment;
pub use pattern::{NamePattern, NameTable};
