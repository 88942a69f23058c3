//! Collectors that are away, slow to come back, or refuse.

use std::collections::BTreeSet;
use std::fs;

use super::store_away::lock;
use crate::authority::Authority;
use crate::chat;
use crate::collector::Collector;
use crate::http;
use crate::metrics;
use crate::server::{Around, KEY, Server, configuration, free_address};
use crate::traces;
use crate::upstream::Upstream;
use crate::wait;

/// What must reach collectors alone.
const TOKEN: &str = "collector-canary-5e1c77";

fn with_collectors(upstream: &Upstream, urls: &[String]) -> String {
    let target = |url| {
        format!("{{ endpoint: \"{url}\", headers: {{ x-token: \"{TOKEN}\" }}, own_spans: false }}")
    };
    let targets: Vec<String> = urls.iter().map(target).collect();
    let telemetry = format!("telemetry: {{ otlp: [{}] }}\n", targets.join(", "));
    configuration(upstream.address) + &telemetry
}

fn call(server: &Server) {
    let answer = chat::ask(server, &chat::body("sim-openai", "3 words", false));
    assert_eq!(answer.status, 200, "{}", answer.body);
}

fn ids(server: &Server, count: usize) -> BTreeSet<String> {
    let found = traces::at_least(server, count);
    found
        .iter()
        .map(|trace| traces::id(trace).to_owned())
        .collect()
}

#[test]
fn a_collector_that_is_away_holds_up_nobody_and_gets_everything_when_it_comes() {
    let upstream = Upstream::start();
    let address = free_address();
    let there = Collector::start();
    let urls = [
        format!("http://{address}"),
        format!("http://{}/v1/traces", there.address),
    ];
    let server = Server::configured(&with_collectors(&upstream, &urls));
    for _ in 0..20 {
        call(&server);
    }
    let stored = ids(&server, 20);
    there.at_least(20);
    wait::until("failures to be counted", || {
        metrics::value_of(
            &server,
            "tollgate_otlp_failures_total",
            &address.to_string(),
        ) > 0.0
    });
    assert!(metrics::value_of(&server, "tollgate_otlp_lag_seconds", &address.to_string()) > 0.0);
    let late = Collector::at(address);
    let arrived = late.at_least(20);
    assert_eq!(arrived.keys().cloned().collect::<BTreeSet<_>>(), stored);
    assert_eq!(
        there.traces().keys().cloned().collect::<BTreeSet<_>>(),
        stored
    );
    assert!(arrived.values().all(|times| *times == 1), "{arrived:?}");
    for (head, _) in late.calls() {
        assert!(head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{head}");
        assert!(
            head.contains("content-type: application/x-protobuf\r\n"),
            "{head}"
        );
        assert!(head.contains(&format!("x-token: {TOKEN}\r\n")), "{head}");
    }
    wait::until("all exports to be counted", || {
        metrics::value_of(
            &server,
            "tollgate_otlp_exported_spans_total",
            &address.to_string(),
        ) >= 40.0
    });
    assert!(!server.log().contains(TOKEN), "{}", server.log());
    let bearer = format!("Bearer {KEY}");
    let metrics = http::get(server.address, "/metrics", &[("Authorization", &bearer)]).unwrap();
    assert!(!metrics.body.contains(TOKEN), "{}", metrics.body);
}

#[test]
fn an_answer_of_503_or_429_is_tried_again_and_a_400_costs_only_its_spans() {
    let upstream = Upstream::start();
    let collector = Collector::start();
    collector.answer_next(&["503", "429\r\nRetry-After: 1"]);
    let urls = [format!("http://{}", collector.address)];
    let server = Server::configured(&with_collectors(&upstream, &urls));
    call(&server);
    collector.at_least(1);
    let said: Vec<String> = collector
        .calls()
        .into_iter()
        .map(|(_, answer)| answer)
        .collect();
    assert_eq!(said, ["503", "429\r\nRetry-After: 1", "200"]);
    collector.answer_next(&["400"]);
    call(&server);
    wait::until("the refused spans to be counted", || {
        metrics::value_of(&server, "tollgate_otlp_dropped_spans_total", "refused") == 2.0
    });
    call(&server);
    collector.at_least(2);
    assert_eq!(ids(&server, 3).len(), 3, "the store has all");
    assert!(server.log().contains("refuses spans"), "{}", server.log());
}

#[test]
fn after_a_restart_an_export_goes_on_where_it_was() {
    let upstream = Upstream::start();
    let address = free_address();
    let urls = [format!("http://{address}")];
    let mut server = Server::configured(&with_collectors(&upstream, &urls));
    let first = Collector::at(address);
    for _ in 0..3 {
        call(&server);
    }
    let before = first.at_least(3);
    // A stop in order keeps the place; what comes while nobody is there waits for the next process.
    server.stop();
    server.restart();
    drop(first);
    for _ in 0..3 {
        call(&server);
    }
    let stored = ids(&server, 6);
    server.kill();
    server.restart();
    let second = Collector::at(address);
    let after = second.at_least(3);
    assert!(
        before
            .values()
            .chain(after.values())
            .all(|times| *times == 1)
    );
    let both: BTreeSet<String> = before.into_keys().chain(after.into_keys()).collect();
    assert_eq!(both, stored);
}

#[test]
fn a_reload_adds_and_removes_collectors() {
    let upstream = Upstream::start();
    let (first, second) = (Collector::start(), Collector::start());
    let url = |collector: &Collector| format!("http://{}", collector.address);
    let server = Server::configured(&with_collectors(&upstream, &[url(&first)]));
    call(&server);
    first.at_least(1);
    let yaml = with_collectors(&upstream, &[url(&second)]);
    let yaml = yaml.replace("LISTEN", &server.address.to_string());
    fs::write(server.config_path(), yaml).unwrap();
    wait::until("the reload", || {
        metrics::value_of(&server, "tollgate_config_reloads_total", "ok") > 0.0
    });
    call(&server);
    second.at_least(1);
    assert_eq!(first.traces().len(), 1);
}

#[test]
fn while_the_store_is_locked_exports_go_on() {
    let upstream = Upstream::start();
    let collector = Collector::start();
    let urls = [format!("http://{}", collector.address)];
    let server = Server::configured(&with_collectors(&upstream, &urls));
    call(&server);
    collector.at_least(1);
    let locked = lock(&server);
    for _ in 0..5 {
        call(&server);
    }
    let exported = collector.at_least(6);
    assert!(traces::all(&server).len() < 6, "the store was locked");
    drop(locked);
    assert_eq!(ids(&server, 6), exported.into_keys().collect());
}

#[test]
fn a_collector_over_tls_is_trusted_where_its_authority_is_named() {
    let upstream = Upstream::start();
    let authority = Authority::new();
    let collector = Collector::secured(authority.certify(&["localhost"]).server(&["http/1.1"]));
    let port = collector.address.port();
    let start = |settings: &str| {
        let target =
            format!("{{ endpoint: \"https://localhost:{port}\", own_spans: false{settings} }}");
        let yaml = configuration(upstream.address);
        let around = Around {
            files: &[("ca.pem", &authority.pem)],
            ..Around::default()
        };
        Server::amid(
            around,
            &format!("{yaml}telemetry: {{ otlp: [{target}] }}\n"),
        )
    };
    let trusting = start(", ca_file: ca.pem");
    call(&trusting);
    collector.at_least(1);
    let careful = start("");
    call(&careful);
    wait::until("the failure", || {
        metrics::value_of(&careful, "tollgate_otlp_failures_total", "localhost") > 0.0
    });
    assert_eq!(collector.traces().len(), 1);
}
