//! The bodies of the fuzz targets of the journal, on a stable compiler (see `fuzz/README.md`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test as a whole"
)]

#[path = "../../fuzz/bodies/journal_record.rs"]
mod journal_record;
#[path = "../../fuzz/bodies/journal_recovery.rs"]
mod journal_recovery;
#[path = "../../fuzz/bodies/memory_disk.rs"]
mod memory_disk;
#[path = "../../fuzz/bodies/trial.rs"]
mod trial;

use std::path::Path;

const WORDS: &[&str] = &[
    "\0", "\u{1}", "\u{2}", "\u{7f}", "\0\0\0\0", "TOLLGATE", "text", "é",
];

fn try_body(name: &str, cases: u32, body: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    trial::try_body(&corpus.join(name), WORDS, cases, body);
}

#[test]
fn a_record_is_written_as_it_was_read() {
    try_body("journal_record", 2_000, journal_record::check);
}

#[test]
fn a_damaged_journal_starts_and_makes_no_record_up() {
    try_body("journal_recovery", 256, journal_recovery::check);
}
