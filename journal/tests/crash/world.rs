//! One random life of a journal.

use super::consumer::{Consumer, read};
use super::damage::{flip, mangle};
use super::disk::{Faults, SimDisk};
use super::model::Model;
use super::rng::Rng;
use std::sync::Arc;
use tollgate_domain::{Cost, RequestId, Usage};
use tollgate_journal::{
    AppendError, Closed, Options, Outcome, Pairs, Position, Progress, Record, Writer, open,
};

pub(crate) struct World {
    rng: Rng,
    disk: SimDisk,
    model: Model,
    writer: Option<Writer>,
    consumers: [Consumer; 2],
    segment_bytes: u64,
    max_bytes: u64,
    next_number: u64,
    payload: Arc<[u8]>,
    /// Enqueued, and not yet asked to be written.
    queued: Vec<Vec<u64>>,
    /// A sync failed, and nothing has succeeded since.
    is_in_doubt: bool,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let segment_bytes = 1 << (9 + rng.below(5));
        let segments = 4 + rng.below(12);
        let payload = (0..3_000).map(|_| rng.next() as u8).collect();
        Self {
            disk: SimDisk::new(rng.clone()),
            model: Model::default(),
            writer: None,
            consumers: Default::default(),
            segment_bytes,
            max_bytes: segment_bytes * segments,
            next_number: 0,
            payload,
            queued: Vec::new(),
            is_in_doubt: false,
            rng,
        }
    }

    pub(crate) fn run(mut self) {
        self.start(false);
        for _ in 0..30 + self.rng.below(60) {
            self.step();
            if self.disk.state().has_stopped() {
                self.crash();
            }
        }
        self.finish();
    }

    fn step(&mut self) {
        match self.rng.below(100) {
            0..25 => self.append(),
            25..37 => self.enqueue(),
            37..40 => self.write_queued(),
            40..55 => drop(self.sync()),
            55..72 => {
                let consumer = self.rng.below(2) as usize;
                self.consumers[consumer].drain(&self.model, &mut self.rng);
            }
            72..78 => {
                let consumer = self.rng.below(2) as usize;
                self.consumers[consumer].release();
            }
            78..84 => drop(self.writer().maintain()),
            84..88 => self.change_faults(),
            88..91 => self.disk.state().evict(),
            91..94 => self.disk.state().stops_in = Some(1 + self.rng.below(12)),
            94..97 => self.crash(),
            _ => flip(&mut self.disk.state(), &mut self.model, &mut self.rng),
        }
    }

    fn writer(&self) -> Writer {
        self.writer.clone().expect("it is running")
    }

    fn append(&mut self) {
        let (numbers, lengths) = self.batch();
        let is_ending = self.rng.percent(25);
        let records = records(&self.payload, &numbers, &lengths, is_ending);
        let appended = self.writer().append_all(&records);
        self.note(numbers, appended);
    }

    fn enqueue(&mut self) {
        let (numbers, lengths) = self.batch();
        let is_ending = self.rng.percent(25);
        let records = records(&self.payload, &numbers, &lengths, is_ending);
        let taken = self.writer().enqueue(&records);
        self.note_queued(numbers, taken);
    }

    fn note_queued(&mut self, numbers: Vec<u64>, taken: Result<Position, AppendError>) {
        match taken {
            Ok(last) => {
                let positions = last.as_u64() + 1 - numbers.len() as u64..=last.as_u64();
                for (position, number) in positions.clone().zip(numbers) {
                    self.model.enqueue(position, number);
                }
                self.queued.push(positions.collect());
            }
            refused => self.note(numbers, refused),
        }
    }

    /// Asks for what was enqueued, in any order: each asks once, for the last of its own.
    fn write_queued(&mut self) {
        while !self.queued.is_empty() {
            let index = self.rng.below(self.queued.len() as u64) as usize;
            let positions = self.queued.swap_remove(index);
            let last = Position::from_u64(*positions.last().expect("it is not empty"));
            let is_written = self.writer().write_up_to(last).is_ok();
            for position in positions {
                if is_written {
                    self.model.confirm(position);
                } else {
                    self.model.refuse(position);
                }
            }
        }
    }

    /// Numbers and sizes of the next records.
    fn batch(&mut self) -> (Vec<u64>, Vec<usize>) {
        let count = 1 + self.rng.below(3);
        let numbers: Vec<u64> = (self.next_number..).take(count as usize).collect();
        self.next_number += count;
        let lengths = numbers.iter().map(|_| {
            let large = self.rng.percent(3);
            self.rng.below(if large { 3_000 } else { 250 }) as usize
        });
        let lengths = lengths.collect();
        (numbers, lengths)
    }

    fn note(&mut self, numbers: Vec<u64>, appended: Result<Position, AppendError>) {
        match appended {
            Ok(last) => {
                let first = last.as_u64() + 1 - numbers.len() as u64;
                for (position, number) in (first..).zip(numbers) {
                    self.model.accept(position, number);
                }
            }
            Err(AppendError::Full | AppendError::Failed) => {
                numbers.into_iter().for_each(|n| self.model.may_have(n));
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// A sync, perhaps with records that come while it runs.
    fn sync(&mut self) -> bool {
        let (sender, taken) = std::sync::mpsc::channel();
        let is_queued = self.rng.percent(50);
        // Else the sync begins by writing them, and that may sync a new segment under the journal's lock.
        if self.queued.is_empty() && self.rng.percent(40) {
            let (numbers, lengths) = self.batch();
            let is_ending = self.rng.percent(25);
            let (writer, payload) = (self.writer(), self.payload.clone());
            self.disk.state().meanwhile = Some(Box::new(move || {
                let records = records(&payload, &numbers, &lengths, is_ending);
                let taken = if is_queued {
                    writer.enqueue(&records)
                } else {
                    writer.append_all(&records)
                };
                let _ = sender.send((numbers, taken));
            }));
        }
        let is_synced = self.sync_alone();
        self.disk.state().meanwhile = None;
        for (numbers, taken) in taken.try_iter() {
            if is_queued {
                self.note_queued(numbers, taken);
            } else {
                self.note(numbers, taken);
            }
        }
        is_synced
    }

    fn sync_alone(&mut self) -> bool {
        let writer = self.writer();
        let is_synced = writer.sync_now();
        self.is_in_doubt = !is_synced;
        self.model.is_synced(writer.synced_position().as_u64());
        is_synced
    }

    fn change_faults(&mut self) {
        let rng = &mut self.rng;
        let mut disk = self.disk.state();
        disk.faults = Faults::default();
        disk.capacity = u64::MAX;
        match rng.below(6) {
            0 => disk.faults.sync = 1 + rng.below(100),
            1 => disk.faults.write = 1 + rng.below(50),
            2 => disk.faults.read = 1 + rng.below(60),
            3 => disk.faults.folder = 1 + rng.below(100),
            4 => disk.capacity = disk.used() + rng.below(3) * self.segment_bytes,
            _ => {}
        }
    }

    /// The process ends, or the machine; perhaps the files are tampered with; then it starts again.
    fn crash(&mut self) {
        self.consumers.iter_mut().for_each(Consumer::detach);
        let is_refusing = self.writer().depth().is_refusing;
        self.writer = None;
        self.queued.clear();
        if self.disk.state().faults.sync > 0 || self.is_in_doubt || is_refusing {
            // The kernel may have forgotten what only the process still had, and ends may never have been written.
            self.model.doubt_unsynced();
        }
        let is_power_loss = self.rng.percent(50);
        if is_power_loss {
            self.disk.state().power_loss();
        } else {
            self.disk.state().restart();
        }
        if self.rng.percent(30) {
            flip(&mut self.disk.state(), &mut self.model, &mut self.rng);
        }
        if self.rng.percent(20) {
            mangle(&mut self.disk.state(), &mut self.model, &mut self.rng);
        }
        self.start(is_power_loss);
    }

    fn start(&mut self, is_power_loss: bool) {
        let mut options = Options::new("/journal", self.rng.next() as u32);
        options.segment_bytes = self.segment_bytes;
        options.max_bytes = self.max_bytes;
        options.has_threads = false;
        let cursors = self.consumers.each_ref().map(|consumer| consumer.cursor);
        options.floor = cursors.into_iter().max().unwrap_or_default();
        let opened = open(options, Arc::new(self.disk.clone()));
        let (writer, recovery) = opened.expect("nothing on the disk stops a start");
        self.is_in_doubt = false;

        let least = cursors.into_iter().min().unwrap_or_default();
        let found = read_all(&writer, least);
        self.model.settle(least.as_u64(), &found, is_power_loss);
        let is_synced = recovery.unsynced == 0;
        self.model.restarted(least.as_u64(), &found, is_synced);
        for consumer in &mut self.consumers {
            consumer.attach(&writer);
        }
        self.writer = Some(writer);
    }

    /// With a disk that works again everything goes on by itself, and can be drained and removed.
    fn finish(mut self) {
        {
            let mut disk = self.disk.state();
            disk.faults = Faults::default();
            disk.capacity = u64::MAX;
            disk.stops_in = None;
        }
        self.write_queued();
        assert!(self.sync_alone(), "a sync works on a disk that works");
        for _ in 0..2 {
            for consumer in &mut self.consumers {
                consumer.drain_all(&self.model);
                consumer.release();
            }
            self.writer().maintain();
            let number = self.next_number;
            self.next_number += 1;
            let position = self.writer().append(&record(number, b"last"));
            let position = position.expect("there is room");
            self.model.accept(position.as_u64(), number);
            assert!(self.sync_alone());
        }
        for consumer in &mut self.consumers {
            consumer.drain_all(&self.model);
            consumer.release();
        }
        self.writer().maintain();
        let depth = self.writer().depth();
        assert!(depth.segments <= 1, "{depth:?}");
        assert_eq!(self.disk.state().used(), depth.bytes);
    }
}

fn records<'a>(
    payload: &'a [u8],
    numbers: &[u64],
    lengths: &[usize],
    is_ending: bool,
) -> Vec<Record<'a>> {
    let make = if is_ending { end } else { record };
    let records = numbers.iter().zip(lengths);
    records
        .map(|(number, length)| make(*number, &payload[..*length]))
        .collect()
}

fn id(number: u64) -> RequestId {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    RequestId::from_bytes(id)
}

/// One of those that a failing disk does not refuse.
fn end(number: u64, output: &[u8]) -> Record<'_> {
    Record::Closed(Closed {
        request: id(number),
        ended_unix_nanos: 0,
        outcome: Outcome::Ok,
        status: 200,
        error_type: "",
        error_message: "",
        usage: Usage::default(),
        cost: Cost::default(),
        unpriced: false,
        first_token_nanos: None,
        output,
        output_bytes: 5,
        losses: "",
        attributes: Pairs::EMPTY,
    })
}

fn record(number: u64, output: &[u8]) -> Record<'_> {
    Record::Progress(Progress {
        request: id(number),
        attempt: 1,
        at_unix_nanos: 0,
        usage: None,
        is_usage_final: false,
        output,
        output_bytes: 5,
    })
}

fn read_all(writer: &Writer, after: Position) -> Vec<(u64, u64)> {
    let mut reader = writer.reader(after);
    std::iter::from_fn(|| read(&mut reader)).collect()
}
