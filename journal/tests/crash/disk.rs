//! A disk that does what disks do when they fail.
//!
//! What is written is in the cache until it is synced. A power loss keeps, of each unsynced sector, the new bytes, the
//! old ones or some of each, and of each unsynced name the new state or the old. A failed sync keeps some sectors,
//! forgets the others, and calls all of them clean, as Linux does; the forgotten ones vanish from the cache at once or
//! later.

use super::inode::Inode;
use super::rng::Rng;
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tollgate_journal::disk::{Disk, DiskFile};

/// Chances in percent that an operation fails.
#[derive(Clone, Copy, Default)]
pub(crate) struct Faults {
    pub(crate) sync: u64,
    pub(crate) write: u64,
    pub(crate) read: u64,
    pub(crate) folder: u64,
}

#[derive(Clone)]
pub(crate) struct SimDisk(Arc<Mutex<State>>);

pub(crate) struct State {
    rng: Rng,
    files: BTreeMap<u64, Inode>,
    names: BTreeMap<PathBuf, u64>,
    durable_names: BTreeMap<PathBuf, u64>,
    next_inode: u64,
    pub(crate) faults: Faults,
    pub(crate) capacity: u64,
    /// Operations until the machine stops.
    pub(crate) stops_in: Option<u64>,
    failed_reads: u64,
    /// Run at the next sync of a file, before its effect or after it, as another thread would.
    pub(crate) meanwhile: Option<Box<dyn FnOnce() + Send>>,
    claimed: Arc<AtomicBool>,
    clock: u64,
}

impl SimDisk {
    pub(crate) fn new(rng: Rng) -> Self {
        Self(Arc::new(Mutex::new(State {
            rng,
            files: BTreeMap::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            next_inode: 0,
            faults: Faults::default(),
            capacity: u64::MAX,
            stops_in: None,
            failed_reads: 0,
            meanwhile: None,
            claimed: Arc::default(),
            clock: 0,
        })))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(|poison| poison.into_inner())
    }
}

impl State {
    /// Counts an operation; an error once the machine has stopped, and at the stop itself.
    fn step(&mut self) -> io::Result<()> {
        self.clock += 1;
        match &mut self.stops_in {
            Some(0) => Err(io::Error::other("the machine has stopped")),
            Some(left) => {
                *left -= 1;
                match *left {
                    0 => Err(io::Error::other("the machine stops")),
                    _ => Ok(()),
                }
            }
            None => Ok(()),
        }
    }

    pub(crate) fn has_stopped(&self) -> bool {
        self.stops_in == Some(0)
    }

    pub(crate) fn power_loss(&mut self) {
        let changed: BTreeSet<_> = self
            .names
            .keys()
            .chain(self.durable_names.keys())
            .cloned()
            .collect();
        for path in changed {
            let (new, old) = (self.names.get(&path), self.durable_names.get(&path));
            let kept = match self.rng.percent(50) {
                true => new.copied(),
                false => old.copied(),
            };
            match kept {
                Some(inode) => self.names.insert(path, inode),
                None => self.names.remove(&path),
            };
        }
        self.durable_names = self.names.clone();
        for inode in self.files.values_mut() {
            inode.lose(&mut self.rng);
        }
        self.restart();
    }

    pub(crate) fn restart(&mut self) {
        self.stops_in = None;
        self.failed_reads = 0;
    }

    /// The cache forgets what a failed sync did not keep.
    pub(crate) fn evict(&mut self) {
        for inode in self.files.values_mut() {
            inode.evict();
        }
    }

    pub(crate) fn used(&self) -> u64 {
        let lengths = self
            .names
            .values()
            .filter_map(|inode| self.files.get(inode));
        lengths.map(|inode| inode.cached.len() as u64).sum()
    }

    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        self.names.keys().cloned().collect()
    }

    pub(crate) fn content(&self, path: &Path) -> Vec<u8> {
        let inode = self.names.get(path).and_then(|id| self.files.get(id));
        inode.map(|inode| inode.cached.clone()).unwrap_or_default()
    }

    /// Damage from outside: in the cache and on the disk.
    pub(crate) fn change(&mut self, path: &Path, change: impl Fn(&mut Vec<u8>)) {
        let inode = self.names.get(path).and_then(|id| self.files.get_mut(id));
        if let Some(inode) = inode {
            inode.change(change);
        }
    }

    pub(crate) fn delete(&mut self, path: &Path) {
        self.names.remove(path);
        self.durable_names.remove(path);
    }

    /// A copy made, and synced, by hand.
    pub(crate) fn copy(&mut self, from: &Path, to: PathBuf) {
        let content = self.content(from);
        let id = self.next_inode;
        self.next_inode += 1;
        self.files.insert(id, Inode::durable(content));
        self.names.insert(to.clone(), id);
        self.durable_names.insert(to, id);
    }
}

struct Claim(Arc<AtomicBool>);

impl Drop for Claim {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

impl Disk for SimDisk {
    fn claim(&self, _: &Path) -> io::Result<Box<dyn Any + Send + Sync>> {
        let claimed = self.state().claimed.clone();
        match claimed.swap(true, Ordering::SeqCst) {
            true => Err(io::ErrorKind::WouldBlock.into()),
            false => Ok(Box::new(Claim(claimed))),
        }
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let names = self.state().paths().into_iter();
        let names = names.filter_map(|path| Some(path.strip_prefix(folder).ok()?.to_str()?.into()));
        Ok(names.collect())
    }

    fn create(&self, path: &Path, length: u64) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state();
        state.step()?;
        if state.used().saturating_add(length) > state.capacity {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let chance = state.faults.folder;
        if state.rng.percent(chance) {
            return Err(io::Error::other("create failed"));
        }
        assert!(!state.names.contains_key(path), "a file is made once");
        let id = state.next_inode;
        state.next_inode += 1;
        state.files.insert(id, Inode::new(length as usize));
        state.names.insert(path.to_owned(), id);
        Ok(Arc::new(SimFile(self.clone(), id)))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let state = self.state();
        let id = state
            .names
            .get(path)
            .copied()
            .ok_or(io::ErrorKind::NotFound)?;
        Ok(Arc::new(SimFile(self.clone(), id)))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.step()?;
        let chance = state.faults.folder;
        if state.rng.percent(chance) {
            return Err(io::Error::other("remove failed"));
        }
        let removed = state.names.remove(path);
        removed.map(|_| ()).ok_or(io::ErrorKind::NotFound.into())
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.step()?;
        let chance = state.faults.folder;
        if state.rng.percent(chance) {
            return Err(io::Error::other("folder sync failed"));
        }
        state.durable_names = state.names.clone();
        Ok(())
    }

    fn now(&self) -> Duration {
        Duration::from_micros(self.state().clock)
    }
}

struct SimFile(SimDisk, u64);

impl SimFile {
    fn with<T>(&self, act: impl FnOnce(&mut Inode, &mut Rng) -> T) -> io::Result<T> {
        let mut state = self.0.state();
        let State { files, rng, .. } = &mut *state;
        let inode = files.get_mut(&self.1).ok_or(io::ErrorKind::NotFound)?;
        Ok(act(inode, rng))
    }

    /// Whether the operation at hand fails; `Err` when the machine stops at it.
    fn fails(&self, chance: impl Fn(&Faults) -> u64) -> io::Result<bool> {
        let mut state = self.0.state();
        state.step()?;
        let chance = chance(&state.faults);
        Ok(state.rng.percent(chance))
    }
}

impl SimFile {
    fn sync_now(&self) -> io::Result<()> {
        match self.fails(|faults| faults.sync)? {
            false => self.with(|inode, _| inode.sync()),
            true => {
                self.with(Inode::fail_sync)?;
                Err(io::Error::other("sync failed"))
            }
        }
    }
}

impl DiskFile for SimFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let was_stopped = self.0.state().has_stopped();
        let failed = match self.fails(|faults| faults.write) {
            Ok(false) => None,
            Ok(true) => Some(io::Error::other("write failed")),
            Err(error) if was_stopped => return Err(error),
            Err(error) => Some(error),
        };
        self.with(|inode, rng| {
            let length = match &failed {
                Some(_) => rng.below(bytes.len() as u64 + 1) as usize,
                None => bytes.len(),
            };
            inode.write(&bytes[..length], offset as usize);
        })?;
        failed.map_or(Ok(()), Err)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut state = self.0.state();
        let chance = state.faults.read;
        // Errors that pass: fewer in a row than the journal tries.
        if state.failed_reads < 2 && state.rng.percent(chance) {
            state.failed_reads += 1;
            return Err(io::Error::other("read failed"));
        }
        state.failed_reads = 0;
        drop(state);
        self.with(|inode, _| {
            let rest = inode.cached.get(offset as usize..).unwrap_or_default();
            let count = rest.len().min(buffer.len());
            buffer[..count].copy_from_slice(&rest[..count]);
            count
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        let (meanwhile, is_before) = {
            let mut state = self.0.state();
            (state.meanwhile.take(), state.rng.percent(50))
        };
        let (before, after) = match is_before {
            true => (meanwhile, None),
            false => (None, meanwhile),
        };
        before.into_iter().for_each(|act| act());
        let synced = self.sync_now();
        after.into_iter().for_each(|act| act());
        synced
    }

    fn length(&self) -> io::Result<u64> {
        self.with(|inode, _| inode.cached.len() as u64)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.with(|inode, _| inode.truncate(length as usize))
    }
}
