//! A stream was asked for, and what comes is none, or is called otherwise.

use serde_json::json;

use crate::chat;
use crate::http::Answer;
use crate::recorder::{ANSWER, Recorder, Script};
use crate::server::Server;
use crate::traces;

fn ask(server: &Server, recorder: &Recorder, kind: &str, body: &str) -> Answer {
    let head = format!(
        "HTTP/1.1 200 OK\r\n{kind}Content-Length: {}\r\n\r\n",
        body.len()
    );
    let bytes = [head.as_bytes(), body.as_bytes()].concat();
    recorder.script(Script {
        bytes,
        closes: false,
    });
    chat::ask(server, &chat::body("recorded", "Hi", true))
}

#[test]
fn an_answer_that_is_no_stream_is_an_error_and_not_an_empty_stream() {
    let recorder = Recorder::start();
    let server = Server::configured(&recorder.configuration("", ""));
    let json = "Content-Type: application/json\r\n";
    let said = r#" {"error":{"message":"Overloaded.","type":"server_error","code":null}}"#;
    let answer = ask(&server, &recorder, json, said);
    assert_eq!(answer.status, 500, "{}", answer.body);
    assert_eq!(answer.json()["error"]["message"], "Overloaded.");
    let page = "<html><body>Welcome to the proxy.</body></html>";
    for kind in ["Content-Type: text/html\r\n", ""] {
        let answer = ask(&server, &recorder, kind, page);
        assert_eq!(answer.status, 502, "{}", answer.body);
        assert_eq!(answer.json()["error"]["code"], "upstream_malformed");
    }
    let answer = ask(&server, &recorder, json, ANSWER);
    assert_eq!(answer.status, 502, "{}", answer.body);
    // What it cost is charged all the same.
    let traces = traces::at_least(&server, 4);
    let charged = traces.iter().filter(|trace| {
        let usage = trace["trace_metadata"]["mlflow.trace.tokenUsage"].as_str();
        usage.is_some_and(|usage| {
            let usage: serde_json::Value = serde_json::from_str(usage).unwrap();
            usage["total_tokens"] == json!(4)
        })
    });
    assert_eq!(charged.count(), 1, "{traces:#?}");
}

#[test]
fn a_stream_is_one_whatever_it_calls_itself() {
    let recorder = Recorder::start();
    let server = Server::configured(&recorder.configuration("", ""));
    let chunk =
        r#"{"id":"c","choices":[{"index":0,"delta":{"content":"yes"},"finish_reason":"stop"}]}"#;
    let stream = format!(": hello\n\ndata: {chunk}\n\ndata: [DONE]\n\n");
    for kind in [
        "Content-Type: TEXT/Event-Stream\r\n",
        "Content-Type: application/json\r\n",
        "Content-Type: application/octet-stream\r\n",
        "",
    ] {
        let answer = ask(&server, &recorder, kind, &stream);
        assert_eq!(answer.status, 200, "{kind}: {}", answer.body);
        assert!(answer.body.contains(&stream), "{kind}: {}", answer.body);
        let kind = answer.header("content-type").unwrap();
        assert!(kind.starts_with("text/event-stream"), "{kind}");
    }
}

#[test]
fn an_error_event_stands_on_a_line_of_its_own_wherever_the_stream_broke() {
    let recorder = Recorder::start();
    let server = Server::configured(&recorder.configuration("", ""));
    let stream = "Content-Type: text/event-stream\r\n";
    let chunk = r#"data: {"id":"c","choices":[{"index":0,"delta":{"content":"yes"}}]}"#;
    let long = format!("{chunk}\n\ndata: {{\"choices\":[\"{}", "x".repeat(100_000));
    for broken in [chunk, &format!("{chunk}\n"), &long, "no event at all"] {
        let answer = ask(&server, &recorder, stream, broken);
        let events: Vec<&str> = answer.body.split("\n\n").collect();
        let is_error = |event: &&&str| event.trim_start().starts_with("data: {\"error\":");
        let found = events.iter().filter(is_error).count();
        assert_eq!(found, 1, "{:.200}", answer.body);
    }
}
