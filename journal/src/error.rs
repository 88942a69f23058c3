//! What can go wrong with the journal, as its users see it.

use std::io;
use std::path::PathBuf;

/// The journal can't be opened. What its files hold is never a reason.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the journal's folder `{}` is in use by another process", .0.display())]
    InUse(PathBuf),
    #[error("the journal's folder `{}` can't be used: {source}", folder.display())]
    Folder {
        folder: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the journal's thread can't be started: {0}")]
    Thread(#[source] io::Error),
}

/// The records were not accepted. Nothing of them is in the journal, but after [`AppendError::Failed`] a record may
/// show up after a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    #[error("the journal is at its bound, or its disk is full")]
    Full,
    #[error("the journal's disk does not take or keep what is written")]
    Failed,
    #[error("the journal's disk does not keep up: too much is written and not yet synced")]
    Behind,
    #[error("a record of {length} bytes is larger than the journal takes ({limit})")]
    TooLarge { length: usize, limit: usize },
}

/// A segment could not be read just now; the same call tries again, and gives the bad place up at last.
#[derive(Debug, thiserror::Error)]
#[error("the journal's file `{}` can't be read: {source}", path.display())]
pub struct ReadError {
    pub path: PathBuf,
    #[source]
    pub source: io::Error,
}

/// Whether an error says that there is no space.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}
