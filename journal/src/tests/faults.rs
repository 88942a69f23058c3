//! The journal's threads on a disk that fails: what goes on by itself, and what is told.

use super::support::{FaultyDisk, Journal, block_on, closed, options, read_all, record, until};
use crate::{AppendError, Event, Position, Sync, Writer, open};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

type Events = Arc<Mutex<Vec<Event>>>;

fn start(journal: &Journal, disk: &FaultyDisk, sync: Sync) -> (Writer, Events) {
    let events = Events::default();
    let told = events.clone();
    let mut options = options(journal.path());
    options.has_threads = true;
    options.sync = sync;
    options.events = Some(Arc::new(move |event| told.lock().unwrap().push(event)));
    (open(options, Arc::new(disk.clone())).unwrap().0, events)
}

#[test]
fn what_a_failed_sync_leaves_in_doubt_is_written_again_elsewhere() {
    for sync in [Sync::default(), Sync::Each] {
        let (journal, disk) = (Journal::new(), FaultyDisk::default());
        let (writer, events) = start(&journal, &disk, sync);
        let mut reader = writer.reader(Position::START);
        block_on(writer.synced(writer.append(&record(1, b"before")).unwrap()));
        disk.failing_syncs.store(1, Ordering::SeqCst);
        let position = writer.append(&record(2, b"in doubt")).unwrap();
        block_on(writer.synced(position));
        block_on(writer.synced(writer.append(&record(3, b"after")).unwrap()));

        assert_eq!(read_all(&mut reader), [1, 2, 3]);
        let stats = writer.stats();
        assert_eq!((stats.failed_syncs, stats.abandoned), (1, 1));
        let told = events.lock().unwrap().clone();
        assert!(matches!(
            told.as_slice(),
            [Event::SyncFailed { .. }, Event::Rewritten { .. }]
        ));
        drop((writer, reader));
        let writer = journal.open();
        assert_eq!(read_all(&mut writer.reader(Position::START)), [1, 2, 3]);
    }
}

#[test]
fn while_the_disk_keeps_nothing_appends_are_refused_and_go_on_once_it_does() {
    let (journal, disk) = (Journal::new(), FaultyDisk::default());
    let (writer, events) = start(&journal, &disk, Sync::default());
    disk.failing_syncs.store(u64::MAX, Ordering::SeqCst);
    let position = writer.append(&record(1, b"kept")).unwrap();
    until(|| writer.depth().is_refusing);
    assert_eq!(
        writer.append(&record(2, b"refused")),
        Err(AppendError::Failed)
    );
    assert!(writer.synced_position() < position);
    // However long it lasts, the tries do not fill the disk.
    let tried = writer.stats().failed_syncs;
    until(|| writer.stats().failed_syncs > tried + 2);
    assert!(writer.depth().segments <= 3);

    disk.failing_syncs.store(0, Ordering::SeqCst);
    block_on(writer.synced(position));
    until(|| writer.append(&record(3, b"again")).is_ok());
    assert_eq!(read_all(&mut writer.reader(Position::START)), [1, 3]);
    assert!(events.lock().unwrap().contains(&Event::Refusing));
}

#[test]
fn while_the_disk_takes_nothing_ends_are_kept_and_written_once_it_does() {
    for sync in [Sync::default(), Sync::Each] {
        let (journal, disk) = (Journal::new(), FaultyDisk::default());
        let (writer, events) = start(&journal, &disk, sync);
        let mut reader = writer.reader(Position::START);
        block_on(writer.synced(writer.append(&record(1, b"before")).unwrap()));
        disk.failing_syncs.store(u64::MAX, Ordering::SeqCst);
        disk.failing_writes.store(u64::MAX, Ordering::SeqCst);
        let first = writer.append(&closed(2)).unwrap();
        let second = writer.append(&closed(3)).unwrap();
        assert_eq!(
            writer.append(&record(4, b"not an end")),
            Err(AppendError::Failed)
        );
        until(|| writer.stats().failed_syncs > 0 || writer.depth().is_refusing);
        assert!(writer.synced_position() < first, "nothing is claimed");
        assert_eq!(read_all(&mut reader), [1]);

        disk.failing_syncs.store(0, Ordering::SeqCst);
        disk.failing_writes.store(0, Ordering::SeqCst);
        block_on(writer.synced(second));
        until(|| writer.append(&record(5, b"again")).is_ok());
        assert_eq!(read_all(&mut reader), [2, 3, 5]);
        until(|| events.lock().unwrap().contains(&Event::Refusing));
        drop((writer, reader));
        let writer = journal.open();
        assert_eq!(read_all(&mut writer.reader(Position::START)), [1, 2, 3, 5]);
    }
}

#[test]
fn a_full_disk_refuses_and_space_that_comes_back_is_used() {
    let (journal, disk) = (Journal::new(), FaultyDisk::default());
    let (writer, events) = start(&journal, &disk, Sync::default());
    disk.is_full.store(true, Ordering::SeqCst);
    let mut count = 0;
    let refused = loop {
        match writer.append(&record(count, &[1; 1000])) {
            Ok(_) => count += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(refused, AppendError::Full);
    until(|| {
        let told = events.lock().unwrap();
        told.iter().any(|event| matches!(event, Event::Full { .. }))
    });
    disk.is_full.store(false, Ordering::SeqCst);
    until(|| writer.append(&record(count, &[1; 1000])).is_ok());
    until(|| events.lock().unwrap().contains(&Event::HasRoom));
    let read = read_all(&mut writer.reader(Position::START));
    assert_eq!(read, (0..=count).collect::<Vec<_>>());
}

#[test]
fn a_write_that_fails_is_done_in_another_segment() {
    let (journal, disk) = (Journal::new(), FaultyDisk::default());
    let (writer, _) = start(&journal, &disk, Sync::default());
    writer.append(&record(1, b"one")).unwrap();
    disk.failing_writes.store(1, Ordering::SeqCst);
    writer.append(&record(2, b"two")).unwrap();
    writer.append(&record(3, b"three")).unwrap();
    let mut reader = writer.reader(Position::START);
    assert_eq!(read_all(&mut reader), [1, 2, 3]);
    drop((writer, reader));
    let writer = journal.open();
    assert_eq!(read_all(&mut writer.reader(Position::START)), [1, 2, 3]);
}

#[test]
fn what_is_unsynced_is_bounded() {
    let journal = Journal::new();
    let mut options = options(journal.path());
    options.unsynced_max = 3_000;
    let writer = journal.open_with(options);
    for number in 0..2 {
        writer.append(&record(number, &[1; 1000])).unwrap();
    }
    assert_eq!(
        writer.append(&record(2, &[1; 1000])),
        Err(AppendError::Behind)
    );
    assert!(writer.sync_now());
    writer.append(&record(2, &[1; 1000])).unwrap();
}

#[test]
fn a_reader_gives_a_place_up_that_cannot_be_read() {
    let (journal, disk) = (Journal::new(), FaultyDisk::default());
    let (writer, _) = start(&journal, &disk, Sync::default());
    block_on(writer.synced(writer.append(&record(1, b"lost")).unwrap()));
    let mut reader = writer.reader(Position::START);
    disk.failing_reads.store(u64::MAX, Ordering::SeqCst);
    let mut errors = 0;
    while reader.next().is_err() {
        errors += 1;
    }
    assert!((1..20).contains(&errors), "{errors}");
    disk.failing_reads.store(0, Ordering::SeqCst);
    writer.append(&record(2, b"read")).unwrap();
    assert_eq!(read_all(&mut reader), [2]);
    assert_eq!(reader.skipped().missing, 1);
}

#[test]
fn a_segment_that_cannot_be_read_at_a_start_is_left_for_the_next() {
    let (journal, disk) = (Journal::new(), FaultyDisk::default());
    let writer = journal.open();
    writer.append(&record(1, b"one")).unwrap();
    drop(writer);
    disk.failing_reads.store(u64::MAX, Ordering::SeqCst);
    let mut options = options(journal.path());
    options.floor = Position::from_u64(1);
    let (writer, recovery) = open(options, Arc::new(disk.clone())).unwrap();
    assert_eq!((recovery.records, recovery.unreadable), (0, 1));
    writer.append(&record(2, b"two")).unwrap();
    drop(writer);
    let writer = journal.open();
    assert_eq!(read_all(&mut writer.reader(Position::START)), [1, 2]);
}
