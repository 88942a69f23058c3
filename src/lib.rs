//! The server.

pub mod config;
pub mod listen;
pub mod simulated;
pub mod vault;
