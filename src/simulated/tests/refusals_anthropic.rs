use super::*;

use super::anthropic::{ask, tools};

#[tokio::test]
async fn what_anthropic_refuses_is_refused() {
    let served = Served::new().await;
    let user = json!({"role": "user", "content": "hi"});
    let uses = json!({"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "f", "input": {}}]});
    let result = json!({"type": "tool_result", "tool_use_id": "t1", "content": "x"});
    let text = json!({"type": "text", "text": "x"});
    let marked = json!({"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}});
    let enabled = json!({"type": "enabled", "budget_tokens": 1024});
    let open_schema = json!({"format": {"type": "json_schema", "schema": {"type": "object"}}});
    let cases: Vec<(&str, Value, &str)> = vec![
        (
            "claude-sonnet-4-5",
            json!({"n": 2}),
            "n: Extra inputs are not permitted",
        ),
        (
            "claude-sonnet-4-5",
            json!({"max_tokens": null}),
            "max_tokens: Field required",
        ),
        (
            "claude-sonnet-4-5",
            json!({"max_tokens": 100_000}),
            "max_tokens: 100000 > 64000",
        ),
        (
            "claude-sonnet-4-5",
            json!({"temperature": 1.5}),
            "temperature: Input should be less than or equal to 1",
        ),
        (
            "claude-sonnet-4-5",
            json!({"temperature": 1, "top_p": 1}),
            "`temperature` and `top_p` cannot both",
        ),
        (
            "claude-sonnet-4-5",
            json!({"messages": []}),
            "messages: at least one message is required",
        ),
        (
            "claude-sonnet-4-5",
            json!({"messages": [{"role": "robot", "content": "x"}]}),
            "messages.0.role: Input should be 'user', 'assistant' or 'system'",
        ),
        (
            "claude-sonnet-4-5",
            json!({"messages": [{"role": "assistant", "content": "x"}]}),
            "messages: first message must",
        ),
        (
            "claude-sonnet-4-5",
            json!({"messages": [user, {"role": "system", "content": "x"}]}),
            "messages.1: role 'system' is not supported on this model",
        ),
        (
            "claude-opus-4-8",
            json!({"messages": [{"role": "system", "content": "x"}, user]}),
            "messages: first message",
        ),
        (
            "claude-sonnet-4-5",
            json!({"messages": [{"role": "user", "content": [{"type": "text", "text": ""}]}]}),
            "messages.0.content.0: text content blocks must be non-empty",
        ),
        (
            "claude-sonnet-4-5",
            json!({"system": [{"type": "text", "text": ""}]}),
            "system.0: text content blocks must be",
        ),
        (
            "claude-sonnet-4-5",
            json!({"messages": [{"role": "user", "content": [result]}]}),
            "messages.0.content.0: unexpected `tool_use_id` found in `tool_result` blocks: t1.",
        ),
        (
            "claude-sonnet-4-5",
            json!({"messages": [user, uses, user]}),
            "messages.2: `tool_use` ids were found without `tool_result` blocks immediately after: t1.",
        ),
        (
            "claude-sonnet-4-5",
            json!({"messages": [user, uses, {"role": "user", "content": [text, result]}]}),
            "messages.2: `tool_use` ids were found without `tool_result` blocks immediately after: t1.",
        ),
        (
            "claude-sonnet-4-5",
            json!({"messages": [{"role": "user", "content": [{"type": "image",
            "source": {"type": "base64", "media_type": "image/bmp", "data": "AAAA"}}]}]}),
            "messages.0.content.0.source.media_type: Input should be 'image/jpeg'",
        ),
        (
            "claude-sonnet-4-5",
            json!({"messages": [user, {"role": "assistant", "content": "I "}]}),
            "messages: final assistant content cannot end with trailing whitespace",
        ),
        (
            "claude-opus-4-6",
            json!({"messages": [user, {"role": "assistant", "content": "I"}]}),
            "This model does not support assistant message prefill.",
        ),
        (
            "claude-sonnet-4-5",
            json!({"thinking": enabled, "max_tokens": 1024}),
            "`max_tokens` must be greater than",
        ),
        (
            "claude-sonnet-4-5",
            json!({"thinking": enabled, "temperature": 0.5}),
            "`temperature` may only be set to 1",
        ),
        (
            "claude-sonnet-4-5",
            json!({"thinking": {"type": "adaptive"}}),
            "adaptive thinking is not supported",
        ),
        (
            "claude-sonnet-4-5",
            json!({"thinking": enabled, "tools": tools(), "tool_choice": {"type": "any"}}),
            "Thinking may not be enabled when tool_choice forces tool use.",
        ),
        (
            "claude-sonnet-4-5",
            json!({"output_config": {"effort": "low"}}),
            "This model does not support the effort",
        ),
        (
            "claude-sonnet-4-5",
            json!({"output_config": open_schema}),
            "output_config.format.schema: For 'object' type, 'additionalProperties'",
        ),
        (
            "claude-opus-4-7",
            json!({"thinking": enabled}),
            "\"thinking.type.enabled\" is not supported",
        ),
        (
            "claude-opus-4-7",
            json!({"temperature": 1}),
            "`temperature` is not supported on this model.",
        ),
        (
            "claude-opus-5",
            json!({"thinking": {"type": "disabled"}, "output_config": {"effort": "max"}}),
            "thinking.type: \"disabled\" is only supported at efforts up to high",
        ),
        (
            "claude-opus-5-5",
            json!({"thinking": {"type": "disabled"}}),
            "thinking.type: \"disabled\" is not supported",
        ),
        (
            "claude-opus-5-5",
            json!({"tools": tools(), "tool_choice": {"type": "any"}}),
            "tool_choice: forcing tool use",
        ),
        (
            "claude-sonnet-4-5",
            json!({"tool_choice": {"type": "auto"}}),
            "tool_choice may only be specified while",
        ),
        (
            "claude-sonnet-4-5",
            json!({"tools": [{"name": "f", "input_schema": {}}]}),
            "tools.0.input_schema.type: Field required",
        ),
        (
            "claude-sonnet-4-5",
            json!({"messages": [{"role": "user", "content": [marked, marked, marked, marked, marked]}]}),
            "A maximum of 4 blocks with cache_control may be provided. Found 5.",
        ),
    ];
    for (model, change, message) in cases {
        let got = served.messages(with(&ask(model), change.clone())).await;
        assert_eq!(got.status, 400, "{change}");
        assert_eq!(got.json()["error"]["type"], "invalid_request_error");
        assert!(
            got.error().starts_with(message),
            "{change}: {}",
            got.error()
        );
    }
    let unknown = served.messages(ask("claude-nobody-9")).await;
    assert_eq!(
        (unknown.status, unknown.error().as_str()),
        (404, "model: claude-nobody-9")
    );
    let key = ("x-api-key", "k");
    for (headers, status, message) in [
        (vec![], 401, "x-api-key header is required"),
        (vec![key], 400, "anthropic-version: header is required"),
        (
            vec![key, ("anthropic-version", "2022")],
            400,
            "anthropic-version: \"2022\" is not a valid version",
        ),
    ] {
        let got = served
            .got(Served::request(
                "/v1/messages",
                &headers,
                &ask("claude-sonnet-4-5"),
            ))
            .await;
        assert_eq!((got.status, got.error().as_str()), (status, message));
    }
    let newer = [key, ("anthropic-version", "2026-10-21")];
    let sampled = with(&ask("claude-sonnet-4-5"), json!({"temperature": 1}));
    let got = served
        .got(Served::request("/v1/messages", &newer, &sampled))
        .await;
    assert_eq!(got.error(), "temperature: Extra inputs are not permitted");
}
