//! Requests and answers larger than a record of the journal, on routes that are to keep all of them.

use serde_json::json;

use crate::chat;
use crate::http;
use crate::metrics;
use crate::recorder::{ANSWER, Recorder, Script};
use crate::server::{KEY, Server};
use crate::traces;

/// What the recorder's answer says.
const WORD: &str = "\"yes\"";

/// The usual answer, with so many MiB of content.
fn answer(mib: usize) -> Script {
    let body = ANSWER.replacen(WORD, &format!("\"{}\"", "yes ".repeat(mib << 18)), 1);
    let length = body.len();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    Script {
        bytes: format!("{head}Content-Length: {length}\r\n\r\n{body}").into_bytes(),
        closes: false,
    }
}

#[test]
fn the_account_survives_whatever_is_captured() {
    let recorder = Recorder::start();
    let yaml = recorder.configuration(", max_body: 64MiB", ", capture_max: 64MiB");
    let keys = "tests: { key: ";
    let scopes = "tests: { scopes: [invoke, read, metrics], key: ";
    let server = Server::configured(&yaml.replacen(keys, scopes, 1));

    // An answer that is kept in two dialects, and a question; each too large for one record.
    recorder.script(answer(17));
    let message = json!({ "role": "user", "content": "hi" });
    let body = json!({ "model": "recorded", "max_tokens": 9, "messages": [message] });
    let bearer = format!("Bearer {KEY}");
    let headers = [("Authorization", bearer.as_str())];
    let whole = http::post(server.address, "/v1/messages", &headers, &body).unwrap();
    assert!(whole.status == 200 && whole.body.len() > 17 << 20);
    let question = "why ".repeat(33 << 18);
    let whole = chat::ask(&server, &chat::body("recorded", &question, false));
    assert_eq!((whole.status, whole.body.as_str()), (200, ANSWER));

    for trace in traces::at_least(&server, 2) {
        assert_eq!(trace["state"], "OK", "{trace}");
        let usage = &trace["trace_metadata"]["mlflow.trace.tokenUsage"];
        let usage = usage.as_str().unwrap_or_default();
        assert!(usage.contains("\"total_tokens\":4"), "{usage}");
    }
    let refused = metrics::value(&server, "tollgate_journal_refused_total");
    assert_eq!(refused, 0.0);
}
