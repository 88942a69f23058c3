//! `vault`: provider credentials, written and never shown again.

use super::error::CliError;
use super::place::Place;
use super::text::{or_dash, time};
use super::{prompt, table};
use crate::clock;
use crate::vault::Vault;
use std::io::Write;
use std::path::PathBuf;
use tollgate_store::Store;

/// Store provider credentials encrypted; a configuration refers to one by ${vault:NAME}
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "\
The key to the vault is 32 bytes, as base64 or hexadecimal. It is looked for in the file that the
configuration names in `vault.key_file`, in TOLLGATE_VAULT_KEY, and in `vault.key` in the data
folder, which is generated with the first secret. Keep a copy of it elsewhere: without it nobody
can read the secrets.")]
pub(super) enum VaultCommand {
    /// Store a secret, or a new version of it, from standard input or a prompt
    #[command(after_help = "\
Examples:
  tollgate vault set anthropic-prod                   asks for it, without showing it
  tollgate vault set anthropic-prod < key.txt
  pass show anthropic | tollgate vault set anthropic-prod

Then in the configuration:  api_key: ${vault:anthropic-prod}")]
    Set {
        /// The secret's name: letters, digits, `-`, `_`, `.`
        name: String,
    },
    /// List the secrets: versions, last use and a hint, never a secret
    List,
    /// Remove a secret with all its versions
    Remove {
        /// The secret's name
        name: String,
    },
    /// Change the key to the vault, in two steps, with servers running
    #[command(after_help = "\
Examples:
  openssl rand -base64 32 > new.key && chmod 600 new.key
  tollgate vault rotate --new-key-file new.key        from now on both keys open
  # give the new key to the servers and restart them, one after the other
  tollgate vault rotate --finish                      from now on only the new key opens")]
    Rotate {
        /// The file of the new key
        #[arg(long, value_name = "FILE", required_unless_present = "finish")]
        new_key_file: Option<PathBuf>,
        /// Remove what the old key opens; refused while a server used it in the last minute
        #[arg(long)]
        finish: bool,
    },
}

impl VaultCommand {
    pub(super) fn run(self, place: &Place, out: &mut dyn Write) -> Result<(), CliError> {
        match self {
            Self::Set { name } => {
                // First the vault: nobody types a secret for nothing.
                let vault = place.vault_or_new()?;
                let secret = prompt::secret(&name)?;
                let version = vault.set(&name, &secret, clock::unix_millis())?;
                writeln!(out, "stored {name}, version {version}")?;
            }
            Self::List => list(&place.store()?, out)?,
            Self::Remove { name } => {
                let versions = Vault::remove(&place.store()?, &name)?;
                writeln!(out, "removed {name}, {versions} version(s)")?;
            }
            Self::Rotate {
                new_key_file,
                finish: true,
            } => finish(&place.vault()?, new_key_file, out)?,
            Self::Rotate {
                new_key_file: Some(file),
                finish: false,
            } => rotate(&place.vault()?, file, out)?,
            Self::Rotate { .. } => {
                let message = "one of --new-key-file and --finish is needed";
                return Err(CliError::Usage(message.to_owned()));
            }
        }
        Ok(())
    }
}

fn list(store: &Store, out: &mut dyn Write) -> Result<(), CliError> {
    let secrets = Vault::list(store)?;
    let rows: Vec<_> = secrets
        .iter()
        .map(|secret| {
            [
                secret.name.clone(),
                secret.hint.clone(),
                secret.version.to_string(),
                secret.versions.to_string(),
                time(secret.created_ms),
                secret.last_used_ms.map_or_else(|| "never".to_owned(), time),
                or_dash(&secret.keys.join(",")),
            ]
        })
        .collect();
    let heads = [
        "NAME",
        "HINT",
        "VERSION",
        "KEPT",
        "STORED",
        "LAST USED",
        "OPENED BY KEY",
    ];
    Ok(table::write(out, heads, &rows)?)
}

fn rotate(vault: &Vault, file: PathBuf, out: &mut dyn Write) -> Result<(), CliError> {
    let records = vault.rotate(&file)?;
    writeln!(
        out,
        "{records} record(s) open with both keys now.\nGive the new key to every server and restart it, then run \
         `tollgate vault rotate --finish`."
    )?;
    Ok(())
}

fn finish(vault: &Vault, file: Option<PathBuf>, out: &mut dyn Write) -> Result<(), CliError> {
    let finished = vault.finish_rotation(file.as_deref(), clock::unix_millis())?;
    writeln!(
        out,
        "Only the key {} opens now ({} old wrap(s) removed).",
        finished.key, finished.removed
    )?;
    match finished.is_in_place {
        true => writeln!(out, "It is in place: {} holds it.", finished.belongs)?,
        false => writeln!(
            out,
            "Put it in place of the old one before anything else: {} still holds the old key.",
            finished.belongs
        )?,
    }
    Ok(())
}
