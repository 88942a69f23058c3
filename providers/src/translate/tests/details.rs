//! Single behaviours that no fixture shows.

use super::*;
use serde_json::json;

#[track_caller]
fn chat(model: &str, fields: Value) -> (Value, Vec<String>) {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "x"}]});
    let into = body.as_object_mut().unwrap();
    into.extend(fields.as_object().unwrap().clone());
    translated(Endpoint::ChatCompletions, &body.to_string(), model)
}

#[test]
fn the_models_limit_stands_in_for_a_missing_maximum_and_caps_a_large_one() {
    let ask = |endpoint, body: &str, most| {
        let mut target = target(endpoint, "m");
        target.facts.max_output = most;
        let out = outgoing(endpoint, body, &target, &NoMemory).unwrap();
        let body: Value = serde_json::from_slice(&out.body).unwrap();
        let max = body["max_tokens"]
            .as_u64()
            .or(body["max_completion_tokens"].as_u64());
        (max.unwrap(), out.losses.len())
    };
    let chat = |max: &str, most| {
        let body = format!(r#"{{"model":"m",{max}"messages":[{{"role":"user","content":"x"}}]}}"#);
        ask(Endpoint::ChatCompletions, &body, most)
    };
    assert_eq!(chat("", None), (8192, 0));
    assert_eq!(chat("", Some(64_000)), (64_000, 0));
    assert_eq!(chat(r#""max_tokens":128000,"#, Some(64_000)), (64_000, 1));
    assert_eq!(
        chat(r#""max_tokens":5,"max_completion_tokens":9,"#, Some(64_000)),
        (9, 0)
    );
    let body = r#"{"model":"m","max_tokens":99999,"messages":[{"role":"user","content":"x"}]}"#;
    assert_eq!(ask(Endpoint::Messages, body, Some(16_384)), (16_384, 1));
}

#[test]
fn a_budget_leaves_room_for_the_answer() {
    let plan = |max: u64, effort: &str| {
        let fields = json!({"max_tokens": max, "reasoning_effort": effort});
        let (body, losses) = chat("claude-sonnet-4-5", fields);
        (body["thinking"]["budget_tokens"].as_u64(), losses.len())
    };
    assert_eq!(plan(64_000, "high"), (Some(16_384), 0));
    assert_eq!(plan(8000, "high"), (Some(4000), 0));
    assert_eq!(plan(1100, "low"), (Some(1024), 0));
    assert_eq!(plan(1024, "low"), (None, 1));
}

#[test]
fn thinking_gives_way_to_a_forced_tool() {
    let fields = json!({
        "reasoning_effort": "high", "tool_choice": "required",
        "tools": [{"type": "function", "function": {"name": "f"}}],
    });
    let (body, losses) = chat("claude-opus-4-8", fields.clone());
    assert_eq!(body["thinking"]["type"], "disabled");
    assert_eq!(body["tool_choice"]["type"], "any");
    assert_eq!(losses, ["reasoning_effort"]);
    let (body, losses) = chat("claude-fable-5-1", fields);
    assert_eq!(
        body["thinking"],
        json!({"type": "adaptive", "display": "summarized"})
    );
    assert_eq!(body["tool_choice"]["type"], "auto");
    assert_eq!(
        body["system"][0]["text"],
        "You must answer by calling one of the tools."
    );
    assert_eq!(losses, ["tool_choice=weakened"]);
}

#[test]
fn of_many_cache_marks_the_last_four_stay_and_longer_ones_come_first() {
    let part = |ttl: Option<&str>| {
        let mut mark = json!({"mode": "explicit"});
        if let Some(ttl) = ttl {
            mark["ttl"] = ttl.into();
        }
        json!({"type": "text", "text": "x", "prompt_cache_breakpoint": mark})
    };
    let parts = [
        part(None),
        part(None),
        part(None),
        part(Some("30m")),
        part(None),
    ];
    let (body, losses) = chat(
        "claude-sonnet-4-5",
        json!({"messages": [{"role": "user", "content": parts}]}),
    );
    let content = body["messages"][0]["content"].as_array().unwrap();
    let marks: Vec<_> = content
        .iter()
        .map(|part| part["cache_control"].clone())
        .collect();
    let long = json!({"type": "ephemeral", "ttl": "1h"});
    let short = json!({"type": "ephemeral"});
    assert_eq!(
        marks,
        [Value::Null, long.clone(), long.clone(), long, short]
    );
    assert_eq!(losses, ["prompt_cache_breakpoint"]);
}

#[test]
fn long_tool_names_come_back() {
    let name = "n".repeat(100);
    for stream in [false, true] {
        let body = json!({
            "model": "m", "max_tokens": 9, "stream": stream, "messages": [{"role": "user", "content": "x"}],
            "tools": [{"name": name, "input_schema": {"type": "object"}}],
        });
        let target = target(Endpoint::Messages, "gpt-4o");
        let out = outgoing(Endpoint::Messages, &body.to_string(), &target, &NoMemory).unwrap();
        let body: Value = serde_json::from_slice(&out.body).unwrap();
        let sent = body["tools"][0]["function"]["name"].as_str().unwrap();
        assert!(sent.len() <= 64);
        let call = json!({"index": 0, "id": "1", "type": "function", "function": {"name": sent, "arguments": "{}"}});
        let message = json!({"role": "assistant", "content": null, "tool_calls": [call]});
        let key = if stream { "delta" } else { "message" };
        let answer = json!({"id": "a", "model": "m", "choices": [{"index": 0, key: message, "finish_reason": "tool_calls"}]});
        let bytes = if stream {
            run(
                out.reply,
                [format!("data: {answer}\n\ndata: [DONE]\n\n").as_bytes()],
            )
            .bytes
        } else {
            let mut reply = out.reply;
            let bytes = reply.whole(answer.to_string().into()).unwrap();
            String::from_utf8(bytes.to_vec()).unwrap()
        };
        assert!(bytes.contains(&format!(r#""name":"{name}""#)), "{bytes}");
    }
}

#[test]
fn callers_of_functions_are_answered_with_a_function_call() {
    for stream in [false, true] {
        let body = json!({
            "model": "m", "stream": stream, "messages": [{"role": "user", "content": "x"}],
            "functions": [{"name": "weather", "parameters": {"type": "object"}}],
        });
        let target = target(Endpoint::ChatCompletions, "claude-sonnet-4-5");
        let out = outgoing(
            Endpoint::ChatCompletions,
            &body.to_string(),
            &target,
            &NoMemory,
        )
        .unwrap();
        let mut reply = out.reply;
        if stream {
            let stream = fixture("anthropic/message_stream.sse");
            let streamed = run(reply, [stream.as_bytes()]);
            let mut arguments = String::new();
            let events = events(&streamed.bytes);
            for event in &events {
                let call = &event["choices"][0]["delta"]["function_call"];
                arguments.push_str(call["arguments"].as_str().unwrap_or_default());
            }
            assert_eq!(arguments, r#"{"city": "Paris"}"#);
            assert_eq!(
                events.last().unwrap()["choices"][0]["finish_reason"],
                "function_call"
            );
            assert!(!streamed.bytes.contains("tool_calls"));
        } else {
            let bytes = reply
                .whole(fixture("anthropic/message_tools.json").into())
                .unwrap();
            let body: Value = serde_json::from_slice(&bytes).unwrap();
            let choice = &body["choices"][0];
            assert_eq!(choice["finish_reason"], "function_call");
            assert_eq!(choice["message"]["function_call"]["name"], "weather");
            assert!(choice["message"].get("tool_calls").is_none());
        }
    }
}

#[test]
fn large_numbers_and_odd_text_pass_unchanged() {
    let body = r#"{"model":"m","messages":[{"role":"user","content":"\ud83d\u0000 \u00e9\/"},{"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{\"n\":1e999,\"m\":0.10}"}}]},{"role":"tool","tool_call_id":"1","content":"2"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","x":12345678901234567890.50}}}]}"#;
    let target = target(Endpoint::ChatCompletions, "m");
    let out = outgoing(Endpoint::ChatCompletions, body, &target, &NoMemory).unwrap();
    let sent = std::str::from_utf8(&out.body).unwrap();
    for kept in [
        // Half a surrogate pair is no letter; strict readers would refuse the body.
        "\"content\":\"\u{fffd}\\u0000 \\u00e9\\/\"",
        r#""input":{"n":1e999,"m":0.10}"#,
        r#""x":12345678901234567890.50"#,
    ] {
        assert!(sent.contains(kept), "{sent}");
    }
}

#[test]
fn headers_of_the_callers_that_fit_the_target_go_on() {
    let headers = CallerHeaders {
        anthropic_version: Some("2026-10-21"),
        anthropic_beta: Some("a,b"),
        openai_beta: Some("o"),
        idempotency_key: Some("k"),
    };
    let ask = |endpoint, model: &str| {
        let body = r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"}]}"#;
        let call = Call::scan(endpoint, Bytes::from_static(body.as_bytes())).unwrap();
        prepare(&call, &headers, &target(endpoint, model), &NoMemory)
            .unwrap()
            .headers
    };
    let own = |list: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
        list.iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect()
    };
    assert_eq!(
        ask(Endpoint::ChatCompletions, "claude"),
        own(&[
            ("anthropic-version", "2023-06-01"),
            ("anthropic-beta", "a,b"),
            ("idempotency-key", "k")
        ])
    );
    assert_eq!(
        ask(Endpoint::Messages, "gpt"),
        own(&[("openai-beta", "o"), ("idempotency-key", "k")])
    );
}

#[test]
fn citations_that_were_made_here_come_back_without_a_loss() {
    let losses = |citations: Value| {
        let text = json!({"type": "text", "text": "t", "citations": citations});
        let body = json!({"model": "m", "max_tokens": 9, "messages": [
            {"role": "user", "content": "x"},
            {"role": "assistant", "content": [text]},
            {"role": "user", "content": "y"},
        ]});
        translated(Endpoint::Messages, &body.to_string(), "gpt-5.6").1
    };
    let cited = |index: &str| json!({"type": "web_search_result_location", "encrypted_index": index, "url": "https://u"});
    assert!(losses(json!([cited("")])).is_empty());
    assert!(losses(json!([])).is_empty());
    assert!(losses(Value::Null).is_empty());
    let lost = ["messages[1].content[0].citations"];
    assert_eq!(losses(json!([cited(""), cited("Eo8B")])), lost);
    assert_eq!(losses(json!([{"type": "char_location"}])), lost);
}

#[test]
fn media_types_are_known_in_any_case() {
    let part = |url: &str| json!({"type": "image_url", "image_url": {"url": url}});
    let message = json!({"role": "user", "content": [part("data:image/PNG;base64,aGk=")]});
    let body = json!({"model": "m", "messages": [message]}).to_string();
    let (body, losses) = translated(Endpoint::ChatCompletions, &body, "m");
    let source = &body["messages"][0]["content"][0]["source"];
    assert_eq!(source["media_type"], "image/png", "{losses:?}");
}

#[test]
fn the_name_of_a_tool_is_no_loss_beside_its_answer() {
    let call = json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let body = json!({"model": "m", "messages": [
        {"role": "user", "name": "bob", "content": "x"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "name": "f", "content": "r"},
    ]});
    let (_, losses) = translated(Endpoint::ChatCompletions, &body.to_string(), "m");
    assert_eq!(losses, ["messages[0].name"]);
}
