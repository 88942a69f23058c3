//! Records in, rows of a real store out.

mod carried;
mod children;
mod failing;
mod interrupted;
pub(super) mod support;

use super::assemble::Assembler;
use super::{DrainStats, stored_cursor};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use support::*;
use tollgate_journal::{Outcome, Pairs, Position, Record};

#[test]
fn a_streamed_chat_is_a_trace_with_the_whole_message() {
    let (store, _folder) = store();
    let cursor = drain(&store, &streamed(1), &Arc::default());
    assert_eq!(cursor.as_u64(), 5);
    assert_eq!(stored_cursor(&store).unwrap(), cursor);
    insta::assert_json_snapshot!(shown(&store, 1));
    let line = line(&store, 1);
    assert_eq!((line.usage, line.cost), (usage(), cost()));
    assert_eq!((line.outcome.as_str(), line.attempts), ("ok", 1));
}

#[test]
fn a_failed_attempt_is_a_child_of_its_own_before_the_fallbacks() {
    let (store, _folder) = store();
    drain(&store, &fallen_back(1), &Arc::default());
    insta::assert_json_snapshot!(shown(&store, 1));
    let line = line(&store, 1);
    assert_eq!((line.provider.as_str(), line.attempts), ("second", 2));
}

#[test]
fn a_replay_stores_nothing_twice() {
    let (store, _folder) = store();
    let stats = Arc::default();
    let records = [streamed(1), vec![open(2), attempt(2, 1, "openai")]].concat();
    drain(&store, &records, &stats);
    let before = (shown(&store, 1), shown(&store, 2));
    drain(&store, &records, &stats);
    assert_eq!((shown(&store, 1), shown(&store, 2)), before);
    assert_eq!(store.ledger(None, 10).unwrap().len(), 2);
    assert_eq!(stats.requests.load(Ordering::Relaxed), 2);
    assert_eq!(stats.rows.load(Ordering::Relaxed), 4);
}

#[test]
fn the_cursor_waits_for_the_oldest_open_request() {
    let mut assembler = Assembler::default();
    let records = [vec![open(9)], streamed(1)].concat();
    for (place, record) in records.iter().enumerate() {
        assembler.take(Position::from_u64(place as u64 + 5), record);
    }
    assert_eq!(assembler.cursor(Position::from_u64(10)).as_u64(), 4);
    let done = assembler.take(Position::from_u64(11), &closed(9, Outcome::Ok, b""));
    assert!(done.is_some());
    assert_eq!(assembler.cursor(Position::from_u64(11)).as_u64(), 11);
}

#[test]
fn the_tags_of_the_key_are_on_the_trace_and_on_its_root() {
    let (store, _folder) = store();
    let tags = [("cost_center".to_owned(), "42".to_owned())].into();
    let Record::Open(mut begun) = open(1) else {
        panic!("no beginning")
    };
    begun.attributes = Pairs::of(&tags);
    let mut records = streamed(1);
    records[0] = Record::Open(begun);
    drain(&store, &records, &Arc::default());
    let shown = shown(&store, 1);
    assert_eq!(shown["tags"]["cost_center"], "42");
    assert_eq!(shown["tags"]["tollgate.outcome"], "ok");
    assert_eq!(
        shown["spans"][0]["attributes"]["tollgate.tag.cost_center"],
        "42"
    );
}

#[test]
fn a_client_that_left_is_no_error() {
    let (store, _folder) = store();
    let records = [
        open(1),
        attempt(1, 1, "openai"),
        succeeded(1, 1),
        closed(1, Outcome::ClientGone, FIRST),
    ];
    drain(&store, &records, &Arc::default());
    let shown = shown(&store, 1);
    assert_eq!(shown["state"], "Ok");
    assert_eq!(
        shown["spans"][0]["attributes"]["tollgate.client_gone"],
        true
    );
    assert_eq!(shown["spans"][0]["events"][0][0], "client gone");
}

#[test]
fn a_callers_body_that_was_cut_is_shown_as_text() {
    let (store, _folder) = store();
    let Record::Open(mut open) = open(1) else {
        panic!()
    };
    open.input = &INPUT[..90];
    let records = [Record::Open(open), closed(1, Outcome::Refused, b"")];
    drain(&store, &records, &Arc::default());
    let input = shown(&store, 1)["spans"][0]["attributes"]["mlflow.spanInputs"].clone();
    assert_eq!(input.as_str().unwrap().as_bytes(), &INPUT[..90]);
}

#[test]
fn what_is_in_the_journal_when_the_drain_stops_is_stored_and_what_was_open_is_interrupted_by_the_next()
 {
    let (store, folder) = store();
    let path = folder.path().join("journal");
    let stats: Arc<DrainStats> = Arc::default();
    {
        let writer = journal(&path, Position::START, 1);
        let drain = started(&store, &writer, &stats);
        writer
            .append_all(&[open(2), attempt(2, 1, "openai")])
            .unwrap();
        writer.append_all(&streamed(1)).unwrap();
        drain.flush_and_stop();
    }
    assert_eq!(line(&store, 1).outcome, "ok");
    assert_eq!(store.ledger_line(id(2)).unwrap(), None);
    let floor = stored_cursor(&store).unwrap();
    let writer = journal(&path, floor, 2);
    let drain = started(&store, &writer, &stats);
    writer.append_all(&streamed(3)).unwrap();
    drain.flush_and_stop();
    assert_eq!(line(&store, 2).outcome, "interrupted");
    assert_eq!(line(&store, 3).outcome, "ok");
    assert_eq!(stats.interrupted.load(Ordering::Relaxed), 1);
    assert_eq!(stats.requests.load(Ordering::Relaxed), 3);
}
