//! What the gateway tells about itself: metrics and logs.

mod backlog;
pub mod logs;
mod make;
pub mod metrics;
#[cfg(test)]
mod tests;
