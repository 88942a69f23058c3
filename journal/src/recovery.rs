//! What an earlier run left: every segment is read once and its checksums compared.
//!
//! Nothing found here stops a start. Segments are put into the order of their first record; where two hold the same
//! records (a copy, or a rewriting after a failed sync) readers merge them.

use crate::disk::Disk;
use crate::error::OpenError;
use crate::log::segments::Segment;
use crate::scan::Scan;
use crate::segment::{HEADER, Header, is_segment, parse_header, parse_name};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What was found when the journal was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    pub segments: u64,
    pub bytes: u64,
    /// Records whose checksums hold; those in two segments count twice.
    pub records: u64,
    /// Damaged places, among them the torn end that a power loss leaves. Readers count what it cost.
    pub damaged: u64,
    /// Segments that could not be opened, or were written by another release. They are left alone.
    pub unreadable: u64,
    /// Segments whose sync failed: what the last run had not synced is not safe from a power loss.
    pub unsynced: u64,
    pub took: Duration,
}

pub(crate) struct Found {
    pub(crate) report: Recovery,
    pub(crate) segments: Vec<Segment>,
    /// Greater than every number that a file has.
    pub(crate) next_number: u64,
    /// The greatest sequence number that is known to be spent.
    pub(crate) last: u64,
    /// Files with nothing in them, to be removed, and their sizes.
    pub(crate) empty: Vec<(PathBuf, u64)>,
}

pub(crate) fn recover(disk: &dyn Disk, folder: &Path) -> Result<Found, OpenError> {
    let started = disk.now();
    let failed = |source| OpenError::Folder {
        folder: folder.to_owned(),
        source,
    };
    let mut found = Found {
        report: Recovery::default(),
        segments: Vec::new(),
        next_number: 1,
        last: 0,
        empty: Vec::new(),
    };
    let mut names = disk.list(folder).map_err(failed)?;
    names.retain(|name| is_segment(name));
    names.sort_unstable();
    for name in names {
        if let Some((number, _)) = parse_name(&name) {
            found.next_number = found.next_number.max(number.saturating_add(1));
        }
        if examine(disk, folder, &name, &mut found).is_err() {
            found.report.unreadable = found.report.unreadable.saturating_add(1);
        }
    }
    let readable = found.segments.iter().map(|s| s.last).max().unwrap_or(0);
    for segment in found.segments.iter_mut().filter(|s| s.last == 0) {
        // Nothing of it can be read: it goes with all that can.
        (segment.first, segment.last) = (readable, readable);
    }
    if readable == 0 {
        let lost = found.segments.drain(..);
        found.empty.extend(lost.map(|s| (s.path, s.capacity)));
    }
    found.segments.sort_by_key(|segment| segment.first);
    let held = found.segments.iter().map(|segment| segment.capacity);
    found.report.bytes = held.sum();
    found.report.segments = found.segments.len() as u64;
    found.report.took = disk.now().saturating_sub(started);
    Ok(found)
}

/// Reads one segment through.
fn examine(disk: &dyn Disk, folder: &Path, name: &str, found: &mut Found) -> io::Result<()> {
    let path = folder.join(name);
    let file = disk.open(&path)?;
    let length = retry(|| file.length())?;
    let mut header = [0; HEADER];
    let header = match retry(|| file.read_at(&mut header, 0)) {
        Ok(_) => parse_header(&header),
        Err(_) => Header::Damaged,
    };
    let report = &mut found.report;
    let nonce = match (header, parse_name(name)) {
        (Header::Valid(label), _) => {
            found.last = found.last.max(label.base);
            label.nonce
        }
        (Header::Damaged, Some((_, nonce))) => nonce,
        (Header::Foreign, _) | (Header::Damaged, None) => {
            report.unreadable = report.unreadable.saturating_add(1);
            return Ok(());
        }
    };
    let mut scan = Scan::new(file.clone(), nonce, length);
    let (mut first, mut last, mut records) = (0, 0, 0u64);
    while let Some(sequence) = scan_on(&mut scan) {
        if records == 0 {
            first = sequence;
        }
        last = sequence;
        records = records.saturating_add(1);
    }
    report.records = report.records.saturating_add(records);
    report.damaged = report.damaged.saturating_add(scan.damaged);
    found.last = found.last.max(last);
    match (records, scan.has_unread, scan.damaged) {
        // It may be readable again at another start.
        (0, true, _) => {
            report.unreadable = report.unreadable.saturating_add(1);
            return Ok(());
        }
        // Made in advance, and not used.
        (0, false, 0) => {
            found.empty.push((path, length));
            return Ok(());
        }
        _ => {}
    }
    // The last run may have been killed before it synced this.
    if file.sync_data().is_err() {
        report.unsynced = report.unsynced.saturating_add(1);
    }
    let mut held = length;
    if !scan.has_unread && scan.used < length && file.truncate(scan.used).is_ok() {
        held = scan.used;
    }
    let segment = Segment::recovered(path, file, nonce, (first, last), held);
    found.segments.push(segment);
    Ok(())
}

/// The next frame's sequence number, with reads tried until they succeed or are given up.
fn scan_on(scan: &mut Scan) -> Option<u64> {
    loop {
        if let Ok(frame) = scan.next() {
            return frame.map(|frame| frame.sequence);
        }
    }
}

fn retry<T>(mut operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let mut last = operation();
    for _ in 0..3 {
        if last.is_ok() {
            break;
        }
        last = operation();
    }
    last
}
