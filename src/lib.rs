//! The server.

pub mod config;
pub mod vault;
