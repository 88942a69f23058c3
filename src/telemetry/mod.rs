//! What the gateway tells about itself: metrics and logs.

pub mod logs;
mod make;
pub mod metrics;
#[cfg(test)]
mod tests;
