//! What real clients see: the built binary on a loopback port, asked by the SDKs that people use.
//!
//! A folder an audience: `sdk` (applications), `mlflow` (who reads traces), `operators` (who runs it), `faults`
//! (operators on a bad day), `security` (who should not get in), `house` (who carries the code on). `clients/` holds the scripts in Python and
//! JavaScript; `tests/setup.sh` installs what they import. The upstream is the simulated server in the test's own
//! process, so that a test can tell it how to fail and compare its books with Tollgate's.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that can't go on fails"
)]

mod authority;
mod background;
mod chat;
mod collector;
mod endless;
mod faults;
mod forward_proxy;
mod house;
mod http;
mod metrics;
mod mlflow;
mod operators;
mod recorder;
mod script;
mod sdk;
mod security;
mod server;
mod tool;
mod traces;
mod upstream;
mod wait;
