//! Syncs that fail: the segment is given up, nothing is claimed that is not on the disk, and nothing is lost.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};

use super::books::Clients;
use super::mount::skip;
use crate::metrics;
use crate::server::{Server, configuration};
use crate::upstream::Upstream;
use crate::wait;

const CLIENTS: usize = 8;

/// strace, which makes system calls of a server fail until it is dropped.
struct Failing(Child);

impl Failing {
    /// `when` as strace has it: `3` for each thread's third sync, `3+` for that and all after it.
    fn syncs(server: &Server, when: &str) -> Result<Self, String> {
        let said = server.folder.path().join("strace");
        let inject = format!("inject=fdatasync:error=EIO:when={when}");
        let pid = server.pid().to_string();
        let log = File::create(&said).map_err(|error| error.to_string())?;
        let child = Command::new("strace")
            .args(["-f", "-e", "trace=fdatasync", "-e", &inject, "-p", &pid])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|error| format!("strace: {error}"))?;
        let mut failing = Self(child);
        wait::for_some("strace", || {
            let text = fs::read_to_string(&said).unwrap();
            match failing.0.try_wait().unwrap() {
                Some(_) => Some(Err(format!("strace: {text}"))),
                None => text.contains("attached").then_some(Ok(())),
            }
        })?;
        Ok(failing)
    }
}

impl Drop for Failing {
    fn drop(&mut self) {
        // Told, and not killed: it has to let go of the server.
        let pid = self.0.id().to_string();
        let _ = Command::new("kill").args(["-s", "TERM", &pid]).status();
        let _ = self.0.wait();
    }
}

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
            let failing = Failing::syncs(&server, "3")?;
            wait::until("a sync to fail", || failures(&server) >= 1.0);
            clients.wait_for(50);
            drop(failing);
            assert!(server.log().contains("the segment is given up"));
            assert!(server.log().contains("safe in another segment"));
            server.kill();
            clients.pause(true);
            server.restart();
            clients.pause(false);
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

#[test]
fn while_no_sync_succeeds_nothing_ends_that_is_to_be_synced_first() {
    let upstream = Upstream::start();
    let mut server = synced(&upstream, "each");
    let address = server.address;
    let clients = Clients::default();
    let made = clients.call_while(CLIENTS, address, || {
        clients.wait_for(20);
        let failing = Failing::syncs(&server, "2+")?;
        wait::until("the journal to refuse", || {
            server.log().contains("no request begins until it does")
        });
        // What was synced before may still be on its way to its client.
        let most = clients.finished() + CLIENTS;
        // A client that waits for its end calls no more; another gets through to a refusal.
        wait::until("a refusal", || {
            let answer = clients.try_one(address);
            answer.is_ok_and(|answer| answer.status == 503)
        });
        assert!(clients.finished() <= most);
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
fn while_no_sync_succeeds_requests_are_refused_and_none_is_lost() {
    let upstream = Upstream::start();
    let mut server = synced(&upstream, "group");
    let address = server.address;
    let clients = Clients::default();
    let made = clients.call_while(CLIENTS, address, || {
        clients.wait_for(20);
        let failing = Failing::syncs(&server, "2+")?;
        wait::until("refusals", || clients.refused() > 20);
        drop(failing);
        clients.wait_for(50);
        Ok::<(), String>(())
    });
    if let Err(why) = made {
        skip!(why);
    }
    clients.compare(&mut server, &upstream);
}
