//! A store that drains the journal: what it took is committed together with its cursor.

use super::model::Model;
use super::rng::Rng;
use std::collections::BTreeSet;
use tollgate_journal::{Position, Reader, Record, Writer};

#[derive(Default)]
pub(crate) struct Consumer {
    pub(crate) cursor: Position,
    numbers: BTreeSet<u64>,
    /// Read and not committed.
    batch: Vec<(u64, u64)>,
    reader: Option<Reader>,
}

impl Consumer {
    pub(crate) fn attach(&mut self, writer: &Writer) {
        self.batch.clear();
        self.reader = Some(writer.reader(self.cursor));
    }

    pub(crate) fn detach(&mut self) {
        self.reader = None;
    }

    /// Reads some records, and commits what was read so far or goes on without.
    pub(crate) fn drain(&mut self, model: &Model, rng: &mut Rng) {
        let Some(reader) = &mut self.reader else {
            return;
        };
        for _ in 0..rng.below(30) {
            let after = reader.position();
            let Some((position, number)) = read(reader) else {
                break;
            };
            model.check_read(after.as_u64(), position, number);
            self.batch.push((position, number));
        }
        if rng.percent(70) {
            self.commit();
        }
    }

    pub(crate) fn drain_all(&mut self, model: &Model) {
        let Some(reader) = &mut self.reader else {
            return;
        };
        loop {
            let after = reader.position();
            match read(reader) {
                Some((position, number)) => {
                    model.check_read(after.as_u64(), position, number);
                    self.batch.push((position, number));
                }
                None => break model.check_nothing_between(after.as_u64(), u64::MAX),
            }
        }
        self.commit();
    }

    fn commit(&mut self) {
        for (position, number) in self.batch.drain(..) {
            assert!(self.numbers.insert(number), "{number} was stored twice");
            self.cursor = Position::from_u64(position);
        }
    }

    pub(crate) fn release(&self) {
        if let Some(reader) = &self.reader {
            reader.release(self.cursor);
        }
    }
}

/// The next record's position and number. Failed reads are tried again.
pub(crate) fn read(reader: &mut Reader) -> Option<(u64, u64)> {
    let mut tries = 0;
    loop {
        match reader.next() {
            Ok(entry) => {
                return entry.map(|entry| (entry.position.as_u64(), number_of(&entry.record)));
            }
            Err(error) => {
                tries += 1;
                assert!(tries < 1_000, "{error}");
            }
        }
    }
}

fn number_of(record: &Record<'_>) -> u64 {
    let id = record.request();
    u64::from_be_bytes(*id.as_bytes().first_chunk().expect("16 bytes"))
}
