//! What the log says of calls that make no trace, and how much of it at most.

use serde_json::Value;

use crate::http;
use crate::server::{KEY, Server, configuration};
use crate::upstream::Upstream;

fn json_logged(upstream: &Upstream) -> String {
    configuration(upstream.address) + "telemetry: { log: json }\n"
}

/// The lines of the log with this message.
fn lines(server: &Server, message: &str) -> Vec<Value> {
    let log = server.log();
    let lines = log.lines().filter(|line| line.starts_with('{'));
    lines
        .map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("{line}")))
        .filter(|line| line["message"] == message)
        .collect()
}

#[test]
fn strangers_are_logged_at_a_bounded_rate_and_all_counted() {
    let upstream = Upstream::start();
    let yaml = json_logged(&upstream);
    let server = Server::configured(&yaml);
    let key = "tg-canary-of-somebody-unknown";
    let bearer = format!("Bearer {key}");
    for number in 0..100 {
        let headers = [("Authorization", bearer.as_str())];
        let body = serde_json::json!({ "model": format!("m{number}") });
        let answer = http::post(server.address, "/v1/chat/completions", &headers, &body).unwrap();
        assert_eq!(answer.status, 401);
    }
    let refused = lines(&server, "refused");
    // Twenty at once, and one a second.
    assert!((20..60).contains(&refused.len()), "{}", refused.len());
    let first = &refused[0];
    assert_eq!(first["code"], "invalid_api_key");
    assert_eq!(first["path"], "/v1/chat/completions");
    assert_eq!(first["request"].as_str().unwrap().len(), 32);
    assert!(!server.log().contains(key));
    let metrics = http::get(server.address, "/metrics", &[]).unwrap().body;
    let counted = "tollgate_unauthenticated_requests_total{code=\"invalid_api_key\"} 100";
    assert!(metrics.contains(counted), "{metrics}");
}

#[test]
fn lists_probes_and_scrapes_are_logged_and_counted() {
    let upstream = Upstream::start();
    let yaml = json_logged(&upstream);
    let server = Server::configured(&yaml);
    let bearer = format!("Bearer {KEY}");
    for path in ["/livez", "/readyz", "/v1/models", "/metrics"] {
        let answer = http::get(server.address, path, &[("Authorization", &bearer)]).unwrap();
        assert_eq!(answer.status, 200, "{path}");
    }
    let answered = lines(&server, "answered");
    let kinds: Vec<&str> = answered
        .iter()
        .filter_map(|line| line["kind"].as_str())
        .collect();
    // Probes come for ever: a line a minute.
    assert_eq!(kinds, ["probe", "list", "scrape"]);
    let metrics = http::get(server.address, "/metrics", &[]).unwrap().body;
    for (kind, count) in [("list", 1), ("scrape", 1)] {
        let counted =
            format!("tollgate_other_requests_total{{kind=\"{kind}\",status=\"200\"}} {count}");
        assert!(metrics.contains(&counted), "{metrics}");
    }
}
