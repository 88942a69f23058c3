//! The server.

pub mod config;
pub mod simulated;
pub mod vault;
