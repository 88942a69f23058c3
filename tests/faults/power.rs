//! Power that is lost under load (promise D2): the file system with journal and store on it is shut down, mounted again
//! with what had reached the device, and the accounts compared with the provider's.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use super::books::{Clients, Losses};
use super::mount::{Mount, skip};
use crate::server::{Server, configuration};
use crate::upstream::Upstream;

const CLIENTS: usize = 16;
/// Losses; `TOLLGATE_POWER_LOSSES=50` is the long form.
const LOSSES: u64 = 3;
/// `group` promises 5 ms and one sync, which a busy machine may stretch.
const GRACE: Duration = Duration::from_millis(500);

#[expect(clippy::disallowed_methods, reason = "tests wait by the real clock")]
fn lose_power_under_load(file_system: &str, sync: &str, grace: Option<Duration>) {
    let disk = match Mount::device(file_system, 320) {
        Ok(disk) => disk,
        Err(why) => skip!(why),
    };
    let count =
        std::env::var("TOLLGATE_POWER_LOSSES").map_or(LOSSES, |count| count.parse().unwrap());
    let upstream = Upstream::start();
    let (database, journal) = (disk.path().join("tollgate.db"), disk.path().join("journal"));
    let store = format!(
        "url: \"sqlite://{}\", journal: \"{}\", journal_max: 64MiB, sync: {sync}",
        database.display(),
        journal.display(),
    );
    let here = "url: \"sqlite://data/tollgate.db\", journal: data/journal";
    let yaml = configuration(upstream.address).replace(here, &store);
    let mut server = Server::configured(&yaml);
    let address = server.address;
    let clients = Clients::default();
    let random = RandomState::new();
    let mut losses = Losses {
        moments: Vec::new(),
        grace,
    };
    clients.call_while(CLIENTS, address, || {
        for number in 0..count {
            clients.wait_for(50 + random.hash_one(number) as usize % 100);
            losses.moments.push(Instant::now());
            // Nobody is left then who could take a sync for done that the loss cuts short.
            clients.kill_and_restart(&mut server, || {
                disk.lose_power().unwrap();
                disk.restart();
            });
        }
        clients.wait_for(50);
    });
    println!("{file_system}, {sync}:");
    clients.compare_after(&losses, &database, &mut server, &upstream);
}

#[test]
fn synced_each_no_end_that_a_client_saw_is_lost_on_ext4() {
    lose_power_under_load("ext4", "each", None);
}

#[test]
fn synced_each_no_end_that_a_client_saw_is_lost_on_xfs() {
    lose_power_under_load("xfs", "each", None);
}

#[test]
fn synced_together_only_the_last_moment_is_lost_on_ext4() {
    lose_power_under_load("ext4", "group", Some(GRACE));
}

#[test]
fn synced_together_only_the_last_moment_is_lost_on_xfs() {
    lose_power_under_load("xfs", "group", Some(GRACE));
}
