//! What must be in the journal, what may be, and what can't.

use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub(crate) struct Model {
    /// Accepted and not lost: position to number.
    records: BTreeMap<u64, u64>,
    /// Refused after a failed write: may show up after a restart.
    maybe: BTreeSet<u64>,
    /// Positions that damage touched, or whose only copy a failed sync left in doubt: they may be lost.
    doubtful: BTreeSet<u64>,
    /// Taken in, and nobody was told yet that they are in the kernel.
    unconfirmed: BTreeSet<u64>,
    /// Everything up to this position survives a power loss.
    synced: u64,
}

impl Model {
    pub(crate) fn accept(&mut self, position: u64, number: u64) {
        for later in self.records.split_off(&position).into_keys() {
            // A position is given again only where every trace of the first is gone.
            assert!(self.doubtful.remove(&later), "positions rise");
        }
        self.doubtful.remove(&position);
        self.records.insert(position, number);
    }

    pub(crate) fn enqueue(&mut self, position: u64, number: u64) {
        self.accept(position, number);
        self.unconfirmed.insert(position);
    }

    pub(crate) fn confirm(&mut self, position: u64) {
        self.unconfirmed.remove(&position);
    }

    /// It was taken in, and then the disk did not take it.
    pub(crate) fn refuse(&mut self, position: u64) {
        self.unconfirmed.remove(&position);
        let number = self.records.remove(&position);
        self.maybe.extend(number);
    }

    fn may_be_lost(&self, position: u64) -> bool {
        self.doubtful.contains(&position) || self.unconfirmed.contains(&position)
    }

    pub(crate) fn may_have(&mut self, number: u64) {
        self.maybe.insert(number);
    }

    pub(crate) fn is_synced(&mut self, position: u64) {
        assert!(position >= self.synced, "what is synced stays synced");
        self.synced = position;
    }

    pub(crate) fn doubt(&mut self, positions: impl IntoIterator<Item = u64>) {
        self.doubtful.extend(positions);
    }

    pub(crate) fn doubt_unsynced(&mut self) {
        let unsynced = self.records.range(self.synced + 1..);
        self.doubtful
            .extend(unsynced.map(|(position, _)| *position));
    }

    /// A record was read after another: it is one of ours, and none that must be there lies between them.
    pub(crate) fn check_read(&self, after: u64, position: u64, number: u64) {
        assert!(position > after, "position {position} came after {after}");
        let ours = self.records.get(&position);
        assert_eq!(ours, Some(&number), "at {position} stands another record");
        self.check_nothing_between(after, position);
    }

    pub(crate) fn check_nothing_between(&self, after: u64, before: u64) {
        let mut between = self.records.range(after + 1..before);
        let lost = between.find(|(position, _)| !self.may_be_lost(**position));
        assert_eq!(lost, None, "lost between {after} and {before}");
    }

    /// Everything after a position was read after a restart: what is not there must be allowed to be lost.
    pub(crate) fn settle(&mut self, after: u64, found: &[(u64, u64)], is_power_loss: bool) {
        self.doubtful.append(&mut self.unconfirmed);
        assert!(found.is_sorted_by_key(|(position, _)| *position));
        let present: BTreeMap<u64, u64> = found.iter().copied().collect();
        assert_eq!(present.len(), found.len(), "a record was doubled");
        for (position, number) in &present {
            match self.records.get(position) {
                Some(ours) if ours == number => {}
                // Where every trace of a doubtful record is gone, its position is given again.
                ours => {
                    let is_free = ours.is_none() || self.doubtful.contains(position);
                    assert!(is_free, "another record than {number} at {position}");
                    assert!(
                        self.maybe.remove(number),
                        "{number} at {position} was invented"
                    );
                    // Nothing was promised of it.
                    self.doubtful.insert(*position);
                    self.records.insert(*position, *number);
                }
            }
        }
        let (synced, doubtful) = (self.synced, &self.doubtful);
        self.records.retain(|position, number| {
            let is_there = *position <= after || present.contains_key(position);
            // Damage may be undone: a bit can flip back.
            let may_be_there = doubtful.contains(position);
            assert!(
                is_there || may_be_there || (is_power_loss && *position > synced),
                "{number} at {position} was lost (synced {synced}, power loss {is_power_loss})"
            );
            is_there || may_be_there
        });
        let numbers: BTreeSet<_> = self.records.values().collect();
        assert_eq!(numbers.len(), self.records.len(), "a record was doubled");
    }

    /// A restart synced everything that was found, or failed to.
    pub(crate) fn restarted(&mut self, after: u64, found: &[(u64, u64)], is_synced: bool) {
        if !is_synced {
            self.doubt_unsynced();
        }
        self.synced = found.last().map_or(after, |(last, _)| *last);
    }
}
