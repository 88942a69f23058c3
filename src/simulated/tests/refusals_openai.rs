use super::*;

use super::openai::weather;

#[tokio::test]
async fn what_openai_refuses_is_refused() {
    let served = Served::new().await;
    let user = json!({"role": "user", "content": "hi"});
    let call = json!({"role": "assistant", "tool_calls": [{"id": "c1", "type": "function",
        "function": {"name": "f", "arguments": "{}"}}]});
    let schema = |schema: Value, strict| {
        json!({"response_format": {"type": "json_schema",
            "json_schema": {"name": "x", "schema": schema, "strict": strict}}})
    };
    let cases: Vec<(&str, Value, u16, &str)> = vec![
        (
            "gpt-4o",
            json!({"foo": 1}),
            400,
            "Unrecognized request argument supplied: foo",
        ),
        (
            "gpt-4o",
            json!({"messages": null}),
            400,
            "Missing required parameter: 'messages'.",
        ),
        (
            "gpt-4o",
            json!({"messages": []}),
            400,
            "Invalid 'messages': empty array.",
        ),
        (
            "gpt-4o",
            json!({"messages": [{"role": "robot", "content": "x"}]}),
            400,
            "Invalid value: 'robot'.",
        ),
        (
            "gpt-4o",
            json!({"messages": [{"role": "user", "content": "x", "thinking_blocks": []}]}),
            400,
            "Unknown parameter: 'messages[0].thinking_blocks'.",
        ),
        (
            "gpt-4o",
            json!({"messages": [user, {"role": "tool", "tool_call_id": "c1", "content": "x"}]}),
            400,
            "Invalid parameter: messages with role 'tool' must be a response",
        ),
        (
            "gpt-4o",
            json!({"messages": [user, call, user]}),
            400,
            "An assistant message with 'tool_calls' must be followed by tool messages",
        ),
        (
            "gpt-4o",
            json!({"messages": [user, call]}),
            400,
            "An assistant message with 'tool_calls' must be",
        ),
        (
            "gpt-4o",
            json!({"messages": [{"role": "user", "content": [{"type": "image_url",
            "image_url": {"url": "data:image/bmp;base64,AA"}}]}]}),
            400,
            "You uploaded an unsupported image.",
        ),
        (
            "gpt-4o",
            json!({"temperature": 3}),
            400,
            "Invalid 'temperature': number above maximum value.",
        ),
        (
            "gpt-4o",
            json!({"temperature": "hot"}),
            400,
            "Invalid type for 'temperature': expected a decimal, but got a string",
        ),
        (
            "gpt-4o",
            json!({"stop": ["a", "b", "c", "d", "e"]}),
            400,
            "Invalid 'stop': array too long.",
        ),
        (
            "gpt-4o",
            json!({"max_tokens": 5, "max_completion_tokens": 5}),
            400,
            "Setting 'max_tokens' and",
        ),
        (
            "gpt-4o",
            json!({"stream_options": {"include_usage": true}}),
            400,
            "The 'stream_options' parameter is only",
        ),
        (
            "gpt-4o",
            json!({"tool_choice": "auto"}),
            400,
            "'tool_choice' is only allowed when 'tools' are specified.",
        ),
        (
            "gpt-4o",
            json!({"reasoning_effort": "low"}),
            400,
            "Unsupported parameter: 'reasoning_effort'",
        ),
        (
            "gpt-4o",
            json!({"tools": [{"type": "function", "function": {"name": "a b"}}]}),
            400,
            "Invalid 'tools[0].function.name': string does not match pattern.",
        ),
        (
            "gpt-4o",
            schema(
                json!({"type": "object", "properties": {"a": {"type": "string"}}}),
                true,
            ),
            400,
            "Invalid schema for response_format 'x': In context=(), 'additionalProperties' is required",
        ),
        (
            "gpt-4o",
            json!({"response_format": {"type": "json_object"}}),
            400,
            "'messages' must contain the word 'json'",
        ),
        (
            "gpt-5",
            json!({"max_tokens": 5}),
            400,
            "Unsupported parameter: 'max_tokens'",
        ),
        (
            "gpt-5",
            json!({"temperature": 0.5}),
            400,
            "Unsupported value: 'temperature' does not support 0.5",
        ),
        (
            "gpt-6-sol",
            json!({"tools": weather(), "reasoning_effort": "low"}),
            400,
            "Function tools with reasoning_effort",
        ),
        (
            "gpt-6-astra",
            json!({"reasoning_effort": "none"}),
            400,
            "Unsupported value: 'reasoning_effort'",
        ),
        (
            "o3",
            json!({"stop": "x"}),
            400,
            "Unsupported parameter: 'stop'",
        ),
        ("gpt-9", json!({}), 404, "The model `gpt-9` does not exist"),
        (
            "text-embedding-3-small",
            json!({}),
            404,
            "This is not a chat model",
        ),
    ];
    for (model, change, status, message) in cases {
        let got = served.chat(with(&hello(model), change.clone())).await;
        assert_eq!(got.status, status, "{change}");
        assert!(
            got.error().starts_with(message),
            "{change}: {}",
            got.error()
        );
    }
    let anonymous = served
        .got(Served::request(
            "/v1/chat/completions",
            &[],
            &hello("gpt-4o"),
        ))
        .await;
    assert_eq!(anonymous.status, 401);
    assert!(
        anonymous
            .error()
            .starts_with("You didn't provide an API key")
    );
}
