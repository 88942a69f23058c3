//! The server: what the binary runs.

mod chunked;
pub mod cli;
pub mod clock;
pub mod config;
pub mod drain;
mod estimate;
pub mod gateway;
pub mod listen;
pub mod live;
mod percent;
mod pieces;
pub mod pipeline;
pub mod random;
pub mod server;
pub mod simulated;
mod socket;
pub mod telemetry;
mod token;
pub mod tokens;
pub mod upstream;
pub mod vault;

#[cfg(test)]
extern crate self as tollgate;
#[cfg(test)]
mod fuzz_bodies;
