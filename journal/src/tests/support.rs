//! Journals in temporary folders, and records with a number in them.

use crate::{Options, Progress, Reader, RealDisk, Record, Writer, open};
use std::future::Future;
use std::ops::RangeInclusive;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use tempfile::TempDir;
use tollgate_domain::RequestId;

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

pub(super) fn record(number: u64, output: &[u8]) -> Record<'_> {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    Record::Progress(Progress {
        request: RequestId::from_bytes(id),
        attempt: 1,
        usage: None,
        output,
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
