//! References inside of strings: `${env:NAME}`, `${env:NAME:-default}`, `${file:PATH}`, `${vault:NAME}`. `$$` is a
//! dollar sign. What a reference stands for never appears in a message.

use crate::vault::Secret;
use std::io::Read as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Bytes of a file that `${file:}` reads.
const MAX_FILE: u64 = 1 << 20;

/// What a configuration is resolved with.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    pub secrets: &'a dyn SecretSource,
    /// Where the simulated server listens, once it does. Without it a provider that is simulated has port 0.
    pub simulated: Option<SocketAddr>,
}

/// Where `${vault:NAME}` is looked up.
pub trait SecretSource {
    fn secret(&self, name: &str) -> Result<Secret, SecretError>;
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    #[error("the vault has no secret named `{0}`; store it with `tollgate vault set {0}`")]
    Unknown(String),
    #[error("the vault cannot be opened: {0}")]
    Unavailable(String),
}

/// No vault: every reference to one is a mistake.
pub struct NoVault;

impl SecretSource for NoVault {
    fn secret(&self, _name: &str) -> Result<Secret, SecretError> {
        Err(SecretError::Unavailable("there is none".to_owned()))
    }
}

/// The process's environment.
pub fn process_environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// What a string stands for.
pub(crate) struct Expanded {
    pub(crate) text: Zeroizing<String>,
    /// Whether a reference was in it, so that messages name the reference and not the text.
    pub(crate) is_referenced: bool,
}

/// Whether a text is one reference and nothing else, so that it may be seen. A default may be a credential.
pub(crate) fn is_reference(text: &str) -> bool {
    text.strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'))
        .is_some_and(|inside| !inside.contains(['}', '$']) && !inside.contains(":-"))
}

/// Expands the references of a string. `is_secret` says whether the field keeps its value from sight: only such a
/// field may refer to the vault. Files that are read are added to `watched`.
pub(crate) fn expand(
    text: &str,
    is_secret: bool,
    folder: &Path,
    sources: &Sources<'_>,
    watched: &mut Vec<PathBuf>,
) -> Result<Expanded, String> {
    let mut out = Zeroizing::new(String::with_capacity(text.len()));
    let mut is_referenced = false;
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(after) = after.strip_prefix('{') {
            let (reference, after) = after
                .split_once('}')
                .ok_or("a reference `${` without its `}`; a dollar sign alone is `$$`")?;
            out.push_str(&resolve(reference, is_secret, folder, sources, watched)?);
            is_referenced = true;
            rest = after;
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
    Ok(Expanded {
        text: out,
        is_referenced,
    })
}

fn resolve(
    reference: &str,
    is_secret: bool,
    folder: &Path,
    sources: &Sources<'_>,
    watched: &mut Vec<PathBuf>,
) -> Result<Zeroizing<String>, String> {
    let (scheme, target) = reference
        .split_once(':')
        .ok_or_else(|| match is_name(reference) {
            true => format!("unknown reference (did you mean `${{env:{reference}}}`?)"),
            false => EXPECTED.to_owned(),
        })?;
    match scheme {
        "env" => environment(target, sources),
        "file" => file(target, folder, watched),
        "vault" if !is_secret => Err("this field is not kept from sight: a `${vault:…}` is not \
                                      allowed in it, only `${env:…}` and `${file:…}`"
            .to_owned()),
        "vault" => match sources.secrets.secret(target) {
            Ok(secret) => Ok(Zeroizing::new(secret.expose().to_owned())),
            Err(error) => Err(error.to_string()),
        },
        _ => Err(EXPECTED.to_owned()),
    }
}

const EXPECTED: &str = "unknown reference: expected `${env:NAME}`, `${env:NAME:-default}`, `${file:PATH}` or \
                        `${vault:NAME}`; a dollar sign alone is `$$`";

fn environment(target: &str, sources: &Sources<'_>) -> Result<Zeroizing<String>, String> {
    let (name, default) = match target.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (target, None),
    };
    if !is_name(name) {
        return Err("`${env:…}` needs the name of an environment variable".to_owned());
    }
    let value = (sources.environment)(name).map(Zeroizing::new);
    match (value, default) {
        (Some(value), Some(default)) if value.is_empty() => Ok(Zeroizing::new(default.to_owned())),
        (Some(value), _) => Ok(value),
        (None, Some(default)) => Ok(Zeroizing::new(default.to_owned())),
        (None, None) => Err(format!(
            "the environment variable `{name}` is not set (`${{env:{name}:-…}}` gives a default)"
        )),
    }
}

/// The content of a file, relative to the configuration's folder, without line ends at its end.
fn file(
    target: &str,
    folder: &Path,
    watched: &mut Vec<PathBuf>,
) -> Result<Zeroizing<String>, String> {
    if target.is_empty() {
        return Err("`${file:…}` needs a path".to_owned());
    }
    let path = folder.join(target);
    watched.push(path.clone());
    let failed = |error: std::io::Error| format!("cannot read the file `{target}`: {error}");
    let mut text = Zeroizing::new(String::new());
    let file = std::fs::File::open(&path).map_err(failed)?;
    let read = file.take(MAX_FILE + 1).read_to_string(&mut text);
    if read.map_err(failed)? as u64 > MAX_FILE {
        return Err(format!("the file `{target}` is larger than 1 MiB"));
    }
    let length = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(length);
    Ok(text)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
