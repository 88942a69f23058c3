//! The server.

pub mod cli;
pub mod clock;
pub mod config;
pub mod listen;
pub mod simulated;
pub mod vault;
