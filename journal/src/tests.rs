//! The journal on the real disk.

mod access;
mod damage;
mod faults;
mod reserve;
mod support;

use crate::{AppendError, Options, Position, RealDisk, Sync, open};
use std::sync::Arc;
use std::time::Duration;
use support::{Journal, numbers, options, read_all, record};

#[test]
fn a_reader_follows_the_writer() {
    let journal = Journal::new();
    let writer = journal.open();
    let mut reader = writer.reader(Position::START);
    assert_eq!(reader.next().unwrap(), None);
    for number in 1..=500u64 {
        let position = writer.append(&record(number, &[7; 100])).unwrap();
        let entry = reader.next().unwrap().unwrap();
        assert_eq!(entry.position, position);
        assert_eq!(entry.record, record(number, &[7; 100]));
        assert_eq!(reader.next().unwrap(), None);
    }
    assert!(writer.depth().segments > 3, "it rolled on the way");
}

#[test]
fn what_was_appended_is_there_after_a_restart() {
    let journal = Journal::new();
    let writer = journal.open();
    for number in 1..=200 {
        writer.append(&record(number, b"text")).unwrap();
    }
    drop(writer);
    let writer = journal.open();
    writer.append(&record(201, b"text")).unwrap();
    let mut reader = writer.reader(Position::START);
    assert_eq!(read_all(&mut reader), numbers(1..=201));
    assert_eq!(reader.skipped(), crate::Skipped::default());
}

#[test]
fn a_cursor_goes_on_where_it_was_and_other_readers_keep_their_segments() {
    let journal = Journal::new();
    let writer = journal.open();
    let mut drain = writer.reader(Position::START);
    let export = writer.reader(Position::START);
    for number in 1..=400 {
        writer.append(&record(number, &[1; 200])).unwrap();
    }
    assert!(writer.sync_now());
    read_all(&mut drain);
    let segments = writer.depth().segments;
    drain.release(drain.position());
    assert_eq!(
        writer.depth().segments,
        segments,
        "the other reader has read nothing"
    );
    let mut cursor = Position::START;
    let mut export = export;
    for _ in 0..300 {
        cursor = export.next().unwrap().unwrap().position;
    }
    export.release(cursor);
    let all = writer.depth().segments;
    assert!(all < segments);
    let of_export = writer.bytes_between(cursor, drain.position());
    let segment = crate::tests::options(journal.path()).segment_bytes();
    assert_eq!(of_export, (all - 1) * segment, "without the active one");
    assert_eq!(writer.bytes_between(cursor, cursor), 0);
    assert_eq!(writer.bytes_between(drain.position(), drain.position()), 0);
    drop((writer, drain, export));

    let writer = journal.open();
    let mut export = writer.reader(cursor);
    assert_eq!(read_all(&mut export), numbers(301..=400));
    assert_eq!(export.skipped().missing, 0);
}

#[test]
fn two_processes_cannot_share_a_folder() {
    let journal = Journal::new();
    let _writer = journal.open();
    let second = open(options(journal.path()), Arc::new(RealDisk::new()));
    assert!(matches!(second, Err(crate::OpenError::InUse(_))));
}

#[test]
fn at_the_bound_appends_are_refused_until_readers_release() {
    let journal = Journal::new();
    let mut options = options(journal.path());
    options.max_bytes = 64 << 10;
    let writer = journal.open_with(options);
    let mut reader = writer.reader(Position::START);
    let mut count = 0u64;
    while writer.append(&record(count, &[3; 1000])).is_ok() {
        count += 1;
    }
    assert_eq!(
        writer.append(&record(0, &[3; 1000])),
        Err(AppendError::Full)
    );
    assert!(writer.depth().bytes <= 64 << 10);
    assert!(count > 40, "{count}");
    assert_eq!(read_all(&mut reader).len() as u64, count);
    assert!(writer.sync_now());
    reader.release(reader.position());
    writer.append(&record(count, &[3; 1000])).unwrap();
}

#[test]
fn a_record_larger_than_a_segment_gets_one_of_its_own_and_a_huge_one_is_refused() {
    let journal = Journal::new();
    let writer = journal.open();
    let large = vec![9; 300_000];
    writer.append(&record(1, b"small")).unwrap();
    writer.append(&record(2, &large)).unwrap();
    writer.append(&record(3, b"small")).unwrap();
    let huge = vec![0; crate::MAX_RECORD + 1];
    assert!(matches!(
        writer.append(&record(4, &huge)),
        Err(AppendError::TooLarge { .. })
    ));
    drop(writer);
    let writer = journal.open();
    assert_eq!(
        read_all(&mut writer.reader(Position::START)),
        numbers(1..=3)
    );
}

#[test]
fn several_records_are_taken_or_refused_together() {
    let journal = Journal::new();
    let mut options = options(journal.path());
    options.max_bytes = 64 << 10;
    let writer = journal.open_with(options);
    let payload = vec![1; 9_000];
    let records: Vec<_> = (0..10).map(|number| record(number, &payload)).collect();
    assert_eq!(writer.append_all(&records), Err(AppendError::Full));
    let mut reader = writer.reader(Position::START);
    assert_eq!(reader.next().unwrap(), None);
    let last = writer.append_all(&records[..3]).unwrap();
    assert_eq!(read_all(&mut reader), numbers(0..=2));
    assert_eq!(reader.position(), last);
}

#[test]
fn threads_sync_what_is_written_and_wake_those_who_wait() {
    let journal = Journal::new();
    for sync in [Sync::Each, Sync::default()] {
        let mut options = options(journal.path());
        options.has_threads = true;
        options.sync = sync;
        let (writer, _) = open(options, Arc::new(RealDisk::new())).unwrap();
        let mut reader = writer.reader(Position::START);
        read_all(&mut reader);
        for number in 0..50 {
            let position = writer.append(&record(number, &[1; 500])).unwrap();
            support::block_on(writer.synced(position));
            assert!(writer.synced_position() >= position);
            assert!(reader.wait(Duration::from_secs(30)));
            assert_eq!(reader.next().unwrap().unwrap().position, position);
        }
        let stats = writer.stats();
        assert!(stats.syncs >= 50 && stats.failed_syncs == 0);
    }
}

#[test]
fn many_threads_append_and_readers_see_each_record_once() {
    let journal = Journal::new();
    let mut options = options(journal.path());
    options.has_threads = true;
    let (writer, _) = open(options, Arc::new(RealDisk::new())).unwrap();
    let mut reader = writer.reader(Position::START);
    std::thread::scope(|scope| {
        for thread in 0..4u64 {
            let writer = writer.clone();
            scope.spawn(move || {
                for number in 0..500 {
                    writer
                        .append(&record(thread * 1000 + number, &[5; 300]))
                        .unwrap();
                }
            });
        }
        let mut seen = Vec::new();
        while seen.len() < 2000 {
            match reader.next().unwrap() {
                Some(entry) => seen.push(support::number(&entry.record)),
                None => assert!(reader.wait(Duration::from_secs(30)), "after {}", seen.len()),
            }
            if seen.len().is_multiple_of(100) {
                reader.release(reader.position());
            }
        }
        for thread in 0..4 {
            let own: Vec<_> = seen.iter().filter(|n| **n / 1000 == thread).collect();
            assert_eq!(own.len(), 500);
            assert!(own.is_sorted());
        }
    });
}

#[test]
fn unused_segments_and_their_empty_ends_are_given_back_at_a_restart() {
    let journal = Journal::new();
    for number in 0..5 {
        let writer = journal.open();
        writer.append(&record(number, b"x")).unwrap();
    }
    let (_, recovery) = journal.open_and_report();
    assert_eq!((recovery.segments, recovery.records), (5, 5));
    assert!(recovery.bytes < 1000, "{recovery:?}");
    assert_eq!(recovery.damaged, 0);
}

#[test]
fn a_cursor_beyond_what_a_power_loss_left_hides_nothing_new() {
    let journal = Journal::new();
    let cursor = Position::from_u64(1_000);
    let mut floor = options(journal.path());
    floor.floor = cursor;
    let writer = journal.open_with(floor);
    assert!(writer.append(&record(1, b"new")).unwrap() > cursor);
    assert_eq!(read_all(&mut writer.reader(cursor)), numbers(1..=1));
}

#[test]
fn options_have_segments_that_fit_the_bound() {
    let mut options = Options::new("x", 1);
    options.max_bytes = 1 << 20;
    assert_eq!(options.segment_bytes(), 256 << 10);
}
