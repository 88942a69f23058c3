//! Whatever a segment holds, the journal starts; damage costs records, and never makes one up, doubles or reorders one.

use super::memory_disk::MemoryDisk;
use std::sync::{Arc, LazyLock};
use tollgate_domain::RequestId;
use tollgate_journal::{Options, Position, Progress, Record, Writer, open};

const NONCE: u32 = 0x5eed;
const RECORDS: u8 = 8;
const AFTER: u8 = 200;

/// A journal of one segment with eight records.
static WRITTEN: LazyLock<(String, Vec<u8>)> = LazyLock::new(|| {
    let disk = MemoryDisk::default();
    let writer = start(&disk);
    for number in 1..=RECORDS {
        writer.append(&record(number)).expect("there is room");
    }
    drop(writer);
    let mut files = disk.files();
    files.sort_by_key(|(_, bytes)| bytes.iter().filter(|byte| **byte != 0).count());
    files.pop().expect("a segment was written")
});

/// The input is damage to a good segment, three bytes each (a place, then what is there instead), and it is also all
/// that a segment holds.
pub fn check(input: &[u8]) {
    let (name, written) = &*WRITTEN;
    let mut damaged = written.clone();
    for damage in input.chunks_exact(3).take(64) {
        let place = usize::from(u16::from_le_bytes([damage[0], damage[1]])) % 1024;
        if let Some(byte) = damaged.get_mut(place) {
            *byte = damage[2];
        }
    }
    let numbers = recovered(name, damaged);
    let (after, before) = numbers.split_last().expect("what was appended now is read");
    assert_eq!(*after, AFTER);
    assert!(before.is_sorted_by(|one, next| one < next), "{numbers:?}");
    assert!(before.iter().all(|number| (1..=RECORDS).contains(number)));
    if input.len() < 3 {
        assert_eq!(before.len(), usize::from(RECORDS));
    }
    let numbers = recovered(name, input.to_vec());
    assert_eq!(numbers.last(), Some(&AFTER));
}

/// The numbers of the records that are read after a start with this segment and one more record.
fn recovered(name: &str, segment: Vec<u8>) -> Vec<u8> {
    let disk = MemoryDisk::default();
    disk.put(name, segment);
    let writer = start(&disk);
    writer.append(&record(AFTER)).expect("there is room");
    let mut reader = writer.reader(Position::START);
    let mut numbers = Vec::new();
    while let Some(entry) = reader.next().expect("this disk does not fail") {
        let number = entry.record.request().as_bytes()[0];
        if (1..=RECORDS).contains(&number) {
            assert_eq!(entry.record, record(number));
        }
        numbers.push(number);
    }
    numbers
}

fn start(disk: &MemoryDisk) -> Writer {
    let mut options = Options::new("journal", NONCE);
    options.segment_bytes = 16 << 10;
    options.has_threads = false;
    let disk = Arc::new(disk.clone());
    open(options, disk).expect("nothing stops a start").0
}

fn record(number: u8) -> Record<'static> {
    Record::Progress(Progress {
        request: RequestId::from_bytes([number; 16]),
        attempt: 1,
        at_unix_nanos: 1_764_000_000_000_000_000,
        usage: None,
        is_usage_final: false,
        output: b"data: {\"choices\":[]}\n\n",
        output_bytes: 5,
    })
}
