//! What an append costs, and a start: `cargo run --release -p tollgate-journal --example append_cost FOLDER [A_SECOND]`.
//!
//! Appends records of 1.5 KB in bursts of 64 (as an event loop's turn does), 0 a second for as fast as it goes, and
//! prints CPU time a record (with the waiting between bursts) for the appending thread and for the whole process, which
//! includes the journal's threads.
//! Then opens the journal again and reads it. The folder must be on the disk that is meant: `/tmp` is often memory.

use std::error::Error;
use std::fs;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tollgate_domain::RequestId;
use tollgate_journal::disk::Disk;
use tollgate_journal::{Options, Position, Progress, RealDisk, Record, open};

const RECORDS: u64 = 200_000;
const BURST: u64 = 64;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments
        .next()
        .ok_or("usage: append_cost FOLDER [A_SECOND]")?;
    let a_second: u64 = arguments.next().map_or(Ok(20_000), |text| text.parse())?;
    let folder = format!("{folder}/append-cost");
    let disk = Arc::new(RealDisk::new());

    let (writer, _) = open(Options::new(&folder, 1), disk.clone())?;
    let output = [b'x'; 1_450];
    let record = Record::Progress(Progress {
        request: RequestId::from_bytes([1; 16]),
        attempt: 1,
        at_unix_nanos: 0,
        usage: None,
        is_usage_final: false,
        output: &output,
        output_bytes: 5,
    });
    let (process, own, started) = (process_cpu()?, thread_cpu()?, disk.now());
    let mut written = 0;
    while written < RECORDS {
        let due = written.saturating_mul(1_000_000_000).checked_div(a_second);
        let due = started.saturating_add(Duration::from_nanos(due.unwrap_or(0)));
        thread::sleep(due.saturating_sub(disk.now()));
        for _ in 0..BURST {
            writer.append(&record)?;
        }
        written += BURST;
    }
    // Seen as of the last switch of threads, which is near enough over so many.
    let own = thread_cpu()?.saturating_sub(own);
    let process = process_cpu()?.saturating_sub(process);
    println!(
        "append: {} ns of its thread, {} ns of the process",
        own / written,
        process / written
    );
    println!("{:?}", writer.stats());
    drop(writer);

    let (writer, recovery) = open(Options::new(&folder, 2), disk.clone())?;
    println!(
        "start: {} MB in {:?}",
        recovery.bytes / 1_000_000,
        recovery.took
    );
    let mut reader = writer.reader(Position::START);
    let started = disk.now();
    let mut read = 0u64;
    while reader.next()?.is_some() {
        read += 1;
    }
    println!(
        "read: {read} records in {:?}",
        disk.now().saturating_sub(started)
    );
    drop((writer, reader));
    Ok(fs::remove_dir_all(folder)?)
}

/// Nanoseconds of CPU that this thread has had.
fn thread_cpu() -> Result<u64, Box<dyn Error>> {
    schedstat("/proc/thread-self/schedstat")
}

/// Of all threads that live.
fn process_cpu() -> Result<u64, Box<dyn Error>> {
    let mut sum = 0;
    for task in fs::read_dir("/proc/self/task")? {
        sum += schedstat(&format!("{}/schedstat", task?.path().display()))?;
    }
    Ok(sum)
}

fn schedstat(path: &str) -> Result<u64, Box<dyn Error>> {
    let text = fs::read_to_string(path)?;
    let first = text.split_whitespace().next().ok_or("an empty schedstat")?;
    Ok(first.parse()?)
}
