//! The store is locked, full or slow: no request waits for it, and nothing is lost (promise D4).

use std::fs::{self, File};
use std::io::Write;
use std::time::Duration;

use rusqlite::Connection;

use super::books::Clients;
use super::mount::{Mount, skip};
use crate::metrics;
use crate::server::{Server, configuration};
use crate::upstream::Upstream;
use crate::wait;

const CLIENTS: usize = 8;
/// Ten times what a request takes here, and less than the store is waited for.
const PROMPT: Duration = Duration::from_secs(5);

/// Holds the store's write lock.
pub(super) fn lock(server: &Server) -> Connection {
    let connection = Connection::open(server.data().join("tollgate.db")).unwrap();
    connection.busy_timeout(Duration::from_secs(30)).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    connection
}

#[test]
fn while_the_store_is_locked_requests_go_on_and_are_all_accounted_later() {
    let upstream = Upstream::start();
    let mut server = Server::before(&upstream);
    let address = server.address;
    let clients = Clients::default();
    clients.call_while(CLIENTS, address, || {
        clients.wait_for(50);
        let locked = lock(&server);
        clients.wait_for(600);
        let undrained = metrics::value(&server, "tollgate_journal_oldest_undrained_seconds");
        assert!(undrained > 0.0, "nothing waited for the store");
        drop(locked);
        clients.wait_for(50);
    });
    assert!(clients.slowest() < PROMPT, "{:?}", clients.slowest());
    assert_eq!(clients.refused(), 0);
    clients.compare(&mut server, &upstream);
}

#[test]
fn a_kill_while_the_store_is_locked_loses_nothing() {
    let upstream = Upstream::start();
    let mut server = Server::before(&upstream);
    let address = server.address;
    let clients = Clients::default();
    clients.call_while(CLIENTS, address, || {
        clients.wait_for(50);
        let locked = lock(&server);
        clients.wait_for(300);
        clients.kill_and_restart(&mut server, || drop(locked));
        clients.wait_for(50);
    });
    clients.compare(&mut server, &upstream);
}

/// Takes all that is left on a file system.
fn fill(path: &std::path::Path) {
    let mut ballast = File::create(path).unwrap();
    while ballast.write_all(&[0; 4096]).is_ok() {}
}

#[test]
fn while_the_stores_disk_is_full_requests_go_on_and_are_all_accounted_later() {
    let disk = match Mount::memory("48m") {
        Ok(disk) => disk,
        Err(why) => skip!(why),
    };
    let upstream = Upstream::start();
    let database = disk.path().join("tollgate.db");
    let url = format!("sqlite://{}", database.display());
    let yaml = configuration(upstream.address).replace("sqlite://data/tollgate.db", &url);
    let mut server = Server::configured(&yaml);
    let address = server.address;
    let clients = Clients::default();
    clients.call_while(CLIENTS, address, || {
        clients.wait_for(50);
        let ballast = disk.path().join("ballast");
        fill(&ballast);
        wait::until("the store to refuse", || {
            metrics::value(&server, "tollgate_drain_errors") >= 3.0
        });
        clients.wait_for(300);
        fs::remove_file(ballast).unwrap();
        clients.wait_for(50);
    });
    assert!(clients.slowest() < PROMPT, "{:?}", clients.slowest());
    assert_eq!(clients.refused(), 0);
    for put_aside in ["reduced", "put_aside"] {
        let name = format!("tollgate_drain_{put_aside}_requests");
        assert_eq!(
            metrics::value(&server, &name),
            0.0,
            "a full disk is no row's fault"
        );
    }
    clients.compare_in(&database, &mut server, &upstream);
}

/// A journal of a few segments, which is full after some hundred requests that no store takes.
fn small_journal(upstream: &Upstream) -> String {
    configuration(upstream.address).replace(
        "journal: data/journal",
        "journal: data/journal, journal_max: 1MiB",
    )
}

#[test]
fn a_full_journal_refuses_requests_until_the_store_is_back_and_loses_none() {
    let upstream = Upstream::start();
    let mut server = Server::configured(&small_journal(&upstream));
    let address = server.address;
    let clients = Clients::default();
    clients.call_while(CLIENTS, address, || {
        clients.wait_for(20);
        let locked = lock(&server);
        wait::until("refusals", || clients.refused() > 100);
        assert!(metrics::value(&server, "tollgate_journal_refused_total") > 0.0);
        assert!(metrics::value(&server, "tollgate_journal_bytes") <= f64::from(1 << 20));
        drop(locked);
        clients.wait_for(200);
    });
    clients.compare(&mut server, &upstream);
}

#[test]
fn a_route_may_go_on_without_accounts_while_the_journal_is_full() {
    let upstream = Upstream::start();
    let yaml = small_journal(&upstream).replace(
        "retry: { attempts: 1 } }",
        "retry: { attempts: 1 }, on_journal_full: continue }",
    );
    let server = Server::configured(&yaml);
    let address = server.address;
    let clients = Clients::default();
    clients.call_while(CLIENTS, address, || {
        let locked = lock(&server);
        wait::until("a full journal", || {
            metrics::value(&server, "tollgate_journal_refused_total") > 0.0
        });
        clients.wait_for(200);
        drop(locked);
        // Once the store has what waited, requests are accounted again.
        wait::until("the journal to have room", || {
            let before = metrics::value(&server, "tollgate_journal_refused_total");
            clients.wait_for(20);
            metrics::value(&server, "tollgate_journal_refused_total") <= before
        });
    });
    assert_eq!(clients.refused(), 0);
}
