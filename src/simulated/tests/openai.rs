use super::*;

pub(super) fn weather() -> Value {
    json!([{"type": "function", "function": {"name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}},
        {"type": "function", "function": {"name": "time", "parameters": {"type": "object", "properties": {}}}}])
}

#[tokio::test]
async fn a_chat_is_answered_whole_and_streamed_with_the_same_text() {
    let served = Served::new().await;
    let whole = served.chat(hello("gpt-4o")).await;
    let json = whole.json();
    assert_eq!(whole.status, 200);
    assert_eq!(json["object"], "chat.completion");
    assert_eq!(json["model"], "gpt-4o-2024-08-06");
    assert_eq!(json["choices"][0]["finish_reason"], "stop");
    let text = json["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(text.starts_with("You said: Hello, who is there?\n"));
    assert_eq!(json["usage"]["prompt_tokens"], 11);
    assert!(json["usage"]["completion_tokens"].as_u64().unwrap() > 50);

    let options = json!({"stream": true, "stream_options": {"include_usage": true}});
    let streamed = served.chat(with(&hello("gpt-4o"), options)).await;
    assert!(streamed.text().ends_with("data: [DONE]\n\n"));
    let events = streamed.events();
    assert!(events.len() > 12);
    let pieces = events
        .iter()
        .filter_map(|event| event["choices"][0]["delta"]["content"].as_str());
    assert_eq!(pieces.collect::<String>(), text);
    let (last, before) = events.split_last().unwrap();
    assert_eq!(last["choices"], json!([]));
    assert_eq!(last["usage"], json["usage"]);
    assert!(
        before
            .iter()
            .all(|event| event["usage"].is_null() && event.get("usage").is_some())
    );
    let without = served
        .chat(with(&hello("gpt-4o"), json!({"stream": true})))
        .await;
    assert!(
        without
            .events()
            .iter()
            .all(|event| event.get("usage").is_none())
    );
}

#[tokio::test]
async fn tools_are_called_and_their_results_answered() {
    let served = Served::new().await;
    let ask = json!({"model": "gpt-4o", "tools": weather(),
        "messages": [{"role": "user", "content": "call weather city=Paris and call time"}]});
    let message = served.chat(ask.clone()).await.json()["choices"][0]["message"].clone();
    let calls = message["tool_calls"].as_array().unwrap();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0]["function"]["arguments"], r#"{"city":"Paris"}"#);
    let streamed = served
        .chat(with(&ask, json!({"stream": true})))
        .await
        .events();
    let deltas: Vec<_> = streamed
        .iter()
        .filter(|e| e["choices"][0]["delta"].get("tool_calls").is_some())
        .collect();
    assert_eq!(
        deltas[0]["choices"][0]["delta"]["tool_calls"][0]["function"]["name"],
        "weather"
    );
    let joined = deltas
        .iter()
        .map(|e| &e["choices"][0]["delta"]["tool_calls"][0])
        .filter(|call| call["index"] == 0);
    let joined: String = joined
        .filter_map(|call| call["function"]["arguments"].as_str())
        .collect();
    assert_eq!(joined, r#"{"city":"Paris"}"#);

    let messages = json!([ask["messages"][0], message,
        {"role": "tool", "tool_call_id": calls[0]["id"], "content": "sunny"},
        {"role": "tool", "tool_call_id": calls[1]["id"], "content": "noon"}]);
    let answer = served
        .chat(with(&ask, json!({"messages": messages})))
        .await
        .json();
    assert!(
        answer["choices"][0]["message"]["content"]
            .as_str()
            .unwrap()
            .contains("The tools answered: sunny; noon")
    );
}

#[tokio::test]
async fn reasoning_counts_in_the_usage_and_limits_cut() {
    let served = Served::new().await;
    let high = with(&hello("gpt-5"), json!({"reasoning_effort": "high"}));
    let usage = served.chat(high).await.json()["usage"].clone();
    assert_eq!(usage["completion_tokens_details"]["reasoning_tokens"], 128);
    assert!(usage["completion_tokens"].as_u64().unwrap() > 128);
    let short = with(
        &hello("gpt-4o"),
        json!({"max_completion_tokens": 3, "n": 2}),
    );
    let choices = served.chat(short).await.json()["choices"].clone();
    assert_eq!(choices[1]["finish_reason"], "length");
    assert_eq!(choices.as_array().unwrap().len(), 2);
    let schema = json!({"response_format": {"type": "json_schema", "json_schema": {"name": "x",
        "schema": {"type": "object", "properties": {"a": {"type": "integer"}}}}}});
    let structured = served.chat(with(&hello("gpt-4o"), schema)).await.json();
    assert_eq!(structured["choices"][0]["message"]["content"], r#"{"a":3}"#);
}

#[tokio::test]
async fn a_long_beginning_is_cached_the_second_time() {
    let served = Served::new().await;
    let system = "word ".repeat(1500);
    let ask = |text: &str| json!({"model": "gpt-4o", "messages": [{"role": "system", "content": system}, {"role": "user", "content": text}]});
    let cached = |got: Got| {
        got.json()["usage"]["prompt_tokens_details"]["cached_tokens"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(cached(served.chat(ask("one")).await), 0);
    assert_eq!(cached(served.chat(ask("two")).await), 1408);
}

#[tokio::test]
async fn embeddings_are_the_same_vector_in_both_encodings() {
    let served = Served::new().await;
    let ask = json!({"model": "text-embedding-3-small", "input": ["a", "b"], "dimensions": 8});
    let floats = served.openai("/v1/embeddings", ask.clone()).await.json();
    let coded = served
        .openai(
            "/v1/embeddings",
            with(&ask, json!({"encoding_format": "base64"})),
        )
        .await
        .json();
    let list: Vec<f32> = serde_json::from_value(floats["data"][1]["embedding"].clone()).unwrap();
    assert_eq!(list.len(), 8);
    let bytes: Vec<u8> = list.iter().flat_map(|x| x.to_le_bytes()).collect();
    let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
    assert_eq!(coded["data"][1]["embedding"], text);
    assert_eq!(
        floats["usage"],
        json!({"prompt_tokens": 2, "total_tokens": 2})
    );
}

#[tokio::test]
async fn completions_and_lists_answer() {
    let served = Served::new().await;
    let ask = json!({"model": "gpt-3.5-turbo-instruct", "prompt": "3 words", "stream": true});
    let streamed = served.openai("/v1/completions", ask).await;
    let text: String = streamed
        .events()
        .iter()
        .filter_map(|event| event["choices"][0]["text"].as_str())
        .collect();
    assert_eq!(text, "This answer is");
    let get = |path: &str, name: &str, value: &str| {
        Request::get(path)
            .header("host", "sim")
            .header(name, value)
            .body(Full::default())
            .unwrap()
    };
    let openai = served
        .got(get("/v1/models", "authorization", "Bearer x"))
        .await
        .json();
    assert_eq!(openai["data"][0]["id"], "gpt-4o");
    let anthropic = served
        .got(get("/v1/models", "anthropic-version", "2023-06-01"))
        .await
        .json();
    assert_eq!(anthropic["has_more"], false);
    assert_eq!(
        served
            .got(get("/v1/models/gpt-9", "authorization", "Bearer x"))
            .await
            .status,
        404
    );
    assert_eq!(
        served
            .got(get("/v1/nothing", "authorization", "Bearer x"))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn responses_stream_and_take_their_items_back() {
    let served = Served::new().await;
    let tool = json!({"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}});
    let ask = json!({"model": "gpt-5", "input": [{"role": "user", "content": "call f"}], "tools": [tool]});
    let whole = served.openai("/v1/responses", ask.clone()).await.json();
    assert_eq!(whole["output"][0]["type"], "reasoning");
    assert_eq!(whole["output"][1]["type"], "function_call");
    let output = json!({"type": "function_call_output", "call_id": whole["output"][1]["call_id"], "output": "42"});
    let back = json!({"input": [ask["input"][0], whole["output"][0], whole["output"][1], output], "stream": true});
    let streamed = served.openai("/v1/responses", with(&ask, back)).await;
    let events = streamed.events();
    let numbers: Vec<_> = events
        .iter()
        .map(|event| event["sequence_number"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
    let last = events.last().unwrap();
    assert_eq!(last["type"], "response.completed");
    let text = last["response"]["output"][1]["content"][0]["text"]
        .as_str()
        .unwrap();
    assert!(text.contains("The tools answered: 42"));
    let deltas = events
        .iter()
        .filter(|event| event["type"] == "response.output_text.delta");
    assert_eq!(
        deltas
            .filter_map(|event| event["delta"].as_str())
            .collect::<String>(),
        text
    );
    assert_eq!(served.simulator.log()[1].thinking_verified, 1);

    let stray = json!({"input": [{"type": "function_call_output", "call_id": "c", "output": "x"}]});
    let refused = served.openai("/v1/responses", with(&ask, stray)).await;
    assert!(
        refused.error().starts_with("No tool call found"),
        "{}",
        refused.error()
    );
}

#[tokio::test]
async fn what_is_attached_is_named() {
    let served = Served::new().await;
    let image = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}});
    let messages =
        json!([{"role": "user", "content": [{"type": "text", "text": "What is this?"}, image]}]);
    let answer = served
        .chat(with(&hello("gpt-4o"), json!({"messages": messages})))
        .await
        .json();
    let text = answer["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(
        text.starts_with("You said: What is this?\nAttached: image/png of 3 bytes\n"),
        "{text}"
    );
}
