//! The nouns of Tollgate, with their units. Serde only: no I/O, no clock, no randomness.

mod dialect;
mod ids;
mod money;
mod names;
mod refusal;
mod usage;

pub use dialect::{Dialect, Endpoint, ProviderKind};
pub use ids::{BadId, RequestId, SpanId, TraceId};
pub use money::{Cost, NanoUsd, PicoUsd};
pub use names::{KeyName, ProviderName, RouteName};
pub use refusal::{Refusal, Unit};
pub use usage::Usage;
