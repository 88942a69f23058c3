//! Keys that the command line makes beside a running server, and what a key is told of its limits.

use std::io::Write;
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::chat;
use crate::http::{self, Answer};
use crate::metrics;
use crate::server::{KEY, Server, configuration};
use crate::upstream::Upstream;
use crate::wait;

fn tollgate(server: &Server, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_tollgate"))
        .args(arguments)
        .args(["--config", "tollgate.yaml"])
        .current_dir(server.folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn ask(server: &Server, key: &str, model: &str, more: &[(&str, &str)]) -> Answer {
    chat::ask_as(server, key, more, &chat::body(model, "3 words", false))
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the promise is a time")]
fn a_key_of_the_command_line_works_and_is_revoked_within_a_second() {
    let upstream = Upstream::start();
    let server = Server::before(&upstream);
    let key = tollgate(
        &server,
        &["keys", "create", "made", "--route", "sim-openai"],
    );
    assert!(key.starts_with("tg-"), "{key}");
    let until = |what: &str, status: u16| {
        let started = std::time::Instant::now();
        wait::until(what, || {
            ask(&server, &key, "sim-openai", &[]).status == status
        });
        println!("{what}: {:?}", started.elapsed());
        // Ten times the promise: the machine may be busy.
        assert!(started.elapsed() < Duration::from_secs(10), "{what}");
    };
    until("the new key", 200);
    assert_eq!(ask(&server, &key, "sim-anthropic", &[]).status, 404);
    assert!(tollgate(&server, &["keys", "list"]).contains("made"));
    tollgate(&server, &["keys", "revoke", "made"]);
    until("the revocation", 401);
    // Those of the file are not touched.
    assert_eq!(ask(&server, KEY, "sim-openai", &[]).status, 200);
}

#[test]
fn a_name_that_the_file_has_is_not_given_twice() {
    let upstream = Upstream::start();
    let server = Server::before(&upstream);
    let name = "tests";
    let output = Command::new(env!("CARGO_BIN_EXE_tollgate"))
        .args(["keys", "create", name, "--config", "tollgate.yaml"])
        .current_dir(server.folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("configuration defines a key named"), "{said}");
    assert!(output.stdout.is_empty());
}

const LIMITED: &str = "tg-limited-0123456789abcdef0123456789abcdef";

/// `6m0s`, `1.5s`, `12ms`: as Go prints durations, in seconds.
fn seconds(text: &str) -> f64 {
    let mut total = 0.0;
    let mut number = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter.is_ascii_digit() || letter == '.' {
            number.push(letter);
            continue;
        }
        let scale = match (letter, letters.peek()) {
            ('m', Some('s')) => {
                letters.next();
                0.001
            }
            ('h', _) => 3600.0,
            ('m', _) => 60.0,
            ('s', _) => 1.0,
            _ => panic!("no duration: {text}"),
        };
        let value: f64 = number
            .parse()
            .unwrap_or_else(|_| panic!("no duration: {text}"));
        total += value * scale;
        number.clear();
    }
    assert!(number.is_empty() && !text.is_empty(), "no duration: {text}");
    total
}

#[test]
fn every_answer_says_how_the_key_stands_in_the_callers_dialect() {
    let upstream = Upstream::start();
    let limited = format!(
        "keys:\n  limited: {{ key: \"{LIMITED}\", limits: [{{ requests: 4/h, tokens: 100k/min }}] }}"
    );
    let yaml = configuration(upstream.address).replacen("keys:", &limited, 1);
    let server = Server::configured(&yaml);
    let check = |answer: &Answer, status: u16, remaining: &str| {
        assert_eq!(answer.status, status, "{}", answer.body);
        let header = |name: &str| {
            answer
                .header(name)
                .unwrap_or_else(|| panic!("no {name}: {}", answer.head))
        };
        assert_eq!(header("x-ratelimit-limit-requests"), "4");
        assert_eq!(header("x-ratelimit-remaining-requests"), remaining);
        assert_eq!(header("x-ratelimit-limit-tokens"), "100000");
        let left: u64 = header("x-ratelimit-remaining-tokens").parse().unwrap();
        assert!((90_000..=100_000).contains(&left), "{left}");
        let used = 4 - remaining.parse::<u64>().unwrap();
        // A request comes back each quarter of an hour.
        let reset = seconds(header("x-ratelimit-reset-requests"));
        let whole = 900.0 * used as f64;
        assert!(
            reset <= whole && reset >= whole - 60.0,
            "{reset} of {whole}"
        );
        assert!(seconds(header("x-ratelimit-reset-tokens")) <= 60.0);
    };
    check(&ask(&server, LIMITED, "sim-openai", &[]), 200, "3");
    // What was refused before it came to a route counts, too.
    check(&ask(&server, LIMITED, "no-such-model", &[]), 404, "2");
    let bearer = format!("Bearer {LIMITED}");
    let list = http::get(server.address, "/v1/models", &[("Authorization", &bearer)]).unwrap();
    check(&list, 200, "2");
    check(&ask(&server, LIMITED, "sim-anthropic", &[]), 200, "1");

    let anthropic = [("anthropic-version", "2023-06-01")];
    let last = ask(&server, LIMITED, "sim-openai", &anthropic);
    assert_eq!(last.status, 200, "{}", last.body);
    let refused = ask(&server, LIMITED, "sim-openai", &anthropic);
    assert_eq!(refused.status, 429, "{}", refused.body);
    assert_eq!(refused.json()["error"]["type"], "rate_limit_error");
    for answer in [&last, &refused] {
        assert_eq!(
            answer.header("anthropic-ratelimit-requests-remaining"),
            Some("0")
        );
        assert_eq!(
            answer.header("anthropic-ratelimit-requests-limit"),
            Some("4")
        );
        let reset = answer.header("anthropic-ratelimit-requests-reset").unwrap();
        assert!(reset.contains('T') && reset.ends_with('Z'), "{reset}");
        assert_eq!(answer.header("x-ratelimit-limit-requests"), None);
    }

    let refused = ask(&server, LIMITED, "sim-openai", &[]);
    check(&refused, 429, "0");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((840..=900).contains(&wait), "{wait}");
    let error: Value = refused.json();
    assert_eq!(error["error"]["code"], "rate_limit_exceeded", "{error}");
    assert_eq!(error["error"]["type"], "requests", "{error}");
}

#[test]
fn what_a_key_does_wrong_counts_among_its_requests_and_is_429_beyond_them() {
    let upstream = Upstream::start();
    let limited = format!(
        "keys:\n  limited: {{ key: \"{LIMITED}\", routes: [sim-openai], limits: [{{ requests: 6/h, concurrent: 2 }}] }}"
    );
    let yaml = configuration(upstream.address).replacen("keys:", &limited, 1);
    let server = Server::configured(&yaml);
    let bearer = format!("Bearer {LIMITED}");
    let headers = [("Authorization", bearer.as_str())];
    let good = chat::body("sim-openai", "3 words", false);
    let mut unknown = good.clone();
    unknown["model"] = "no-such-model".into();
    let mut closed = good.clone();
    closed["model"] = "sim-anthropic".into();
    let wrong = [
        (chat::PATH, &unknown, 404, "5"),
        (chat::PATH, &closed, 404, "4"),
        (chat::PATH, &json!({ "model": 5 }), 400, "3"),
        ("/v1/embeddings", &json!([1, 2]), 400, "2"),
    ];
    for (path, body, status, remaining) in wrong {
        let answer = http::post(server.address, path, &headers, body).unwrap();
        assert_eq!(answer.status, status, "{}", answer.body);
        let left = answer.header("x-ratelimit-remaining-requests");
        assert_eq!(left, Some(remaining), "{}", answer.head);
    }
    // One that is left in the midst of its body.
    let mut socket = TcpStream::connect(server.address).unwrap();
    let begun = chat::bytes("", &good).replace(KEY, LIMITED);
    socket
        .write_all(&begun.as_bytes()[..begun.len() - 5])
        .unwrap();
    wait::until("the request to be under way", || {
        metrics::value(&server, "tollgate_requests_in_flight") == 1.0
    });
    drop(socket);
    let list = || http::get(server.address, "/v1/models", &headers).unwrap();
    wait::until("the request to be counted", || {
        list().header("x-ratelimit-remaining-requests") == Some("1")
    });
    // The last one, and a good one and bad ones beyond it.
    let answer = http::post(server.address, chat::PATH, &headers, &good).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    for body in [&good, &unknown, &closed, &json!("no body")] {
        let answer = http::post(server.address, chat::PATH, &headers, body).unwrap();
        assert_eq!(answer.status, 429, "{}", answer.body);
        assert!(answer.header("retry-after").is_some(), "{}", answer.head);
        assert_eq!(answer.json()["error"]["code"], "rate_limit_exceeded");
    }
    assert_eq!(upstream.log().len(), 1);
    let hits = metrics::value_of(&server, "tollgate_limit_hits_total", "unit=\"requests\"");
    assert_eq!(hits, 4.0);
}
