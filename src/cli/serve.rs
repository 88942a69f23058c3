//! `tollgate serve`.

use super::place::Place;
use crate::server::{self, ServeOptions};
use clap::Args;
use std::process::ExitCode;

/// Start the gateway and the tracking store.
///
/// Without --config the built-in default is served: loopback, SQLite, and a simulated provider behind the routes
/// sim-openai and sim-anthropic, so that it answers with no account. It prints a key and lines to copy.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tollgate serve                          try it, with no account
  tollgate serve --config tollgate.yaml   serve a configuration; it is reloaded when it changes, and on SIGHUP

SIGTERM stops accepting, lets streams end (server.drain) and flushes the journal.")]
pub(super) struct Serve {}

impl Serve {
    pub(super) fn run(self, place: &Place) -> ExitCode {
        server::serve(ServeOptions {
            config: place.config(),
            data: place.data.clone(),
        })
    }
}
