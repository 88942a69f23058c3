use std::io::Read as _;

use super::super::{Fault, Outcome};
use super::*;

fn streamed(model: &str) -> Value {
    with(&hello(model), json!({"stream": true}))
}

/// Waits until the log's last entry has this outcome.
pub(super) async fn ended(served: &Served, outcome: Outcome) -> super::super::Entry {
    let wait = async {
        loop {
            if let Some(entry) = served
                .simulator
                .log()
                .pop()
                .filter(|entry| entry.outcome == outcome)
            {
                return entry;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), wait)
        .await
        .unwrap()
}

#[tokio::test]
async fn statuses_come_in_the_callers_dialect() {
    let served = Served::new().await;
    for (fault, status, openai, anthropic) in [
        ("429:7", 429, "requests", "rate_limit_error"),
        ("quota", 429, "insufficient_quota", "billing_error"),
        ("500", 500, "server_error", "api_error"),
        ("503", 503, "server_error", "api_error"),
        ("529", 529, "server_error", "overloaded_error"),
        ("401", 401, "invalid_request_error", "authentication_error"),
        ("403", 403, "invalid_request_error", "permission_error"),
        ("408", 408, "server_error", "timeout_error"),
        ("409", 409, "invalid_request_error", "conflict_error"),
        ("413", 413, "invalid_request_error", "request_too_large"),
        (
            "400:too long",
            400,
            "invalid_request_error",
            "invalid_request_error",
        ),
    ] {
        let chat = served.chat(hello(&format!("gpt-4o+fault={fault}"))).await;
        assert_eq!(
            (chat.status, &chat.json()["error"]["type"]),
            (status, &json!(openai)),
            "{fault}"
        );
        let messages = served
            .messages(hello(&format!("claude-opus-4-7+fault={fault}")))
            .await;
        assert_eq!(
            (messages.status, &messages.json()["error"]["type"]),
            (status, &json!(anthropic)),
            "{fault}"
        );
        let retry_after = chat
            .headers
            .get("retry-after")
            .map(|value| value.to_str().unwrap());
        assert_eq!(retry_after, (fault == "429:7").then_some("7"));
        assert_eq!(chat.error() == "too long", fault == "400:too long");
    }
}

#[tokio::test]
async fn the_queue_and_the_header_bring_faults_too() {
    let served = Served::new().await;
    served.simulator.push_fault(Fault::status(500));
    served.simulator.push_faults(vec![]);
    let control = Served::request(
        "/sim/faults",
        &[],
        &json!({"next": ["503", ["429:1", "crlf"], "none"]}),
    );
    assert_eq!(served.got(control).await.json(), json!({"queued": 3}));
    for status in [500, 200, 503, 429, 200, 200] {
        assert_eq!(served.chat(hello("gpt-4o")).await.status, status);
    }
    let headers = &[("authorization", "Bearer k"), ("x-sim-fault", "409")];
    assert_eq!(
        served
            .got(Served::request(
                "/v1/chat/completions",
                headers,
                &hello("gpt-4o")
            ))
            .await
            .status,
        409
    );
    let bad = Served::request("/sim/faults", &[], &json!({"next": ["nonsense"]}));
    assert_eq!(served.got(bad).await.error(), "no fault `nonsense`");
}

#[tokio::test]
async fn broken_connections_break_where_they_were_told_to() {
    let served = Served::new().await;
    let headers = &[("authorization", "Bearer k")];
    let send = |fault: &str| {
        Served::request(
            "/v1/chat/completions",
            headers,
            &streamed(&format!("gpt-4o+fault={fault}")),
        )
    };
    assert!(served.send(send("reset")).await.is_err());
    for fault in ["reset_after:3", "close_after:3"] {
        let mut body = served.send(send(fault)).await.unwrap().into_body();
        let mut text = String::new();
        let error = loop {
            match body.frame().await {
                Some(Ok(frame)) => {
                    text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap())
                }
                Some(Err(error)) => break error,
                None => panic!("{fault}: a clean end"),
            }
        };
        assert_eq!(
            text.matches("\"content\":\"").count(),
            1 + 3,
            "{fault}: {error}"
        );
        assert_eq!(ended(&served, Outcome::Broken).await.frames, 4);
    }
    let clean = served.got(send("end_after:3")).await;
    assert!(!clean.text().contains("[DONE]"));
    assert_eq!(clean.events().len(), 4);
    let half = served.got(send("half_frame:3")).await;
    assert!(!half.text().ends_with('\n'));
    assert!(!served.got(send("no_end")).await.text().contains("[DONE]"));
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed() {
    let served = Served::new().await;
    let headers = &[("authorization", "Bearer k")];
    for fault in ["stall:2", "hang"] {
        let stream = TcpStream::connect(served.address).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(connection);
        let body = streamed(&format!("gpt-4o+fault={fault}"));
        let request = Served::request("/v1/chat/completions", headers, &body);
        let sent = tokio::spawn(async move { sender.send_request(request).await });
        if fault == "stall:2" {
            let mut body = sent.await.unwrap().unwrap().into_body();
            let mut seen = String::new();
            while !seen.contains(" who is") {
                seen.push_str(
                    std::str::from_utf8(body.frame().await.unwrap().unwrap().data_ref().unwrap())
                        .unwrap(),
                );
            }
            connection.abort();
        } else {
            ended(&served, Outcome::InFlight).await;
            connection.abort();
            sent.abort();
        }
        let entry = ended(&served, Outcome::Cancelled).await;
        assert_eq!(entry.frames, if fault == "hang" { 0 } else { 3 });
        assert!(entry.ended_ms >= Some(entry.at_ms));
    }
}

#[tokio::test]
async fn the_wire_takes_every_shape_with_the_same_content() {
    let served = Served::new().await;
    let plain = served.chat(streamed("gpt-4o")).await;
    let contents = |events: &[Value]| -> String {
        events
            .iter()
            .filter_map(|event| event["choices"][0]["delta"]["content"].as_str())
            .collect()
    };
    let expected = contents(&plain.events());
    let split = served.chat(streamed("gpt-4o+fault=split")).await;
    assert_eq!(contents(&split.events()), expected);
    let crlf = served
        .chat(streamed("gpt-4o+fault=crlf+fault=comments"))
        .await;
    assert!(crlf.text().contains("\r\n\r\n: still here\r\n\r\n"));
    assert_eq!(contents(&crlf.events()), expected);
    let zipped = served.chat(streamed("gpt-4o+fault=gzip+fault=split")).await;
    assert_eq!(zipped.headers["content-encoding"], "gzip");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&zipped.body[..])
        .read_to_string(&mut text)
        .unwrap();
    assert!(text.contains("[DONE]"));
    let long = served.chat(streamed("gpt-4o+fault=long_line")).await;
    assert!(long.text().lines().any(|line| line.len() > 1 << 20));
    let huge = served.chat(hello("gpt-4o+fault=huge:3000000")).await;
    assert!(huge.body.len() > 3_000_000);
    let malformed = served.chat(streamed("gpt-4o+fault=malformed:1")).await;
    let lines = malformed
        .text()
        .lines()
        .filter_map(|line| line.strip_prefix("data: {"));
    assert_eq!(
        lines
            .filter(|line| serde_json::from_str::<Value>(&format!("{{{line}")).is_err())
            .count(),
        1
    );
}

#[tokio::test]
async fn errors_and_usage_move_inside_the_stream() {
    let served = Served::new().await;
    let first = served
        .chat(streamed("gpt-4o+fault=error_first"))
        .await
        .events();
    assert_eq!(
        (first.len(), &first[0]["error"]["type"]),
        (1, &json!("server_error"))
    );
    let later = served
        .chat(streamed("gpt-4o+fault=error_after:2"))
        .await
        .events();
    assert_eq!(later.len(), 4);
    let anthropic = with(
        &streamed("claude-opus-4-7+fault=error_after:1"),
        json!({"max_tokens": 100}),
    );
    let events = served.messages(anthropic).await.events();
    assert_eq!(events.last().unwrap()["error"]["type"], "overloaded_error");

    let usages = |events: &[Value]| {
        events
            .iter()
            .filter(|event| event["usage"].is_object())
            .count()
    };
    let last = served
        .chat(streamed("gpt-4o+fault=usage_last_content"))
        .await
        .events();
    assert_eq!(usages(&last), 1);
    assert!(last.iter().all(|event| event["choices"] != json!([])));
    let all = served
        .chat(streamed("gpt-4o+fault=usage_all"))
        .await
        .events();
    assert_eq!(usages(&all), all.len());
    let none = with(
        &streamed("gpt-4o+fault=no_usage"),
        json!({"stream_options": {"include_usage": true}}),
    );
    assert_eq!(usages(&served.chat(none).await.events()), 0);
}

#[tokio::test]
async fn the_log_keeps_what_was_asked_and_answered() {
    let served = Served::new().await;
    let got = served.chat(hello("gpt-4o")).await.json();
    let entry = ended(&served, Outcome::Finished).await;
    assert_eq!(entry.model, "gpt-4o");
    assert_eq!(entry.status, Some(200));
    assert!(
        entry
            .headers
            .contains(&("authorization".to_owned(), "Bearer sk-sim".to_owned()))
    );
    assert_eq!(entry.usage.unwrap(), got["usage"]);
    assert_eq!(
        entry.text,
        got["choices"][0]["message"]["content"].as_str().unwrap()
    );
    let get = Request::get("/sim/log")
        .header("host", "sim")
        .body(Full::default())
        .unwrap();
    let log = served.got(get).await.json();
    assert_eq!(log["requests"][0]["path"], "/v1/chat/completions");
    assert_eq!(
        served
            .got(Served::request("/sim/reset", &[], &json!({})))
            .await
            .status,
        200
    );
    assert!(served.simulator.log().len() <= 1);
}

#[tokio::test]
async fn compatible_servers_have_their_own_ways() {
    let served = Served::new().await;
    let aloud = served
        .chat(streamed("gpt-4o+fault=reasoning_content"))
        .await
        .events();
    let thought: String = aloud
        .iter()
        .filter_map(|event| event["choices"][0]["delta"]["reasoning_content"].as_str())
        .collect();
    assert_eq!(thought, "The user wants an answer; an echo will do.");
    let tools = json!({"tools": [{"type": "function", "function": {"name": "f"}}]});
    let whole = served
        .chat(with(&streamed("gpt-4o+fault=whole_calls"), tools))
        .await
        .events();
    let calls: Vec<_> = whole
        .iter()
        .filter_map(|event| event["choices"][0]["delta"]["tool_calls"].as_array())
        .collect();
    assert_eq!(calls.len(), 1);
    assert_eq!(
        calls[0][0]["function"],
        json!({"name": "f", "arguments": "{}"})
    );
    assert!(calls[0][0].get("index").is_none());
    let usages = served
        .chat(streamed("gpt-4o+fault=usage_all"))
        .await
        .events();
    let counts: Vec<_> = usages
        .iter()
        .filter_map(|event| event["usage"]["completion_tokens"].as_u64())
        .collect();
    assert!(counts.is_sorted() && counts.first() < counts.last());
}

#[tokio::test]
async fn a_failure_is_told_as_each_endpoint_tells_it() {
    let served = Served::new().await;
    let chat = served.chat(streamed("gpt-4o+fault=fail")).await;
    assert_eq!(
        chat.events().last().unwrap()["error"]["type"],
        "server_error"
    );
    let ask = json!({"model": "gpt-4o+fault=fail", "input": "hi", "stream": true});
    let last = served
        .openai("/v1/responses", ask)
        .await
        .events()
        .pop()
        .unwrap();
    assert_eq!(
        (&last["type"], &last["response"]["status"]),
        (&json!("response.failed"), &json!("failed"))
    );
    assert_eq!(last["response"]["error"]["code"], "server_error");
}
