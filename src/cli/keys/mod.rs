//! `keys`: virtual keys in the store, beside those of the configuration.

mod create;
mod list;

use super::error::CliError;
use super::place::Place;
use crate::clock;
use std::io::Write;

/// Make, list and revoke virtual keys
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "\
Keys that the configuration defines under `keys:` are not listed here and are changed there.")]
pub(super) enum Keys {
    Create(create::Create),
    /// List the keys of the store, revoked ones too
    List,
    /// Revoke a key for good; a running server refuses it within a second
    Revoke {
        /// The key's name
        name: String,
    },
}

impl Keys {
    pub(super) fn run(self, place: &Place, out: &mut dyn Write) -> Result<(), CliError> {
        let now_ms = clock::unix_millis();
        match self {
            Self::Create(create) => {
                // Limits, traces and metrics tell keys apart by their names.
                if place.key_names()?.contains(&create.name) {
                    return Err(CliError::Usage(format!(
                        "the configuration defines a key named `{}`",
                        create.name
                    )));
                }
                create.run(&place.store_or_new()?, now_ms, out)
            }
            Self::List => list::write(&place.store()?, now_ms, out),
            Self::Revoke { name } => {
                place.store()?.revoke_key(&name, now_ms)?;
                Ok(writeln!(out, "revoked {name}")?)
            }
        }
    }
}
