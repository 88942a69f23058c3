//! Who may read a journal: it holds what people asked and were answered.

use super::support::Journal;
use crate::{Options, RealDisk, open};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn nobody_but_its_owner_reads_a_journal() {
    let above = Journal::new();
    let folder = above.path().join("journal");
    let _open = open(Options::new(&folder, 1), Arc::new(RealDisk::new())).unwrap();
    assert_eq!(mode(&folder), 0o700);
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    assert!(!files.is_empty());
    for file in files {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
}
