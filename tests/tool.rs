//! Programs that `tests/setup.sh` gets from the distribution.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The program, or nothing and a word about it: where the distribution does not have it, its tests are skipped.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let extracted = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/usr/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::iter::once(extracted)
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    if found.is_none() {
        eprintln!("skipped: `{name}` is not there (tests/setup.sh gets it from Debian)");
    }
    found
}

/// What a program wrote.
pub(crate) fn said(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    String::from_utf8_lossy(out).into_owned() + &String::from_utf8_lossy(err)
}

/// Runs it with these arguments and this input; panics with what it said if it is not content.
#[track_caller]
pub(crate) fn is_content(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = said(&output);
    assert!(output.status.success(), "{command:?}: {said}");
    said
}
