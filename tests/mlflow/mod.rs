//! Who reads traces: the real `mlflow` client, and the real server of a team that has one.

mod export;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::http;
use crate::script::{run, run_with_key};
use crate::server::Server;
use crate::upstream::Upstream;
use crate::wait;

#[test]
fn mlflow_finds_calls_of_both_upstreams_with_tokens_and_cost() {
    let upstream = Upstream::start();
    run("mlflow_traces.py", &Server::before(&upstream), &upstream);
}

#[test]
fn what_no_provider_counted_is_counted_and_marked() {
    let upstream = Upstream::start();
    run("uncounted.py", &Server::before(&upstream), &upstream);
}

#[test]
fn the_embedded_default_answers_and_is_traced_from_its_own_quickstart_key() {
    let server = Server::embedded();
    let path = server.data().join("quickstart.key");
    let key = fs::read_to_string(&path).unwrap();
    let key = key.trim();
    assert!(key.starts_with("tg-"), "{key}");
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    wait::until("the key on standard output", || server.log().contains(key));
    assert!(
        server.log().contains(&server.url()),
        "no base URL in:\n{}",
        server.log()
    );
    run_with_key("quickstart.py", &server, key, &[]);
}

#[test]
fn the_server_answers_the_probes_that_mlflow_sends_first() {
    let upstream = Upstream::start();
    let server = Server::before(&upstream);
    let check = |path: &str, body: &str| {
        let answer = http::get(server.address, path, &[]).unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (200, body), "{path}");
        assert!(
            answer.header("x-tollgate-version").is_some(),
            "{}",
            answer.head
        );
    };
    check("/version", "3.17.2");
    check("/health", "OK");
}
