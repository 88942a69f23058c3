//! The configuration from the outside: texts in, snapshots or mistakes out.

mod fuzz;
mod good;
mod problems;
mod reload;

use super::{Origin, Problem, SecretError, SecretSource, Snapshot, Sources};
use crate::vault::Secret;
use std::path::Path;

/// A vault with one secret.
struct OneSecret;

impl SecretSource for OneSecret {
    fn secret(&self, name: &str) -> Result<Secret, SecretError> {
        match name {
            "anthropic-prod" => Ok(Secret::new("canary-vault".to_owned())),
            _ => Err(SecretError::Unknown(name.to_owned())),
        }
    }
}

fn environment(name: &str) -> Option<String> {
    let value = match name {
        "OPENAI_API_KEY" => "canary-openai",
        "LEGACY_KEY" => "canary-legacy",
        "LISTEN" => "not-an-address-canary",
        "EMPTY" => "",
        _ => return None,
    };
    Some(value.to_owned())
}

fn load_in(folder: &Path, text: &str) -> Result<Snapshot, Vec<Problem>> {
    let sources = Sources {
        environment: &environment,
        secrets: &OneSecret,
        simulated: None,
    };
    super::load::load_text(&Origin::File(folder.join("tollgate.yaml")), text, &sources)
}

fn load_str(text: &str) -> Result<Snapshot, Vec<Problem>> {
    load_in(Path::new(""), text)
}
