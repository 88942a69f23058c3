//! A file of the simulated disk: what the cache shows, and what is on the disk.

use super::rng::Rng;
use std::collections::BTreeSet;

const SECTOR: usize = 64;

#[derive(Clone, Default)]
pub(crate) struct Inode {
    pub(crate) cached: Vec<u8>,
    durable: Vec<u8>,
    dirty: BTreeSet<usize>,
    /// Clean by name only: what the cache shows is not on the disk.
    forgotten: BTreeSet<usize>,
}

impl Inode {
    pub(crate) fn new(length: usize) -> Self {
        Self {
            cached: vec![0; length],
            ..Self::default()
        }
    }

    pub(crate) fn durable(content: Vec<u8>) -> Self {
        Self {
            cached: content.clone(),
            durable: content,
            ..Self::default()
        }
    }

    /// Damage from outside: in the cache and on the disk.
    pub(crate) fn change(&mut self, change: impl Fn(&mut Vec<u8>)) {
        change(&mut self.cached);
        change(&mut self.durable);
        self.forget_beyond_end();
    }

    pub(crate) fn truncate(&mut self, length: usize) {
        self.cached.resize(length, 0);
        self.forget_beyond_end();
    }

    fn forget_beyond_end(&mut self) {
        let sectors = self.cached.len().div_ceil(SECTOR);
        self.dirty.retain(|sector| *sector < sectors);
        self.forgotten.retain(|sector| *sector < sectors);
    }

    pub(crate) fn write(&mut self, bytes: &[u8], offset: usize) {
        let end = offset + bytes.len();
        if self.cached.len() < end {
            self.cached.resize(end, 0);
        }
        self.cached[offset..end].copy_from_slice(bytes);
        if !bytes.is_empty() {
            let sectors = offset / SECTOR..=(end - 1) / SECTOR;
            self.dirty.extend(sectors.clone());
            self.forgotten.retain(|sector| !sectors.contains(sector));
        }
    }

    fn persist(&mut self, sector: usize) {
        let start = sector * SECTOR;
        let end = (start + SECTOR).min(self.cached.len());
        if self.durable.len() < end {
            self.durable.resize(end, 0);
        }
        if start < end {
            self.durable[start..end].copy_from_slice(&self.cached[start..end]);
        }
    }

    pub(crate) fn sync(&mut self) {
        for sector in std::mem::take(&mut self.dirty) {
            self.persist(sector);
        }
        self.durable.resize(self.cached.len(), 0);
    }

    pub(crate) fn fail_sync(&mut self, rng: &mut Rng) {
        self.durable.resize(self.cached.len(), 0);
        for sector in std::mem::take(&mut self.dirty) {
            match rng.percent(50) {
                true => self.persist(sector),
                false => drop(self.forgotten.insert(sector)),
            }
        }
        if rng.percent(50) {
            self.evict();
        }
    }

    pub(crate) fn evict(&mut self) {
        for sector in std::mem::take(&mut self.forgotten) {
            let start = sector * SECTOR;
            let end = (start + SECTOR)
                .min(self.cached.len())
                .min(self.durable.len());
            if start < end {
                self.cached[start..end].copy_from_slice(&self.durable[start..end]);
            }
        }
    }

    pub(crate) fn lose(&mut self, rng: &mut Rng) {
        if rng.percent(50) {
            self.durable.resize(self.cached.len(), 0);
        }
        for sector in std::mem::take(&mut self.dirty) {
            match rng.below(3) {
                0 => self.persist(sector),
                1 => {}
                _ => {
                    let start = sector * SECTOR;
                    let end = start + rng.below(SECTOR as u64) as usize;
                    let end = end.min(self.cached.len()).min(self.durable.len());
                    if start < end {
                        self.durable[start..end].copy_from_slice(&self.cached[start..end]);
                    }
                }
            }
        }
        self.forgotten.clear();
        self.cached = self.durable.clone();
    }
}
