//! Any bytes are a record or an error, and a record is written as it was read.

use tollgate_journal::Record;

/// The newest of any layout.
const NEWEST: u8 = 2;

/// The first byte is the record's kind; `1` and the byte 1 are the same.
pub fn check(input: &[u8]) {
    let Some((kind, bytes)) = input.split_first() else {
        return;
    };
    for version in 0..=NEWEST {
        check_as(kind % 8, version, bytes);
    }
}

fn check_as(kind: u8, version: u8, bytes: &[u8]) {
    let Ok(record) = Record::decode(kind, version, bytes) else {
        return;
    };
    if let Record::Open(open) = &record {
        assert_eq!(open.attributes.iter().count(), open.attributes.len());
    }
    let (kind, version) = record.kind();
    let mut again = Vec::new();
    record.encode(&mut again);
    assert_eq!(Record::decode(kind, version, &again), Ok(record));
}
