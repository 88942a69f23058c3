//! `kill -9` under load, then the accounts compared with the provider's own books (promises D1 and A1).

use std::hash::{BuildHasher, RandomState};

use super::books::Clients;
use crate::server::Server;
use crate::upstream::Upstream;

const CLIENTS: usize = 16;
/// Kills; `TOLLGATE_KILLS=50` is the long form.
const KILLS: u64 = 5;

#[test]
fn after_kill_9_under_load_each_request_that_the_provider_saw_is_accounted_once_and_exactly() {
    let kills = std::env::var("TOLLGATE_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let upstream = Upstream::start();
    let mut server = Server::before(&upstream);
    let address = server.address;
    let clients = Clients::default();
    let random = RandomState::new();
    clients.call_while(CLIENTS, address, || {
        for number in 0..kills {
            // At any moment, the drain's included.
            clients.wait_for(20 + random.hash_one(number) as usize % 100);
            clients.kill_and_restart(&mut server, || ());
        }
    });
    clients.compare(&mut server, &upstream);
}
