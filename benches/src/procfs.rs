//! What a process used, read off Linux's `/proc` (proc(5)): CPU time by thread and resident memory.

use std::collections::BTreeMap;
use std::fs;

use crate::failure::{Naming as _, Result};

/// Threads whose names begin so carry the journal into the store.
const DRAIN: &str = "drain";
/// Less than this between the two clocks is only their different grain (a tick is 10 ms).
const TICK_SLACK_NANOS: u64 = 30_000_000;

struct Thread {
    name: String,
    ran_nanos: u64,
    waited_nanos: u64,
}

/// The CPU clocks of a process at one moment.
pub(crate) struct Reading {
    threads: BTreeMap<u32, Thread>,
    /// Of the process, threads that have ended included; counted in ticks.
    all_nanos: u64,
}

/// CPU time between two readings.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spent {
    /// All threads but the drain's. A thread that ended in between is counted here.
    pub(crate) path_nanos: u64,
    pub(crate) drain_nanos: u64,
    /// Time that threads were ready to run and had no core.
    pub(crate) waited_nanos: u64,
}

impl Spent {
    pub(crate) fn whole_nanos(self) -> u64 {
        self.path_nanos + self.drain_nanos
    }
}

impl Reading {
    pub(crate) fn of(pid: u32) -> Result<Reading> {
        let mut threads = BTreeMap::new();
        let folder = format!("/proc/{pid}/task");
        for entry in fs::read_dir(&folder).naming(&folder)? {
            let path = entry.naming(&folder)?.path();
            let Some(id) = path
                .file_name()
                .and_then(|name| name.to_str()?.parse().ok())
            else {
                continue;
            };
            // A thread may end between the listing and the reading.
            let (Ok(name), Ok(clocks)) = (
                fs::read_to_string(path.join("comm")),
                fs::read_to_string(path.join("schedstat")),
            ) else {
                continue;
            };
            let mut clocks = clocks
                .split_ascii_whitespace()
                .map(|word| word.parse().unwrap_or(0));
            let (ran_nanos, waited_nanos) =
                (clocks.next().unwrap_or(0), clocks.next().unwrap_or(0));
            threads.insert(
                id,
                Thread {
                    name: name.trim_end().to_owned(),
                    ran_nanos,
                    waited_nanos,
                },
            );
        }
        let path = format!("/proc/{pid}/stat");
        let stat = fs::read_to_string(&path).naming(&path)?;
        // The second field is the name in parentheses; utime and stime are fields 14 and 15.
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let ticks: u64 = after_name
            .split_ascii_whitespace()
            .skip(11)
            .take(2)
            .map(|word| word.parse().unwrap_or(0))
            .sum();
        let all_nanos = ticks * 1_000_000_000 / rustix::param::clock_ticks_per_second().max(1);
        Ok(Reading { threads, all_nanos })
    }

    pub(crate) fn since(&self, before: &Reading) -> Spent {
        let mut spent = Spent::default();
        for (id, thread) in &self.threads {
            let (ran, waited) = before
                .threads
                .get(id)
                .map_or((0, 0), |then| (then.ran_nanos, then.waited_nanos));
            let ran = thread.ran_nanos.saturating_sub(ran);
            if thread.name.starts_with(DRAIN) {
                spent.drain_nanos += ran;
            } else {
                spent.path_nanos += ran;
                spent.waited_nanos += thread.waited_nanos.saturating_sub(waited);
            }
        }
        let all = self.all_nanos.saturating_sub(before.all_nanos);
        let unseen = all.saturating_sub(spent.whole_nanos());
        if unseen > TICK_SLACK_NANOS {
            spent.path_nanos += unseen;
        }
        spent
    }
}

/// Resident memory, KiB.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memory {
    pub(crate) resident: u64,
    /// Without the pages of mapped files.
    pub(crate) anonymous: u64,
}

impl Memory {
    pub(crate) fn of(pid: u32) -> Result<Memory> {
        let path = format!("/proc/{pid}/status");
        let status = fs::read_to_string(&path).naming(&path)?;
        let field = |name: &str| {
            status
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .and_then(|rest| rest.split_ascii_whitespace().next()?.parse().ok())
                .unwrap_or(0)
        };
        Ok(Memory {
            resident: field("VmRSS:"),
            anonymous: field("RssAnon:"),
        })
    }
}
