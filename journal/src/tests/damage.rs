//! What damage between two runs costs: the damaged records, counted, and nothing else.

use super::support::{Journal, numbers, read_all, record};
use crate::frame::HEAD;
use crate::segment::HEADER;
use crate::{Position, Recovery, Skipped};
use std::fs;
use std::path::PathBuf;

const PAYLOAD: usize = 100;

/// Ten records in one segment, and the segment's path.
fn ten() -> (Journal, PathBuf) {
    let journal = Journal::new();
    let writer = journal.open();
    for number in 1..=10 {
        writer.append(&record(number, &[7; PAYLOAD])).unwrap();
    }
    drop(writer);
    let path = segments(&journal).into_iter().next().unwrap();
    (journal, path)
}

fn segments(journal: &Journal) -> Vec<PathBuf> {
    let entries = fs::read_dir(journal.path()).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn change(path: &PathBuf, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// Where the frame of a record among equals begins.
fn frame(bytes: &[u8], number: usize) -> usize {
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let frame = (used - HEADER).div_ceil(10);
    HEADER + (number - 1) * frame
}

fn check(journal: &Journal, expected: &[u64], skipped: Skipped) -> Recovery {
    let writer = journal.open();
    let mut reader = writer.reader(Position::START);
    assert_eq!(read_all(&mut reader), expected);
    assert_eq!(reader.skipped(), skipped);
    drop((writer, reader));
    // And again: a start changes nothing.
    let (writer, recovery) = journal.open_and_report();
    assert_eq!(read_all(&mut writer.reader(Position::START)), expected);
    recovery
}

fn lost(missing: u64, damaged: u64) -> Skipped {
    Skipped {
        missing,
        damaged,
        unknown: 0,
    }
}

#[test]
fn a_flipped_bit_costs_its_record() {
    for place in [0, 5, 9, 16, 21, 25, HEAD, HEAD + 60] {
        let (journal, path) = ten();
        change(&path, |bytes| {
            let at = frame(bytes, 4) + place;
            bytes[at] ^= 4;
        });
        let recovery = check(&journal, &[1, 2, 3, 5, 6, 7, 8, 9, 10], lost(1, 1));
        assert_eq!((recovery.records, recovery.damaged), (9, 1), "byte {place}");
    }
}

#[test]
fn a_damaged_beginning_of_a_segment_costs_nothing() {
    let (journal, path) = ten();
    change(&path, |bytes| bytes[..HEADER].fill(0xaa));
    check(&journal, &numbers(1..=10), lost(0, 0));
}

#[test]
fn a_torn_end_costs_the_last_record() {
    let (journal, path) = ten();
    change(&path, |bytes| {
        let last = frame(bytes, 10);
        bytes.truncate(last + 50);
    });
    check(&journal, &numbers(1..=9), lost(0, 1));
}

#[test]
fn blocks_that_were_never_written_cost_the_records_in_them() {
    let (journal, path) = ten();
    change(&path, |bytes| {
        let (from, to) = (frame(bytes, 3), frame(bytes, 6) + 10);
        bytes[from..to].fill(0);
    });
    check(&journal, &[1, 2, 7, 8, 9, 10], lost(4, 1));
}

#[test]
fn a_copied_or_renamed_segment_doubles_nothing() {
    let (journal, path) = ten();
    fs::copy(&path, path.with_file_name("copy of a segment.journal")).unwrap();
    check(&journal, &numbers(1..=10), lost(0, 0));

    let (journal, path) = ten();
    fs::rename(&path, path.with_file_name("renamed.journal")).unwrap();
    check(&journal, &numbers(1..=10), lost(0, 0));
}

#[test]
fn a_copy_stands_in_for_what_is_damaged_in_the_original() {
    let (journal, path) = ten();
    fs::copy(&path, path.with_file_name("copy.journal")).unwrap();
    change(&path, |bytes| {
        let at = frame(bytes, 6) + HEAD;
        bytes[at] ^= 1;
    });
    check(&journal, &numbers(1..=10), lost(0, 1));
}

#[test]
fn a_missing_segment_costs_its_records() {
    let journal = Journal::new();
    let writer = journal.open();
    for number in 1..=300 {
        writer.append(&record(number, &[7; 200])).unwrap();
    }
    drop(writer);
    fs::remove_file(&segments(&journal)[1]).unwrap();
    let writer = journal.open();
    let mut reader = writer.reader(Position::START);
    let read = read_all(&mut reader);
    assert!(read.is_sorted() && read.len() < 300);
    assert_eq!(reader.skipped(), lost(300 - read.len() as u64, 0));
}

#[test]
fn records_of_a_later_release_are_skipped_and_counted_and_its_segments_left_alone() {
    let (journal, path) = ten();
    change(&path, |bytes| {
        let at = frame(bytes, 2);
        bytes[at + 17] = 9;
        let checksum = crc32fast::hash(&bytes[at..at + HEAD - 4]);
        bytes[at + HEAD - 4..at + HEAD].copy_from_slice(&checksum.to_le_bytes());
    });
    let expected = [1, 3, 4, 5, 6, 7, 8, 9, 10];
    let unknown = Skipped {
        unknown: 1,
        ..Skipped::default()
    };
    check(&journal, &expected, unknown);

    let (journal, path) = ten();
    change(&path, |bytes| {
        bytes[8] = 2;
        let checksum = crc32fast::hash(&bytes[..HEADER - 4]);
        bytes[HEADER - 4..HEADER].copy_from_slice(&checksum.to_le_bytes());
    });
    let recovery = check(&journal, &[], lost(0, 0));
    assert_eq!(recovery.unreadable, 1);
    assert!(path.exists());
}

#[test]
fn a_journal_of_nothing_but_damage_starts_and_frees_itself() {
    let (journal, path) = ten();
    change(&path, |bytes| bytes[HEADER..].fill(0x55));
    let recovery = check(&journal, &[], lost(0, 0));
    assert_eq!(recovery.segments, 0);
    assert!(!path.exists());
}

#[test]
fn foreign_files_are_left_alone() {
    let (journal, path) = ten();
    let note = path.with_file_name("README");
    fs::write(&note, "not a segment").unwrap();
    fs::create_dir(path.with_file_name("folder.journal")).unwrap();
    let recovery = check(&journal, &numbers(1..=10), lost(0, 0));
    assert_eq!(recovery.unreadable, 1);
    assert!(note.exists());
}
