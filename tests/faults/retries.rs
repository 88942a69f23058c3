//! A provider that says when to come back.

use serde_json::json;

use crate::chat;
use crate::http::{self, Answer};
use crate::recorder::{Recorder, Script};
use crate::server::{KEY, Server, configuration};
use crate::upstream::Upstream;

fn ask(server: &Server, path: &str, model: &str) -> Answer {
    let bearer = format!("Bearer {KEY}");
    let headers = [("Authorization", bearer.as_str())];
    let body = json!({
        "model": model,
        "max_tokens": 100,
        "messages": [{ "role": "user", "content": "3 words" }],
    });
    http::post(server.address, path, &headers, &body).unwrap()
}

#[test]
fn a_long_retry_after_is_not_waited_for_but_told_or_another_target_is_taken() {
    for path in ["/v1/chat/completions", "/v1/messages"] {
        let upstream = Upstream::start();
        let fallback = "\"sim-gpt-4*\": { targets: [{ provider: openai }], fallbacks: [sim-anthropic] }\n  \"sim-gpt*\":";
        let yaml = configuration(upstream.address)
            .replacen("\"sim-gpt*\":", fallback, 1)
            .replace("retry: { attempts: 1 }", "retry: { attempts: 3 }");
        let server = Server::configured(&yaml);
        let told = ask(&server, path, "sim-gpt+fault=429:30");
        assert_eq!(told.status, 429, "{}", told.body);
        assert_eq!(told.header("retry-after"), Some("30"));
        assert_eq!(told.header("x-tollgate-attempts"), Some("1"));
        let other = ask(&server, path, "sim-gpt-4+fault=429:30");
        assert_eq!(other.status, 200, "{}", other.body);
        assert_eq!(other.header("x-tollgate-provider"), Some("anthropic"));
        assert_eq!(other.header("x-tollgate-attempts"), Some("2"));
        // A short one is waited for, on the same target, as often as the route says.
        let tried = ask(&server, path, "sim-gpt+fault=503:0");
        assert_eq!(
            tried.header("x-tollgate-attempts"),
            Some("3"),
            "{}",
            tried.head
        );
    }
}

#[test]
fn a_provider_says_exactly_when_to_come_back_and_whether_at_all() {
    let recorder = Recorder::start();
    let yaml = recorder.configuration("", "");
    let server = Server::configured(&yaml.replace("attempts: 1", "attempts: 3"));
    let ask = |status: u16, lines: &str| {
        let body = r#"{"error":{"message":"no","type":"server_error","code":null}}"#;
        let length = body.len();
        let answer =
            format!("HTTP/1.1 {status} No\r\n{lines}Content-Length: {length}\r\n\r\n{body}");
        recorder.script(Script {
            bytes: answer.into_bytes(),
            closes: false,
        });
        chat::ask(&server, &chat::body("recorded", "Hi", false))
    };
    let told = ask(500, "x-should-retry: false\r\nx-request-id: req_1\r\n");
    assert_eq!(
        (told.status, told.header("x-tollgate-attempts")),
        (500, Some("1"))
    );
    assert_eq!(told.header("x-should-retry"), Some("false"));
    assert_eq!(told.header("x-request-id"), Some("req_1"));
    // Of the two the exact one counts, whichever is longer.
    let told = ask(429, "retry-after: 1\r\nretry-after-ms: 9000\r\n");
    assert_eq!(
        (told.status, told.header("x-tollgate-attempts")),
        (429, Some("1"))
    );
    assert_eq!(told.header("retry-after"), Some("9"));
    let again = ask(429, "retry-after: 30\r\nretry-after-ms: 5\r\n");
    assert_eq!(
        (again.status, again.header("x-tollgate-attempts")),
        (200, Some("2"))
    );
    assert_eq!(again.header("retry-after-ms"), None);
}
