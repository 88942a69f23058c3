//! Syncs that fail: the segment is given up, nothing is claimed that is not on the disk, and nothing is lost.

use super::books::Clients;
use super::mount::skip;
use super::tracer::Tracer;
use crate::metrics;
use crate::server::{Server, configuration};
use crate::upstream::Upstream;
use crate::wait;

const CLIENTS: usize = 8;

fn synced(upstream: &Upstream, sync: &str) -> Server {
    let here = "journal: data/journal";
    let yaml = configuration(upstream.address).replace(here, &format!("{here}, sync: {sync}"));
    Server::configured(&yaml)
}

fn failures(server: &Server) -> f64 {
    metrics::value(server, "tollgate_journal_sync_failures")
}

#[test]
fn a_failed_sync_gives_up_its_segment_and_loses_nothing() {
    for sync in ["group", "each"] {
        let upstream = Upstream::start();
        let mut server = synced(&upstream, sync);
        let address = server.address;
        let clients = Clients::default();
        let made = clients.call_while(CLIENTS, address, || {
            clients.wait_for(20);
            let failing = Tracer::inject(&server, "fdatasync:error=EIO:when=3")?;
            wait::until("a sync to fail", || failures(&server) >= 1.0);
            clients.wait_for(50);
            drop(failing);
            assert!(server.log().contains("the segment is given up"));
            assert!(server.log().contains("safe in another segment"));
            clients.kill_and_restart(&mut server, || ());
            clients.wait_for(20);
            Ok::<(), String>(())
        });
        if let Err(why) = made {
            skip!(why);
        }
        assert_eq!(clients.refused(), 0, "one failure refuses nobody");
        clients.compare(&mut server, &upstream);
    }
}

/// Has every sync fail under load while this is done; then the accounts are compared.
fn while_no_sync_succeeds(sync: &str, work: impl FnOnce(&Clients, &Server)) {
    let upstream = Upstream::start();
    let mut server = synced(&upstream, sync);
    let clients = Clients::default();
    let made = clients.call_while(CLIENTS, server.address, || {
        clients.wait_for(20);
        let failing = Tracer::inject(&server, "fdatasync:error=EIO:when=2+")?;
        work(&clients, &server);
        drop(failing);
        clients.wait_for(50);
        Ok::<(), String>(())
    });
    if let Err(why) = made {
        skip!(why);
    }
    clients.compare(&mut server, &upstream);
}

#[test]
fn while_no_sync_succeeds_nothing_ends_that_is_to_be_synced_first() {
    while_no_sync_succeeds("each", |clients, server| {
        wait::until("the journal to refuse", || {
            server.log().contains("no request begins until it does")
        });
        // What was synced before may still be on its way to its client.
        let most = clients.finished() + CLIENTS;
        // A client that waits for its end calls no more; another gets through to a refusal.
        wait::until("a refusal", || {
            let answer = clients.try_one(server.address);
            answer.is_ok_and(|answer| answer.status == 503)
        });
        assert!(clients.finished() <= most);
    });
}

#[test]
fn while_no_sync_succeeds_requests_are_refused_and_none_is_lost() {
    while_no_sync_succeeds("group", |clients, _| {
        wait::until("refusals", || clients.refused() > 20);
    });
}
