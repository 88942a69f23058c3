//! A strict simulated OpenAI and Anthropic server.
//!
//! The binary runs it on a loopback port of its own, so that a first start answers with no account; the tests drive it
//! with faults. It refuses what the real servers refuse, in their words as far as they are known, and fails in every
//! way of [`fault`] when it is told to. Its models' answers are decided by the prompt (see [`plan`]).
//!
//! The formats are those of the official SDKs: openai 3.54.0 and anthropic 2.12.0.
//!
//! Control, for tests: `POST /sim/faults {"next": ["429:5", ["slow_head:100", "crlf"]]}`, `GET /sim/log`,
//! `POST /sim/reset`.

mod answer;
mod anthropic;
mod body;
mod control;
mod failure;
pub mod fault;
mod fields;
mod fill;
mod handler;
mod ids;
mod json;
mod log;
mod media;
mod openai;
mod plan;
mod script;
mod server;
mod signature;
mod simulator;
#[cfg(test)]
mod tests;
pub mod tokens;
mod wire;

pub use fault::Fault;
pub use log::{Entry, Outcome};
pub use server::{serve, serve_stream};
pub use simulator::Simulator;
