//! The store is locked, full or slow: no request waits for it, and nothing is lost (promise D4).

use std::fs::{self, File};
use std::io::{Read, Write};
use std::time::Duration;

use rusqlite::Connection;
use tollgate::simulated::Outcome;
use tollgate_domain::TraceId;
use tollgate_store::Store;

use super::books::{Clients, compare_account};
use super::mount::{Mount, skip};
use crate::chat;
use crate::metrics;
use crate::server::{Server, configuration};
use crate::upstream::Upstream;
use crate::wait;

const CLIENTS: usize = 8;
/// Ten times what a request takes here, and less than the store is waited for.
pub(super) const PROMPT: Duration = Duration::from_secs(5);

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

/// As [`small_journal`], on routes that go on without it.
fn careless(upstream: &Upstream) -> String {
    small_journal(upstream).replace(
        "retry: { attempts: 1 } }",
        "retry: { attempts: 1 }, on_journal_full: continue }",
    )
}

/// Requests that found the journal full.
fn refused(server: &Server) -> f64 {
    metrics::value(server, "tollgate_journal_refused_total")
}

#[test]
fn a_route_may_go_on_without_accounts_while_the_journal_is_full() {
    let upstream = Upstream::start();
    let server = Server::configured(&careless(&upstream));
    let address = server.address;
    let clients = Clients::default();
    clients.call_while(CLIENTS, address, || {
        let locked = lock(&server);
        wait::until("a full journal", || refused(&server) > 0.0);
        clients.wait_for(200);
        drop(locked);
        // Once the store has what waited, requests are accounted again.
        wait::until("the journal to have room", || {
            let before = refused(&server);
            clients.wait_for(20);
            refused(&server) <= before
        });
    });
    assert_eq!(clients.refused(), 0);
}

#[test]
fn what_began_with_a_full_journal_and_ends_once_there_is_room_is_accounted_once_and_exactly() {
    const TRACE: &str = "70110000000000000000000000000001";
    let upstream = Upstream::start();
    let mut server = Server::configured(&careless(&upstream));
    let locked = lock(&server);
    let clients = Clients::default();
    clients.call_while(CLIENTS, server.address, || {
        wait::until("a full journal", || refused(&server) > 0.0);
    });
    let before = refused(&server);
    let parent = format!("traceparent: 00-{TRACE}-00000000000000aa-01\r\nConnection: close\r\n");
    // Some seconds; what comes meanwhile takes a moment.
    let (mut socket, _) =
        chat::begin_with(&server, &parent, "sim-gpt+fault=pace:1,100", "100 words");
    assert!(refused(&server) > before, "the journal took it");

    drop(locked);
    wait::until("the journal to have room", || {
        let before = refused(&server);
        let answer = clients.try_one(server.address).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
        refused(&server) <= before
    });
    let of_stream = || {
        let mut log = upstream.log().into_iter();
        log.find(|entry| entry.body.contains("100 words")).unwrap()
    };
    assert_eq!(of_stream().outcome, Outcome::InFlight, "it ended too soon");
    let mut rest = String::new();
    socket.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("data: [DONE]"), "{rest}");

    server.stop();
    let store = Store::open(server.data().join("tollgate.db")).unwrap();
    let id: TraceId = TRACE.parse().unwrap();
    let mut lines = store.ledger(None, u32::MAX).unwrap();
    lines.retain(|line| line.trace == id);
    let [line] = lines.as_slice() else {
        panic!("{lines:?}")
    };
    assert_eq!(line.outcome, "ok", "{line:?}");
    compare_account(line, &of_stream());
    assert_eq!(store.trace(id).unwrap().unwrap().spans.len(), 2);
}
