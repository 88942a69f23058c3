//! The configuration changes while requests run (promise R1).

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use serde_json::json;

use crate::http;
use crate::server::{KEY, Server};
use crate::upstream::Upstream;
use crate::wait;

const CLIENTS: usize = 8;
const RELOADS: usize = 20;

fn status_of(server: &Server, model: &str) -> u16 {
    let bearer = format!("Bearer {KEY}");
    let headers = [("Authorization", bearer.as_str())];
    http::get(server.address, &format!("/v1/models/{model}"), &headers)
        .unwrap()
        .status
}

#[test]
fn reloads_under_load_fail_no_request() {
    let upstream = Upstream::start();
    let server = Server::before(&upstream);
    let is_over = AtomicBool::new(false);
    let served = AtomicU64::new(0);
    let original = fs::read_to_string(server.config_path()).unwrap();
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let bearer = format!("Bearer {KEY}");
                    let headers = [("Authorization", bearer.as_str())];
                    let body = json!({ "model": "sim-openai", "messages": [{ "role": "user", "content": "3 words" }] });
                    let answer =
                        http::post(server.address, "/v1/chat/completions", &headers, &body).unwrap();
                    assert_eq!(answer.status, 200, "{}", answer.body);
                    served.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for number in 0..RELOADS {
            let before = served.load(Ordering::Relaxed);
            let route = format!("  new-{number}: {{ targets: [{{ provider: openai }}] }}\nkeys:");
            fs::write(server.config_path(), original.replacen("keys:", &route, 1)).unwrap();
            wait::until("the new route", || {
                status_of(&server, &format!("new-{number}")) == 200
            });
            wait::until("requests after the reload", || {
                served.load(Ordering::Relaxed) > before
            });
        }
        is_over.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_bad_configuration_is_refused_counted_and_changes_nothing() {
    let upstream = Upstream::start();
    let server = Server::before(&upstream);
    let original = fs::read_to_string(server.config_path()).unwrap();
    let bad = original.replacen(
        "keys:",
        "  late: { targets: [{ provider: opnai }] }\nkeys:",
        1,
    );
    fs::write(server.config_path(), bad).unwrap();
    wait::until("the refusal in the log", || server.log().contains("opnai"));
    let bearer = format!("Bearer {KEY}");
    let headers = [("Authorization", bearer.as_str())];
    let metrics = http::get(server.address, "/metrics", &headers)
        .unwrap()
        .body;
    let counted = "tollgate_config_reloads_total{result=\"refused\"} 1";
    assert!(metrics.contains(counted), "{metrics}");
    assert_eq!(status_of(&server, "late"), 404);
    assert_eq!(status_of(&server, "sim-openai"), 200);
    let good = original.replacen(
        "keys:",
        "  late: { targets: [{ provider: openai }] }\nkeys:",
        1,
    );
    fs::write(server.config_path(), good).unwrap();
    wait::until("the repaired file", || status_of(&server, "late") == 200);
}
