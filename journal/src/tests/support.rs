//! Journals in temporary folders, and records with a number in them.

use crate::disk::{Disk, DiskFile};
use crate::{
    Closed, Options, Outcome, Pairs, Progress, Reader, RealDisk, Record, Recovery, Writer, open,
};
use std::any::Any;
use std::future::Future;
use std::io;
use std::ops::RangeInclusive;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;
use tempfile::TempDir;
use tollgate_domain::{Cost, RequestId, Usage};

pub(super) struct Journal(TempDir);

impl Journal {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn open(&self) -> Writer {
        self.open_with(options(self.path()))
    }

    pub(super) fn open_and_report(&self) -> (Writer, Recovery) {
        open(options(self.path()), Arc::new(RealDisk::new())).unwrap()
    }

    pub(super) fn open_with(&self, options: Options) -> Writer {
        open(options, Arc::new(RealDisk::new())).unwrap().0
    }
}

/// Small segments, and no threads.
pub(super) fn options(folder: &Path) -> Options {
    let mut options = Options::new(folder, 0x5eed);
    options.segment_bytes = 16 << 10;
    options.has_threads = false;
    options
}

pub(super) fn id(number: u64) -> [u8; 16] {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    id
}

pub(super) fn record(number: u64, output: &[u8]) -> Record<'_> {
    Record::Progress(Progress {
        request: RequestId::from_bytes(id(number)),
        attempt: 1,
        at_unix_nanos: 0,
        usage: None,
        is_usage_final: false,
        output,
        output_bytes: 5,
    })
}

pub(super) fn closed(number: u64) -> Record<'static> {
    Record::Closed(Closed {
        request: RequestId::from_bytes(id(number)),
        ended_unix_nanos: 0,
        outcome: Outcome::Ok,
        status: 200,
        error_type: "",
        error_message: "",
        usage: Usage::default(),
        cost: Cost::default(),
        unpriced: false,
        first_token_nanos: None,
        output: b"",
        output_bytes: 0,
        losses: "",
        attributes: Pairs::EMPTY,
    })
}

pub(super) fn number(record: &Record<'_>) -> u64 {
    u64::from_be_bytes(*record.request().as_bytes().first_chunk().unwrap())
}

pub(super) fn numbers(range: RangeInclusive<u64>) -> Vec<u64> {
    range.collect()
}

pub(super) fn read_all(reader: &mut Reader) -> Vec<u64> {
    let mut all = Vec::new();
    while let Some(entry) = reader.next().unwrap() {
        all.push(number(&entry.record));
    }
    all
}

pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// Waits for a condition that comes by itself.
pub(super) fn until(mut holds: impl FnMut() -> bool) {
    let disk = RealDisk::new();
    while !holds() {
        assert!(disk.now() < Duration::from_secs(30), "it never came");
        thread::yield_now();
    }
}

/// The real disk, with operations that fail on command.
#[derive(Clone, Default)]
pub(super) struct FaultyDisk {
    disk: RealDisk,
    /// How many of the next syncs, writes and reads of files fail.
    pub(super) failing_syncs: Arc<AtomicU64>,
    pub(super) failing_writes: Arc<AtomicU64>,
    pub(super) failing_reads: Arc<AtomicU64>,
    pub(super) is_full: Arc<AtomicBool>,
    /// Files that are being made are not yet there.
    pub(super) holds_creates: Arc<AtomicBool>,
}

struct FaultyFile {
    file: Arc<dyn DiskFile>,
    disk: FaultyDisk,
    /// Its making is over: the header is written and synced.
    is_made: AtomicBool,
}

fn fails(count: &AtomicU64) -> bool {
    let left = |left: u64| left.checked_sub(1);
    let counted = count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left);
    counted.is_ok()
}

impl Disk for FaultyDisk {
    fn claim(&self, folder: &Path) -> io::Result<Box<dyn Any + Send + Sync>> {
        self.disk.claim(folder)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.disk.list(folder)
    }

    fn create(&self, path: &Path, length: u64) -> io::Result<Arc<dyn DiskFile>> {
        if self.is_full.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        while self.holds_creates.load(Ordering::SeqCst) {
            thread::yield_now();
        }
        Ok(Arc::new(FaultyFile {
            file: self.disk.create(path, length)?,
            disk: self.clone(),
            is_made: AtomicBool::new(false),
        }))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(FaultyFile {
            file: self.disk.open(path)?,
            disk: self.clone(),
            is_made: AtomicBool::new(true),
        }))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.disk.sync_folder(folder)
    }

    fn now(&self) -> Duration {
        self.disk.now()
    }
}

impl DiskFile for FaultyFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        if self.is_made.load(Ordering::SeqCst) && fails(&self.disk.failing_writes) {
            let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
            self.file.write_at(half, offset)?;
            return Err(io::Error::other("write failed"));
        }
        self.file.write_at(bytes, offset)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        if fails(&self.disk.failing_reads) {
            return Err(io::Error::other("read failed"));
        }
        self.file.read_at(buffer, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        if self.is_made.swap(true, Ordering::SeqCst) && fails(&self.disk.failing_syncs) {
            return Err(io::Error::other("sync failed"));
        }
        self.file.sync_data()
    }

    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.file.truncate(length)
    }
}
