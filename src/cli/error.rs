//! What a command fails with, in words for whoever typed it.

use crate::config::{Problem, render};
use crate::vault::VaultError;
use std::io::ErrorKind;
use std::path::PathBuf;
use tollgate_store::StoreError;

#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    #[error("the configuration has mistakes:\n{}", render(.0).trim_end())]
    Config(Vec<Problem>),
    #[error(
        "there is no store at `{0}`: name it with --data or --config (a server, `keys create` or `vault set` makes one)"
    )]
    NoStore(PathBuf),
    #[error("the data folder `{path}` cannot be made: {source}")]
    Folder {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl CliError {
    /// Whether whoever reads the output went away, as `head` does.
    pub(super) fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == ErrorKind::BrokenPipe)
    }
}
