//! A planted credential is searched in all that the product wrote or said (promise S1).

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::http;
use crate::server::{CREDENTIAL, KEY, NARROW_KEY, Server};
use crate::traces;
use crate::upstream::Upstream;

/// Every file below a folder.
pub(super) fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn check(where_: &str, bytes: &[u8]) {
    for canary in [CREDENTIAL, KEY, NARROW_KEY] {
        let is_there = memchr::memmem::find(bytes, canary.as_bytes()).is_some();
        assert!(!is_there, "{canary} is in {where_}");
    }
}

#[test]
fn no_credential_is_in_any_file_log_answer_metric_or_trace() {
    let upstream = Upstream::start();
    let server = Server::before(&upstream);
    let ask = |model: &str, key: &str, is_streamed: bool| {
        let bearer = format!("Bearer {key}");
        let body = json!({
            "model": model,
            "stream": is_streamed,
            "messages": [{ "role": "user", "content": "5 words" }],
        });
        let headers = [("Authorization", bearer.as_str())];
        let answer = http::post(server.address, "/v1/chat/completions", &headers, &body).unwrap();
        check(model, answer.head.as_bytes());
        check(model, answer.body.as_bytes());
        answer.status
    };
    assert_eq!(ask("sim-openai", KEY, false), 200);
    assert_eq!(ask("sim-anthropic", KEY, true), 200);
    // Errors whose text could carry it: the provider's own, a refused credential, a broken stream.
    let echo = json!({ "next": [format!("400:bad key {CREDENTIAL}")] });
    let told = http::post(upstream.address, "/sim/faults", &[], &echo).unwrap();
    assert_eq!(told.status, 200, "{}", told.body);
    assert_eq!(ask("sim-openai", KEY, false), 400);
    assert_eq!(ask("sim-gpt+fault=401", KEY, false), 502);
    assert_eq!(ask("sim-gpt+fault=reset_after:1", KEY, true), 200);
    assert_eq!(ask("sim-openai", "tg-unknown", false), 401);
    assert_eq!(ask("sim-anthropic", NARROW_KEY, false), 404);
    let upstream_got_it = upstream.log().iter().any(|entry| {
        entry
            .headers
            .iter()
            .any(|(_, value)| value.contains(CREDENTIAL))
    });
    assert!(
        upstream_got_it,
        "the credential never went where it belongs"
    );
    for entry in upstream.log() {
        let headers = format!("{:?}", entry.headers);
        assert!(
            !headers.contains(KEY),
            "the virtual key went to the provider"
        );
    }

    let traces = traces::at_least(&server, 6);
    let bearer = format!("Bearer {KEY}");
    let headers = [("Authorization", bearer.as_str())];
    let metrics = http::get(server.address, "/metrics", &headers).unwrap();
    check("/metrics", metrics.body.as_bytes());
    for trace in traces {
        let trace = traces::id(&trace);
        let path = format!("/api/3.0/mlflow/traces/get?trace_id=tr-{trace}");
        let answer = http::get(server.address, &path, &[]).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
        check(&path, answer.body.as_bytes());
    }
    check("the log", server.log().as_bytes());
    let mut all = Vec::new();
    files(&server.data(), &mut all);
    assert!(!all.is_empty());
    for path in all {
        check(&path.display().to_string(), &fs::read(&path).unwrap());
    }
}
