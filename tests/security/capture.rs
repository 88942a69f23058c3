//! What a route's capture policy keeps out of the traces is in no file.

use std::fs;

use serde_json::{Value, json};

use super::canary::files;
use crate::http;
use crate::server::{CREDENTIAL, KEY, Server};
use crate::traces;
use crate::upstream::Upstream;

const PROMPT: &str = "canary-prompt-3f9a";
const ANSWER: &str = "canary-answer-77c2";

/// Which of the two are anywhere in the data folder or the log.
fn kept(server: &Server) -> [bool; 2] {
    let mut all = Vec::new();
    files(&server.data(), &mut all);
    let mut texts: Vec<Vec<u8>> = all.iter().map(|path| fs::read(path).unwrap()).collect();
    texts.push(server.log().into_bytes());
    [PROMPT, ANSWER].map(|canary| {
        let has = |text: &Vec<u8>| memchr::memmem::find(text, canary.as_bytes()).is_some();
        texts.iter().any(has)
    })
}

fn ask(server: &Server, path: &str, model: &str, is_stream: bool) -> u16 {
    let bearer = format!("Bearer {KEY}");
    let content = format!("{PROMPT}, say exactly: {ANSWER}");
    let body = json!({
        "model": model,
        "stream": is_stream,
        "max_tokens": 500,
        "messages": [{ "role": "user", "content": content }],
    });
    let headers = [("Authorization", bearer.as_str())];
    let answer = http::post(server.address, path, &headers, &body).unwrap();
    answer.status
}

/// Every way that a request can go: same and other dialect, whole and streamed, broken, failed, refused, cut by a kill.
fn spend(server: &mut Server) -> usize {
    let mut count = 0;
    for path in ["/v1/chat/completions", "/v1/messages"] {
        for model in [
            "sim-gpt",
            "sim-claude",
            "sim-gpt+fault=reset_after:1",
            "sim-gpt+fault=500",
        ] {
            for is_stream in [false, true] {
                ask(server, path, model, is_stream);
                count += 1;
            }
        }
        assert_eq!(ask(server, path, "no-such-model", false), 404);
        count += 1;
    }
    let bearer = format!("Bearer {KEY}");
    let broken = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: {bearer}\r\nConnection: close\r\nContent-Length: 22\r\n\r\n{{\"x\": \"{PROMPT}"
    );
    let _ = http::raw(server.address, &broken);
    let _ = ask(server, "/v1/chat/completions", "sim-gpt", false);
    count += 2;
    server.kill();
    server.restart();
    count
}

fn check(policy: &str, expected: [bool; 2]) -> Vec<Value> {
    let upstream = Upstream::start();
    let yaml = format!(
        r#"server: {{ listen: "LISTEN" }}
store: {{ url: "sqlite://data/tollgate.db", journal: data/journal }}
providers:
  openai: {{ kind: openai, base_url: "http://{0}/v1", api_key: "{CREDENTIAL}" }}
  anthropic: {{ kind: anthropic, base_url: "http://{0}", api_key: "{CREDENTIAL}" }}
routes:
  "sim-gpt*": {{ {policy} targets: [{{ provider: openai }}], retry: {{ attempts: 1 }} }}
  "sim-claude*": {{ {policy} targets: [{{ provider: anthropic }}], retry: {{ attempts: 1 }} }}
keys:
  tests: {{ key: "{KEY}" }}
prices:
  openai/*: {{ input_usd_per_million: 1, output_usd_per_million: 1 }}
  anthropic/*: {{ input_usd_per_million: 1, output_usd_per_million: 1 }}
"#,
        upstream.address
    );
    let mut server = Server::configured(&yaml);
    let count = spend(&mut server);
    let found = traces::at_least(&server, count);
    assert_eq!(found.len(), count);
    assert_eq!(kept(&server), expected, "{policy}");
    found
}

#[test]
fn without_bodies_no_word_of_a_prompt_or_an_answer_is_in_any_file() {
    for policy in ["capture: metadata,", "capture: off,"] {
        for trace in check(policy, [false, false]) {
            let metadata = &trace["trace_metadata"];
            let is_ok = trace["state"] == "OK";
            // The account is whole all the same.
            assert!(
                !is_ok || metadata["mlflow.trace.tokenUsage"].is_string(),
                "{trace}"
            );
            assert!(
                !is_ok || metadata["mlflow.trace.cost"].is_string(),
                "{trace}"
            );
        }
    }
}

#[test]
fn the_search_finds_what_is_kept() {
    check("", [true, true]);
}
