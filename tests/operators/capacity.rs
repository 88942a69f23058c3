//! A provider that takes so many requests at once and no more.

use crate::chat;
use crate::http::Answer;
use crate::server::{Server, configuration};
use crate::upstream::Upstream;
use crate::wait;

/// What takes long enough to be in the way of others.
const CONTENT: &str = "2000 words";

fn ask(server: &Server, model: &str) -> Answer {
    chat::ask(server, &chat::body(model, CONTENT, false))
}

#[test]
fn a_provider_at_its_bound_is_passed_over_or_refused_until_a_stream_ends() {
    let upstream = Upstream::start();
    let yaml = configuration(upstream.address)
        .replacen("kind: openai,", "kind: openai, max_concurrent: 2,", 1)
        .replacen(
            "targets: [{ provider: openai }] }",
            "targets: [{ provider: openai }], fallbacks: [sim-anthropic] }",
            1,
        );
    let server = Server::configured(&yaml);
    let slow = "sim-gpt+fault=pace:1,100";
    let begin = || chat::begin(&server, slow, CONTENT);
    let (one, two) = (begin(), begin());
    // A route with another target goes there, one without says when to come again.
    let other = ask(&server, "sim-openai");
    assert_eq!(other.status, 200, "{}", other.body);
    assert_eq!(other.header("x-tollgate-provider"), Some("anthropic"));
    let refused = ask(&server, "sim-gpt");
    assert_eq!(refused.status, 429, "{}", refused.body);
    assert_eq!(refused.json()["error"]["code"], "rate_limit_exceeded");
    assert!(
        refused.json()["error"]["message"]
            .as_str()
            .unwrap()
            .contains("provider `openai`")
    );
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=5).contains(&wait), "{wait}");
    assert_eq!(refused.header("x-tollgate-attempts"), Some("0"));
    let seen = upstream
        .log()
        .iter()
        .filter(|entry| entry.path.contains("chat"))
        .count();
    assert_eq!(seen, 2, "the provider was asked beyond its bound");

    drop(one);
    wait::until("the place of a client that left", || {
        ask(&server, "sim-gpt").status == 200
    });
    drop(two);
}
