//! The command line: a module a command. Results go to standard output, everything else to standard error; the exit
//! code is 0, 1 for a failure, 2 for a command that cannot be read.

mod check;
mod error;
mod healthcheck;
mod keys;
mod place;
mod process;
mod prompt;
mod schema;
mod serve;
mod table;
mod text;
mod traces;
mod vault;

use clap::{Parser, Subcommand};
use error::CliError;
use place::Place;
use std::io::Write;
use std::process::ExitCode;

/// An AI gateway and an MLflow-compatible tracking store in one binary.
#[derive(Debug, Parser)]
#[command(name = "tollgate", version, max_term_width = 100, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  tollgate check tollgate.yaml                what is wrong with a configuration, all of it
  tollgate --config tollgate.yaml vault set openai-prod < key.txt
  tollgate keys create search --team search --requests 600/min
  tollgate traces tail --follow

A configuration names a stored credential by ${vault:openai-prod}. Keys and secrets that change
beside a running server take effect within a second. The environment gives defaults:
TOLLGATE_CONFIG and TOLLGATE_DATA for --config and --data, TOLLGATE_VAULT_KEY for the key to
the stored credentials.";

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Check(check::Check),
    Schema(schema::PrintSchema),
    #[command(subcommand)]
    Keys(keys::Keys),
    #[command(subcommand)]
    Vault(vault::VaultCommand),
    #[command(subcommand)]
    Traces(traces::Traces),
    Healthcheck(healthcheck::Healthcheck),
}

/// Runs the command of this process's arguments.
pub fn run() -> ExitCode {
    process::forbid_core_dumps();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // A closed pipe is no reason to fail in another way.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let mut out = std::io::stdout().lock();
    let result = dispatch(cli, &mut out).and_then(|code| {
        out.flush()?;
        Ok(code)
    });
    match result {
        Ok(code) => code,
        Err(error) if error.is_closed_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "tollgate: {error}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(cli: Cli, out: &mut dyn Write) -> Result<ExitCode, CliError> {
    let place = &cli.place;
    match cli.command {
        Command::Serve(serve) => return Ok(serve.run(place)),
        Command::Check(check) => return check.run(place, out),
        Command::Schema(schema) => schema.run(out)?,
        Command::Keys(keys) => keys.run(place, out)?,
        Command::Vault(vault) => vault.run(place, out)?,
        Command::Traces(traces) => traces.run(place, out)?,
        Command::Healthcheck(healthcheck) => return healthcheck.run(place, out),
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_commands_are_well_formed_and_each_explains_itself() {
        let mut command = Cli::command();
        command.clone().debug_assert();
        let mut pending: Vec<_> = command.get_subcommands_mut().collect();
        while let Some(command) = pending.pop() {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for argument in command.get_arguments() {
                let is_help = ["help", "version"].contains(&argument.get_id().as_str());
                assert!(is_help || argument.get_help().is_some(), "{argument}");
            }
            pending.extend(command.get_subcommands_mut());
        }
    }

    #[test]
    fn the_store_may_be_named_before_or_behind_the_command() {
        for arguments in [
            ["tollgate", "--data", "d", "keys", "list"],
            ["tollgate", "keys", "list", "--data", "d"],
        ] {
            let cli = Cli::try_parse_from(arguments).unwrap();
            assert_eq!(cli.place.data.as_deref(), Some("d".as_ref()));
        }
    }
}
