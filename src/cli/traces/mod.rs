//! `traces`: what the store has, on a terminal.

mod show;
mod tail;
#[cfg(test)]
mod tests;

use super::error::CliError;
use super::place::Place;
use std::io::Write;

/// Look at traces: the latest as they come, or one as a tree
#[derive(Debug, clap::Subcommand)]
pub(super) enum Traces {
    Tail(tail::Tail),
    Show(show::Show),
}

impl Traces {
    pub(super) fn run(self, place: &Place, out: &mut dyn Write) -> Result<(), CliError> {
        let store = place.store()?;
        match self {
            Self::Tail(tail) => tail.run(&store, out),
            Self::Show(show) => show.run(&store, out),
        }
    }
}
