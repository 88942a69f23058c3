//! A store that refuses: for what is in a row, or because it is away.

use super::support::*;
use crate::drain::{DrainStats, stored_cursor};
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tollgate_domain::TraceId;
use tollgate_journal::{Position, Record};

fn other(folder: &Path) -> Connection {
    let connection = Connection::open(folder.join("tollgate.db")).unwrap();
    connection.busy_timeout(Duration::from_secs(10)).unwrap();
    connection
}

/// From now on the store refuses rows of `table` where this holds.
fn refuse(folder: &Path, table: &str, condition: &str) {
    let sql = format!(
        "CREATE TRIGGER refuse_{table} BEFORE INSERT ON {table} WHEN {condition}
         BEGIN SELECT RAISE(ABORT, 'poisoned'); END;"
    );
    other(folder).execute_batch(&sql).unwrap();
}

/// Takes a table away from the store, or gives it back.
fn rename(folder: &Path, table: &str, name: &str) {
    let sql = format!("ALTER TABLE {table} RENAME TO {name}");
    other(folder).execute_batch(&sql).unwrap();
}

/// As [`streamed`], with `poison` for a model.
fn poisoned(number: u8) -> Vec<Record<'static>> {
    let mut records = streamed(number);
    if let Record::Open(open) = &mut records[0] {
        open.model = "poison";
    }
    if let Record::Attempt(attempt) = &mut records[1] {
        attempt.model = "poison";
    }
    records
}

/// Nine requests, of which the fifth is poisoned.
fn nine() -> Vec<Record<'static>> {
    (1..=9)
        .flat_map(|number| match number {
            5 => poisoned(number),
            number => streamed(number),
        })
        .collect()
}

fn has_trace(store: &tollgate_store::Store, number: u8) -> bool {
    let id = TraceId::from_bytes([number; 16]);
    store.trace(id).unwrap().is_some()
}

#[test]
fn a_request_that_the_store_refuses_holds_up_no_other_and_keeps_its_account() {
    let (store, folder) = store();
    refuse(folder.path(), "spans", "new.name LIKE '%poison%'");
    let stats = Arc::default();
    let cursor = drain(&store, &nine(), &stats);
    assert_eq!(cursor, Position::from_u64(45), "the cursor passed it");
    for number in 1..=9 {
        assert_eq!(has_trace(&store, number), number != 5, "{number}");
        assert_eq!(line(&store, number).usage, usage());
    }
    assert_eq!(stats.reduced.load(Ordering::Relaxed), 1);
    assert_eq!(stats.put_aside.load(Ordering::Relaxed), 0);
    assert_eq!(stats.requests.load(Ordering::Relaxed), 9);
}

#[test]
fn content_that_the_store_refuses_costs_the_content() {
    let (store, folder) = store();
    refuse(folder.path(), "trace_tags", "new.value = 'poison'");
    let stats = Arc::default();
    drain(&store, &nine(), &stats);
    let shown = shown(&store, 5);
    assert_eq!(shown["spans"].as_array().unwrap().len(), 2);
    assert_eq!(shown["spans"][0]["name"], "chat poison");
    assert_eq!(shown["request_preview"], "");
    assert_eq!(stats.reduced.load(Ordering::Relaxed), 1);
}

#[test]
fn what_the_store_takes_nothing_of_is_put_aside_and_counted() {
    let (store, folder) = store();
    refuse(folder.path(), "spans", "new.name LIKE '%poison%'");
    refuse(folder.path(), "ledger", "new.model = 'poison'");
    let stats = Arc::default();
    drain(&store, &nine(), &stats);
    assert_eq!(store.ledger(None, 20).unwrap().len(), 8);
    assert_eq!(store.ledger_line(id(5)).unwrap(), None);
    assert_eq!(stats.put_aside.load(Ordering::Relaxed), 1);
    assert_eq!(stats.reduced.load(Ordering::Relaxed), 0);
}

#[test]
fn an_experiment_that_can_not_be_made_is_the_default_one() {
    let (store, folder) = store();
    refuse(folder.path(), "experiments", "new.name = 'answers'");
    drain(&store, &streamed(1), &Arc::default());
    assert_eq!(shown(&store, 1)["experiment"], 0);
}

#[test]
fn a_store_that_is_away_is_waited_for_and_nothing_is_skipped() {
    let (store, folder) = store();
    let path = folder.path().join("journal");
    let stats: Arc<DrainStats> = Arc::default();
    let writer = journal(&path, Position::START, 1);
    let drain = started(&store, &writer, &stats);
    rename(folder.path(), "ledger", "away");
    writer.append_all(&streamed(1)).unwrap();
    until(|| stats.errors.load(Ordering::Relaxed) >= 3);
    writer.append_all(&streamed(2)).unwrap();
    rename(folder.path(), "away", "ledger");
    until(|| stats.requests.load(Ordering::Relaxed) == 2);
    drain.flush_and_stop();
    for number in [1, 2] {
        assert_eq!(line(&store, number).outcome, "ok");
        assert!(has_trace(&store, number));
    }
    assert_eq!(stats.reduced.load(Ordering::Relaxed), 0);
    assert_eq!(stats.put_aside.load(Ordering::Relaxed), 0);
}

#[test]
fn a_store_that_stays_away_does_not_keep_the_process_from_stopping() {
    let (store, folder) = store();
    let path = folder.path().join("journal");
    let stats: Arc<DrainStats> = Arc::default();
    let floor = {
        let writer = journal(&path, Position::START, 1);
        let drain = started(&store, &writer, &stats);
        rename(folder.path(), "ledger", "away");
        writer.append_all(&streamed(1)).unwrap();
        drain.flush_and_stop();
        stored_cursor(&store).unwrap()
    };
    rename(folder.path(), "away", "ledger");
    let writer = journal(&path, floor, 2);
    let drain = started(&store, &writer, &stats);
    drain.flush_and_stop();
    assert_eq!(line(&store, 1).outcome, "ok");
    assert_eq!(stats.interrupted.load(Ordering::Relaxed), 0);
}
