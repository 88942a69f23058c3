//! `check`: every mistake of a configuration.

use super::error::CliError;
use super::place::Place;
use crate::config::{SecretError, SecretSource, Snapshot, Sources, load, render};
use crate::vault::{Secret, VaultError};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Check a configuration: every mistake at once, each with its place and what was expected
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tollgate check tollgate.yaml
  tollgate check tollgate.yaml && systemctl reload tollgate

The exit code is 1 where there are mistakes. References are followed as a server would do it:
${env:NAME} by this environment, ${file:PATH}, and ${vault:NAME} by the configuration's store.")]
pub(super) struct Check {
    /// The configuration. Default: --config, TOLLGATE_CONFIG, then what is built in
    config: Option<PathBuf>,
}

impl Check {
    pub(super) fn run(self, place: &Place, out: &mut dyn Write) -> Result<ExitCode, CliError> {
        let place = Place {
            config: self.config.or_else(|| place.config()),
            data: place.data.clone(),
        };
        let origin = place.origin();
        let sources = Sources {
            environment: &|name| place.environment(name),
            secrets: &LookedUp { place: &place },
            simulated: None,
        };
        match load(&origin, &sources) {
            Ok(snapshot) => {
                writeln!(out, "{}: ok: {}", origin.name(), summary(&snapshot))?;
                Ok(ExitCode::SUCCESS)
            }
            Err(problems) => {
                write!(out, "{}", render(&problems))?;
                writeln!(out, "{}", counted(problems.len(), "mistake"))?;
                Ok(ExitCode::FAILURE)
            }
        }
    }
}

fn summary(snapshot: &Snapshot) -> String {
    let parts = [
        counted(snapshot.providers.len(), "provider"),
        counted(snapshot.routes.iter().count(), "route"),
        counted(snapshot.keys.len(), "key"),
    ];
    format!(
        "{}, listens on {}",
        parts.join(", "),
        snapshot.server.listen
    )
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The vault, opened where a reference asks for it: a configuration without one is checked without a store.
struct LookedUp<'a> {
    place: &'a Place,
}

impl SecretSource for LookedUp<'_> {
    fn secret(&self, name: &str) -> Result<Secret, SecretError> {
        let unavailable = |error: CliError| SecretError::Unavailable(error.to_string());
        let vault = match self.place.vault() {
            // A store that nobody made yet has no secret.
            Err(CliError::NoStore(_)) => return Err(SecretError::Unknown(name.to_owned())),
            // They are listed beside this one.
            Err(CliError::Config(_)) => {
                let message = "there are mistakes in `store` or `vault`";
                return Err(SecretError::Unavailable(message.to_owned()));
            }
            vault => vault.map_err(unavailable)?,
        };
        vault.get(name).map_err(|error| match error {
            VaultError::Unknown(name) => SecretError::Unknown(name),
            error => SecretError::Unavailable(error.to_string()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(yaml: &str) -> (bool, String) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tollgate.yaml");
        std::fs::write(&path, yaml).unwrap();
        let place = Place {
            config: None,
            data: Some(dir.path().join("data")),
        };
        let mut out = Vec::new();
        let check = Check { config: Some(path) };
        let code = check.run(&place, &mut out).unwrap();
        assert!(!dir.path().join("data").exists());
        (code == ExitCode::SUCCESS, String::from_utf8(out).unwrap())
    }

    #[test]
    fn every_mistake_is_shown_with_its_place() {
        let (is_good, text) = check(
            "servre: {}\nproviders:\n  a: { kind: openai, api_key: \"${vault:nope}\" }\nroutes:\n  \
             chat: { targets: [{ provider: b }] }\n",
        );
        assert!(!is_good);
        for expected in [
            "tollgate.yaml:1:1:",
            "server",
            "vault set nope",
            "routes.chat",
            "3 mistakes",
        ] {
            assert!(text.contains(expected), "{expected} in {text}");
        }
    }

    #[test]
    fn a_mistake_elsewhere_does_not_hide_that_a_secret_is_missing_and_is_said_once() {
        let rest = "providers:\n  a: { kind: openai, api_key: \"${vault:nope}\" }\nroutes:\n  \
                    chat: { targets: [{ provider: a }] }\n";
        let (_, text) = check(&format!("server: {{ drain: 30 }}\n{rest}"));
        assert!(text.contains("vault set nope"), "{text}");
        assert!(text.contains("2 mistakes"), "{text}");
        let (_, text) = check(&format!("store: {{ sync: always }}\n{rest}"));
        assert_eq!(text.matches("store.sync").count(), 1, "{text}");
        assert!(text.contains("mistakes in `store` or `vault`"), "{text}");
    }

    #[test]
    fn a_good_configuration_is_summed_up() {
        let (is_good, text) = check(
            "providers:\n  a: { kind: openai, api_key: x }\nroutes:\n  chat: { targets: [{ provider: a }] }\n",
        );
        assert!(is_good, "{text}");
        assert!(text.contains("ok: 1 provider, 1 route, 0 keys"), "{text}");
    }
}
