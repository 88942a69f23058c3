//! The journal's only door to the file system and the clock, so that all of it also runs on a simulated disk.

use rustix::fs::{FallocateFlags, FlockOperation, fallocate, fdatasync, flock};
use rustix::io::Errno;
use std::any::Any;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What the journal asks of a disk. Methods block; each may fail, and the journal lives with that.
pub trait Disk: Send + Sync + 'static {
    /// Makes the folder where it is missing, and holds it for this process until the returned value is dropped.
    fn claim(&self, folder: &Path) -> io::Result<Box<dyn Any + Send + Sync>>;
    /// The names of the folder's files.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;
    /// A new file of `length` zeros whose space is the file's already, where the file system can do that.
    fn create(&self, path: &Path, length: u64) -> io::Result<Arc<dyn DiskFile>>;
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes the folder's entries durable.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
    /// The monotonic clock.
    fn now(&self) -> Duration;
}

/// An open file.
pub trait DiskFile: Send + Sync + 'static {
    /// Writes all bytes, or fails having written some part of them. They are in the kernel on return.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Reads up to the buffer's size; less only at the file's end.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Makes what was written durable. After an error nothing unsynced of this file can be relied on, and a second
    /// call that succeeds means nothing: Linux reports a failed write-back once.
    fn sync_data(&self) -> io::Result<()>;
    fn length(&self) -> io::Result<u64>;
    fn truncate(&self, length: u64) -> io::Result<()>;
}

/// The machine's own disk.
#[derive(Clone, Copy, Debug)]
pub struct RealDisk {
    started: Instant,
}

impl RealDisk {
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
        }
    }
}

impl Default for RealDisk {
    fn default() -> Self {
        Self::new()
    }
}

impl Disk for RealDisk {
    fn claim(&self, folder: &Path) -> io::Result<Box<dyn Any + Send + Sync>> {
        // Prompts are in it.
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        let handle = File::open(folder)?;
        flock(&handle, FlockOperation::NonBlockingLockExclusive)?;
        if let Some(parent) = folder.parent().filter(|path| !path.as_os_str().is_empty()) {
            File::open(parent)?.sync_all()?;
        }
        Ok(Box::new(handle))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }

    fn create(&self, path: &Path, length: u64) -> io::Result<Arc<dyn DiskFile>> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        match fallocate(&file, FallocateFlags::empty(), 0, length) {
            Ok(()) => {}
            // A file system that can't preallocate shows a full disk at the write instead.
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => file.set_len(length)?,
            Err(error) => {
                drop(file);
                let _ = fs::remove_file(path);
                return Err(error.into());
            }
        }
        Ok(Arc::new(RealFile(file)))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Arc::new(RealFile(file)))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }
}

struct RealFile(File);

impl DiskFile for RealFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0usize;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.0.read_at(rest, offset.saturating_add(filled as u64)) {
                Ok(0) => break,
                Ok(count) => filled = filled.saturating_add(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn sync_data(&self) -> io::Result<()> {
        fdatasync(&self.0)?;
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }
}
