//! Requests that stay open while the journal's segments fill and go.

use super::support::*;
use crate::drain::assemble::Assembler;
use crate::drain::carried;
use crate::drain::{CURSOR, DrainStats, stored_cursor};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tollgate_domain::RequestId;
use tollgate_journal::{Outcome, Position, Record, Writer};
use tollgate_store::Store;
use tollgate_store::carried::CarriedRow;

/// What a store would hold.
#[derive(Default)]
struct Stored {
    cursor: u64,
    carried: BTreeMap<RequestId, CarriedRow>,
    finished: BTreeMap<RequestId, String>,
}

/// Drains the records at the positions 1, 2, 3 …; before each, by `steps`, it may carry what is older than some
/// records, store what it has, or be killed and begin again.
fn drained(records: &[Record<'static>], steps: &[(u8, usize)]) -> BTreeMap<RequestId, String> {
    let mut stored = Stored::default();
    let mut assembler = Assembler::default();
    let (mut read, mut rows, mut done) = (0, Vec::new(), Vec::new());
    let mut steps = steps.iter();
    while read < records.len() {
        let place = Position::from_u64(read as u64);
        match steps.next() {
            Some((0, back)) => {
                let end = Position::from_u64((read as u64).saturating_sub(*back as u64));
                rows.extend(assembler.carry(end, place, CURSOR));
            }
            Some((1, _)) => {
                let carried = rows.drain(..).map(|row: CarriedRow| (row.request, row));
                stored.carried.extend(carried);
                for (id, shown) in done.drain(..) {
                    stored.carried.remove(&id);
                    let before = stored.finished.insert(id, shown);
                    assert!(before.is_none_or(|before| before == stored.finished[&id]));
                }
                let cursor = assembler.cursor(place).as_u64();
                assert!(cursor >= stored.cursor, "a cursor goes forward");
                stored.cursor = cursor;
            }
            Some((2, _)) => {
                (rows, done) = (Vec::new(), Vec::new());
                let requests = stored
                    .carried
                    .values()
                    .map(|row| carried::read(row).unwrap());
                assembler = Assembler::with(requests.collect());
                read = stored.cursor as usize;
            }
            _ => {}
        }
        let position = Position::from_u64(read as u64 + 1);
        if let Some(finished) = assembler.take(position, &records[read]) {
            let mut finished = finished;
            finished.request.is_carried = false;
            finished.request.position = Position::START;
            done.push((finished.request.id, format!("{finished:?}")));
        }
        read += 1;
    }
    stored.finished.extend(done);
    stored.finished
}

/// Records of five requests, each in its order, mixed.
fn mixed(order: &[u8]) -> Vec<Record<'static>> {
    let mut left: Vec<Vec<Record<'static>>> = (1..=5)
        .map(|number| {
            let mut records = vec![
                open(number),
                attempt(number, 1, "first"),
                failed(number, 1),
                attempt(number, 2, "second"),
                progress(number, None),
                progress(number, Some(usage())),
                succeeded(number, 2),
                closed(number, Outcome::Ok, REST),
            ];
            records.reverse();
            records
        })
        .collect();
    let mut all = Vec::new();
    for which in order.iter().chain(&[0, 1, 2, 3, 4].repeat(8)) {
        all.extend(left[usize::from(*which)].pop());
    }
    all
}

proptest! {
    #[test]
    fn carrying_and_kills_change_nothing_of_what_is_made_of_the_records(
        order in proptest::collection::vec(0u8..5, 40),
        steps in proptest::collection::vec((0u8..6, 0usize..20), 0..120),
    ) {
        let records = mixed(&order);
        prop_assert_eq!(drained(&records, &steps), drained(&records, &[]));
    }
}

fn small_segments(folder: &Path, floor: Position, nonce: u32) -> Writer {
    journal_of(16 << 10, folder, floor, nonce)
}

/// Fills twice the journal's bound with other requests, while it is drained.
fn fill(writer: &Writer, stats: &DrainStats) {
    let before = writer.stats().bytes;
    let mut count = stats.requests.load(Ordering::Relaxed);
    while writer.stats().bytes - before < 256 << 10 {
        for (number, _) in (100u8..).zip(0..8) {
            writer.append_all(&streamed(number)).unwrap();
        }
        if count < 8 {
            count += 8;
        }
        until(|| stats.requests.load(Ordering::Relaxed) >= count);
        until(|| writer.depth().bytes <= 96 << 10);
    }
}

fn long_stream(
    store: &Store,
    folder: &Path,
) -> (Writer, Arc<DrainStats>, crate::drain::DrainHandle) {
    let stats: Arc<DrainStats> = Arc::default();
    let writer = small_segments(folder, Position::START, 1);
    let drain = started(store, &writer, &stats);
    let begun = [open(1), attempt(1, 1, "openai"), progress(1, None)];
    writer.append_all(&begun).unwrap();
    fill(&writer, &stats);
    (writer, stats, drain)
}

/// What the trace of the long stream shows of its answer.
fn message(store: &Store) -> Value {
    let root = &shown(store, 1)["spans"][0];
    root["attributes"]["mlflow.spanOutputs"]["choices"][0]["message"].clone()
}

#[test]
fn a_long_stream_keeps_no_segments_and_is_stored_whole() {
    let (store, folder) = store();
    let (writer, stats, drain) = long_stream(&store, &folder.path().join("journal"));
    assert!(stats.carried.load(Ordering::Relaxed) > 1, "again and again");
    writer
        .append_all(&[succeeded(1, 1), closed(1, Outcome::Ok, REST)])
        .unwrap();
    drain.flush_and_stop();
    assert_eq!(line(&store, 1).usage, usage());
    assert_eq!(message(&store)["content"], "Hi there");
    assert_eq!(store.carried(CURSOR).unwrap(), []);
}

#[test]
fn a_long_stream_that_a_kill_cuts_off_is_interrupted_once() {
    let (store, folder) = store();
    let path = folder.path().join("journal");
    let (writer, stats, drain) = long_stream(&store, &path);
    drain.flush_and_stop();
    drop(writer);
    assert_eq!(store.ledger_line(id(1)).unwrap(), None);
    for start_number in 2..4 {
        let floor = stored_cursor(&store).unwrap();
        let writer = small_segments(&path, floor, start_number);
        let drain = started(&store, &writer, &stats);
        drain.flush_and_stop();
    }
    assert_eq!(stats.interrupted.load(Ordering::Relaxed), 1);
    let line = line(&store, 1);
    assert_eq!(line.outcome, "interrupted");
    assert_eq!(
        line.usage.output, 1,
        "`Hi ` was seen, in a segment that is gone"
    );
    assert_eq!(store.carried(CURSOR).unwrap(), []);
}

#[test]
fn a_long_stream_that_ends_while_nothing_drains_is_stored_whole_after_a_restart() {
    let (store, folder) = store();
    let path = folder.path().join("journal");
    let (writer, stats, drain) = long_stream(&store, &path);
    drain.flush_and_stop();
    writer
        .append_all(&[
            progress(1, None),
            succeeded(1, 1),
            closed(1, Outcome::Ok, REST),
        ])
        .unwrap();
    drop(writer);
    let writer = small_segments(&path, stored_cursor(&store).unwrap(), 2);
    let drain = started(&store, &writer, &stats);
    drain.flush_and_stop();
    assert_eq!(message(&store)["content"], "Hi Hi there");
    assert_eq!(line(&store, 1).outcome, "ok");
}
