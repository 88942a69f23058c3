//! A journal at its bound: what is open can still say how it ended.

use super::support::{FaultyDisk, Journal, closed, id, options, read_all, record, until};
use crate::{AppendError, Capture, Open, Options, Pairs, Position, Record, Writer, open};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tollgate_domain::{Dialect, Endpoint, RequestId, SpanId, TraceId};

fn opening(number: u64) -> Record<'static> {
    let id = id(number);
    Record::Open(Open {
        request: RequestId::from_bytes(id),
        trace: TraceId::from_bytes(id),
        span: SpanId::from_bytes([1; 8]),
        parent: None,
        started_unix_nanos: 0,
        endpoint: Endpoint::ChatCompletions,
        dialect: Dialect::OpenAi,
        streamed: false,
        capture: Capture::Full,
        key: "app",
        team: "",
        route: "chat",
        experiment: "",
        model: "gpt",
        session: "",
        user: "",
        input: &[b' '; 400],
        input_bytes: 400,
        attributes: Pairs::EMPTY,
    })
}

fn bounded(journal: &Journal) -> Writer {
    journal.open_with(Options {
        max_bytes: 64 << 10,
        ..options(journal.path())
    })
}

/// Opens requests until that is refused.
fn fill(writer: &Writer) -> u64 {
    for number in 1.. {
        match writer.append(&opening(number)) {
            Ok(_) => {}
            Err(AppendError::Full) => return number - 1,
            Err(error) => panic!("{error}"),
        }
        writer.maintain();
    }
    0
}

#[test]
fn what_is_open_can_end_when_nothing_more_can_begin() {
    let journal = Journal::new();
    let writer = bounded(&journal);
    let mut reader = writer.reader(Position::START);
    let opened = fill(&writer);
    let mut ended = 0;
    while writer.append(&record(ended + 1, &[1; 100])).is_ok() {
        ended += 1;
    }
    assert!(ended > 40, "half of the last segment: {ended}");
    assert!(opened > 100, "the rest is for those that begin: {opened}");
    assert_eq!(read_all(&mut reader).len() as u64, opened + ended);
}

#[test]
fn once_there_is_room_again_requests_begin_again() {
    let journal = Journal::new();
    let writer = bounded(&journal);
    let mut reader = writer.reader(Position::START);
    fill(&writer);
    assert_eq!(writer.append(&opening(1)), Err(AppendError::Full));
    read_all(&mut reader);
    writer.sync_now();
    reader.release(reader.position());
    assert!(writer.maintain());
    assert!(writer.append(&opening(1)).is_ok());
}

/// Works on a journal whose last segment is being made until that is done: two are full, and the third is active.
fn while_the_last_is_made<T>(work: impl FnOnce(&Writer, u64) -> T) -> T {
    let (journal, disk) = (Journal::new(), FaultyDisk::default());
    let options = Options {
        max_bytes: 64 << 10,
        ..options(journal.path())
    };
    let (writer, _) = open(options, Arc::new(disk.clone())).unwrap();
    let mut number = 0;
    while writer.depth().segments < 3 {
        number += 1;
        writer.append(&opening(number)).unwrap();
        if writer.depth().segments < 3 {
            writer.maintain();
        }
    }
    disk.holds_creates.store(true, Ordering::SeqCst);
    std::thread::scope(|scope| {
        let made = scope.spawn(|| writer.maintain());
        until(|| writer.depth().bytes == 64 << 10);
        let done = work(&writer, number);
        disk.holds_creates.store(false, Ordering::SeqCst);
        assert!(made.join().unwrap());
        done
    })
}

#[test]
fn the_last_segment_is_none_while_another_is_being_made() {
    // More than half of the active segment.
    let taken = while_the_last_is_made(|writer, number| {
        (1..=20).try_for_each(|more| writer.append(&opening(number + more)).map(drop))
    });
    assert_eq!(taken, Ok(()));
}

#[test]
fn what_is_open_can_end_while_another_segment_is_being_made() {
    let (refused, ended) = while_the_last_is_made(|writer, number| {
        let mut begun = (1..).map(|more| writer.append(&opening(number + more)));
        let refused = begun.find_map(Result::err);
        // More than is left.
        let ended = (1..=100).try_for_each(|number| writer.append(&closed(number)).map(drop));
        (refused, ended)
    });
    assert_eq!(refused, Some(AppendError::Full));
    assert_eq!(ended, Ok(()));
}
