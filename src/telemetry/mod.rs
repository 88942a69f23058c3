//! What the gateway tells about itself: metrics and logs.

mod backlog;
mod export_metrics;
pub mod logs;
mod make;
pub mod metrics;
pub mod others;
mod own;
#[cfg(test)]
mod tests;

pub use export_metrics::{Dropped, EndpointMetrics, ExportMetrics};
pub use own::{DRAIN_BATCH, OWN, OwnSpans};
