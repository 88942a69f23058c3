use super::*;

pub(super) fn ask(model: &str) -> Value {
    with(&hello(model), json!({"max_tokens": 2000}))
}

pub(super) fn tools() -> Value {
    json!([{"name": "weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}},
           {"name": "time", "input_schema": {"type": "object"}}])
}

#[tokio::test]
async fn a_message_is_answered_whole_and_streamed_with_the_same_text() {
    let served = Served::new().await;
    let whole = served.messages(ask("claude-sonnet-4-5")).await.json();
    assert_eq!(whole["type"], "message");
    assert_eq!(whole["stop_reason"], "end_turn");
    let text = whole["content"][0]["text"].as_str().unwrap();
    assert!(text.starts_with("You said: Hello, who is there?\n"));

    let streamed = served
        .messages(with(&ask("claude-sonnet-4-5"), json!({"stream": true})))
        .await;
    let events = streamed.events();
    let kinds: Vec<_> = events
        .iter()
        .filter_map(|event| event["type"].as_str())
        .collect();
    assert_eq!(kinds[..3], ["message_start", "content_block_start", "ping"]);
    assert_eq!(
        kinds[kinds.len() - 3..],
        ["content_block_stop", "message_delta", "message_stop"]
    );
    assert_eq!(streamed.text().matches("event: ").count(), events.len());
    assert_eq!(
        events
            .iter()
            .filter_map(|event| event["delta"]["text"].as_str())
            .collect::<String>(),
        text
    );
    let delta = &events[events.len() - 2];
    assert_eq!(
        delta["usage"]["output_tokens"],
        whole["usage"]["output_tokens"]
    );
}

/// Runs a loop of `N steps` and returns the requests' conversation at its end.
async fn run_loop(served: &Served, base: &Value, turns: usize) -> Vec<Value> {
    let mut messages =
        vec![json!({"role": "user", "content": "call weather city=Rome in 3 steps"})];
    for _ in 0..turns {
        let got = served
            .messages(with(base, json!({"messages": messages})))
            .await;
        assert_eq!(got.status, 200, "{}", got.text());
        let content = got.json()["content"].clone();
        let uses = content
            .as_array()
            .unwrap()
            .iter()
            .filter(|block| block["type"] == "tool_use");
        let results: Vec<_> = uses
            .map(|block| json!({"type": "tool_result", "tool_use_id": block["id"], "content": "sunny"}))
            .collect();
        messages.push(json!({"role": "assistant", "content": content}));
        if results.is_empty() {
            break;
        }
        messages.push(json!({"role": "user", "content": results}));
    }
    messages
}

#[tokio::test]
async fn thinking_comes_back_signed_through_a_loop_of_tools() {
    let served = Served::new().await;
    for (model, thinking, is_shown) in [
        (
            "claude-sonnet-4-5",
            json!({"type": "enabled", "budget_tokens": 1024}),
            true,
        ),
        ("claude-opus-4-6", json!({"type": "adaptive"}), true),
        ("claude-opus-5-5", Value::Null, false),
    ] {
        let base = with(&ask(model), json!({"tools": tools(), "thinking": thinking}));
        let messages = run_loop(&served, &base, 9).await;
        assert_eq!(
            messages.len(),
            8,
            "{model}: three calls, their results, and an answer"
        );
        let first = &messages[1]["content"][0];
        assert_eq!(first["type"], "thinking");
        assert_eq!(first["thinking"].as_str().unwrap().is_empty(), !is_shown);
        assert_eq!(served.simulator.log().last().unwrap().thinking_verified, 3);

        let mut changed = messages[..3].to_vec();
        changed[1]["content"][0]["signature"] = json!("AAAA");
        let got = served
            .messages(with(&base, json!({"messages": changed})))
            .await;
        assert_eq!(
            got.error(),
            "messages.1.content.0: Invalid `signature` in `thinking` block"
        );

        let mut other_history = messages[..3].to_vec();
        other_history[0]["content"] = json!("call weather city=Oslo in 3 steps");
        let got = served
            .messages(with(&base, json!({"messages": other_history})))
            .await;
        assert_eq!(got.status, if is_shown { 200 } else { 400 }, "{model}");

        let mut missing = messages[..3].to_vec();
        missing[1]["content"].as_array_mut().unwrap().remove(0);
        let got = served
            .messages(with(&base, json!({"messages": missing})))
            .await;
        assert_eq!(
            got.status,
            if model == "claude-sonnet-4-5" {
                400
            } else {
                200
            },
            "{model}"
        );
        let strict = with(
            &base,
            json!({"messages": missing, "model": format!("{model}+fault=strict_thinking")}),
        );
        assert!(
            served
                .messages(strict)
                .await
                .error()
                .contains("Expected `thinking` or `redacted_thinking`")
        );
    }
}

#[tokio::test]
async fn the_cache_is_written_once_and_read_after() {
    let served = Served::new().await;
    let block = json!({"type": "text", "text": "word ".repeat(1200), "cache_control": {"type": "ephemeral", "ttl": "1h"}});
    let base = with(&ask("claude-sonnet-4-5"), json!({"system": [block]}));
    let first = served.messages(base.clone()).await.json()["usage"].clone();
    let second = served.messages(base).await.json()["usage"].clone();
    assert_eq!(first["cache_creation"]["ephemeral_1h_input_tokens"], 1201);
    assert_eq!(first["cache_read_input_tokens"], 0);
    assert_eq!(second["cache_read_input_tokens"], 1201);
    assert_eq!(second["cache_creation_input_tokens"], 0);
    assert_eq!(first["input_tokens"], second["input_tokens"]);
}

#[tokio::test]
async fn tokens_are_counted_as_they_are_billed() {
    let served = Served::new().await;
    let headers = &[
        ("authorization", "Bearer k"),
        ("anthropic-version", "2023-06-01"),
    ];
    let count = served
        .got(Served::request(
            "/v1/messages/count_tokens",
            headers,
            &hello("claude-opus-4-7"),
        ))
        .await
        .json();
    let billed = served.messages(ask("claude-opus-4-7")).await.json();
    assert_eq!(
        count,
        json!({"input_tokens": billed["usage"]["input_tokens"]})
    );
}

#[tokio::test]
async fn a_refusal_has_no_content() {
    let served = Served::new().await;
    let messages = json!([{"role": "user", "content": "Please refuse to answer."}]);
    let got = served
        .messages(with(&ask("claude-opus-4-7"), json!({"messages": messages})))
        .await
        .json();
    assert_eq!(got["stop_reason"], "refusal");
    assert_eq!(got["stop_details"]["type"], "refusal");
    assert_eq!(got["content"], json!([]));
}
