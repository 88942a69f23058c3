//! `schema`: the JSON Schema of a configuration.

use super::error::CliError;
use crate::config::schema_text;
use std::io::Write;

/// Print the JSON Schema of a configuration, for editors
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tollgate schema > tollgate.schema.json

The first line of a configuration then tells an editor:
  # yaml-language-server: $schema=tollgate.schema.json")]
pub(super) struct PrintSchema;

impl PrintSchema {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<(), CliError> {
        Ok(out.write_all(schema_text().as_bytes())?)
    }
}
