//! Appends numbered records to a journal and prints what is safe, for tests that cut the power or make syncs fail.
//!
//! ```text
//! appender write FOLDER [COUNT [BYTES [group|each]]]   until COUNT (0: no end) records of BYTES are synced
//! appender read FOLDER
//! ```
//!
//! `write` appends a few thousand records a second (with `each`, one after another is safe). It prints, a line each and
//! flushed, `appended N` for a record that is in the kernel and `synced N` for the last that survives a power loss
//! (numbers begin at 1, or after the last in the folder), and `event …` for what the journal reports; it exits with 1
//! when appends are refused for 5 seconds. `read` prints each record's number, then `missing N damaged N unknown N`.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tollgate_domain::RequestId;
use tollgate_journal::{
    AppendError, Options, Position, Progress, RealDisk, Record, Sync, Writer, open,
};

const PAUSE: Duration = Duration::from_micros(200);

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["write", folder, rest @ ..] => {
            let number = |place: usize, default| match rest.get(place) {
                Some(text) => text.parse::<u64>(),
                None => Ok(default),
            };
            let each = rest.get(2) == Some(&"each");
            write(folder, number(0, 0)?, number(1, 1_500)?, each)
        }
        ["read", folder] => read(folder),
        _ => Err(
            "usage: appender write FOLDER [COUNT [BYTES [group|each]]] | appender read FOLDER"
                .into(),
        ),
    }
}

fn write(folder: &str, count: u64, bytes: u64, each: bool) -> Result<ExitCode, Box<dyn Error>> {
    let mut options = options(folder);
    if each {
        options.sync = Sync::Each;
    }
    options.events = Some(Arc::new(|event| say(&format!("event {event:?}"))));
    let (writer, recovery) = open(options, Arc::new(RealDisk::new()))?;
    say(&format!("opened {recovery:?}"));
    let first = last_number(&writer)?.saturating_add(1);
    let output = vec![b'x'; bytes as usize];
    let mut pending: Vec<(Position, u64)> = Vec::new();
    let mut refusals = 0u32;
    let mut number = first;
    while count == 0 || number < first.saturating_add(count) {
        match writer.append(&record(number, &output)) {
            Ok(position) => {
                pending.push((position, number));
                say(&format!("appended {number}"));
                number = number.saturating_add(1);
                refusals = 0;
                while each && writer.synced_position() < position {
                    thread::sleep(PAUSE);
                }
                thread::sleep(PAUSE);
            }
            Err(AppendError::TooLarge { length, limit }) => {
                return Err(format!("a record of {length} bytes: at most {limit}").into());
            }
            Err(error) => {
                say(&format!("refused {error}"));
                refusals = refusals.saturating_add(1);
                if refusals > 50 {
                    return Ok(ExitCode::FAILURE);
                }
                thread::sleep(Duration::from_millis(100));
            }
        }
        report(&writer, &mut pending);
    }
    while !pending.is_empty() {
        report(&writer, &mut pending);
        thread::sleep(Duration::from_millis(1));
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints how far the journal has come since it last said so.
fn report(writer: &Writer, pending: &mut Vec<(Position, u64)>) {
    let synced = writer.synced_position();
    let safe = pending.partition_point(|(position, _)| *position <= synced);
    let safe: Vec<_> = pending.drain(..safe).collect();
    if let Some((_, number)) = safe.last() {
        say(&format!("synced {number}"));
    }
}

fn read(folder: &str) -> Result<ExitCode, Box<dyn Error>> {
    let (writer, recovery) = open(options(folder), Arc::new(RealDisk::new()))?;
    say(&format!("opened {recovery:?}"));
    let mut reader = writer.reader(Position::START);
    let mut out = io::stdout().lock();
    while let Some(entry) = reader.next()? {
        writeln!(out, "{}", number_of(&entry.record))?;
    }
    let skipped = reader.skipped();
    writeln!(
        out,
        "missing {} damaged {} unknown {}",
        skipped.missing, skipped.damaged, skipped.unknown
    )?;
    Ok(ExitCode::SUCCESS)
}

fn last_number(writer: &Writer) -> Result<u64, Box<dyn Error>> {
    let mut reader = writer.reader(Position::START);
    let mut last = 0;
    while let Some(entry) = reader.next()? {
        last = number_of(&entry.record);
    }
    Ok(last)
}

fn options(folder: &str) -> Options {
    // Any number will do here: no caller's bytes are in these records.
    let mut options = Options::new(folder, std::process::id());
    options.segment_bytes = 4 << 20;
    options
}

fn record(number: u64, output: &[u8]) -> Record<'_> {
    let mut id = [0; 16];
    if let Some(place) = id.first_chunk_mut() {
        *place = number.to_be_bytes();
    }
    Record::Progress(Progress {
        request: RequestId::from_bytes(id),
        attempt: 1,
        at_unix_nanos: 0,
        usage: None,
        is_usage_final: false,
        output,
        output_bytes: 5,
    })
}

fn number_of(record: &Record<'_>) -> u64 {
    let id = record.request();
    id.as_bytes()
        .first_chunk()
        .map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

fn say(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
