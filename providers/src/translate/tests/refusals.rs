use super::*;
use crate::error_body;
use tollgate_domain::Dialect;

/// The request with these fields beside a message, to the endpoint; the field that it is refused for.
#[track_caller]
fn check(endpoint: Endpoint, model: &str, fields: &str, expected: &str) {
    let body = format!(
        r#"{{"model":"m","max_tokens":99,"messages":[{{"role":"user","content":"x"}}],{fields}}}"#
    );
    check_body(endpoint, model, &body, expected);
}

#[track_caller]
fn check_body(endpoint: Endpoint, model: &str, body: &str, expected: &str) {
    let refusal = refused(endpoint, body, model);
    assert_eq!(refusal.status(), 400, "{refusal}");
    let Refusal::BadRequest { message, param, .. } = &refusal else {
        panic!("{refusal:?}");
    };
    assert_eq!(param.as_deref(), Some(expected), "{message}");
    assert!(message.contains(expected), "{message}");
}

#[track_caller]
fn check_messages(endpoint: Endpoint, messages: &str, expected: &str) {
    let body = format!(r#"{{"model":"m","max_tokens":99,"messages":{messages}}}"#);
    check_body(endpoint, "m", &body, expected);
}

#[test]
fn chats_that_no_message_could_be() {
    let check = |fields, expected| check(Endpoint::ChatCompletions, "m", fields, expected);
    check(r#""n":2"#, "n");
    check(r#""logprobs":true"#, "logprobs");
    check(r#""top_logprobs":3"#, "top_logprobs");
    check(r#""modalities":["text","audio"]"#, "modalities");
    check(r#""audio":{"voice":"x","format":"wav"}"#, "audio");
    check(r#""web_search_options":{}"#, "web_search_options");
    check(
        r#""tools":[{"type":"custom","custom":{"name":"x"}}]"#,
        "tools[0]",
    );
    check(r#""tool_choice":"required""#, "tool_choice");
    check(
        r#""tool_choice":{"type":"custom","custom":{"name":"x"}}"#,
        "tool_choice",
    );
    check(
        r#""tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"g"}}]}}"#,
        "tool_choice",
    );
    check(r#""temperature":"hot""#, "temperature");
    check(
        r#""response_format":{"type":"yaml"}"#,
        "response_format.type",
    );
    check(r#""reasoning_effort":"huge""#, "reasoning_effort");
}

#[test]
fn conversations_that_no_message_could_be() {
    let check = |messages, expected| check_messages(Endpoint::ChatCompletions, messages, expected);
    check(
        r#"[{"role":"user","content":[{"type":"text","text":"a"},{"type":"input_audio","input_audio":{"data":"","format":"wav"}}]}]"#,
        "messages[0].content[1]",
    );
    check(
        r#"[{"role":"user","content":[{"type":"hologram"}]}]"#,
        "messages[0].content[0].type",
    );
    check(
        r#"[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/tiff;base64,AA=="}}]}]"#,
        "messages[0].content[0]",
    );
    check(
        r#"[{"role":"user","content":[{"type":"file","file":{"file_id":"file-1"}}]}]"#,
        "messages[0].content[0].file.file_id",
    );
    check(
        r#"[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"user","content":"b"}]"#,
        "messages[1]",
    );
    check(
        r#"[{"role":"user","content":"a"},{"role":"tool","tool_call_id":"1","content":"b"}]"#,
        "messages[1]",
    );
    check(r#"[{"role":"narrator","content":"a"}]"#, "messages[0].role");
    check(r#"[{"content":"a"}]"#, "messages[0].role");
    check(r#"[7]"#, "messages[0]");
    check(r#"[]"#, "messages");
    check(r#"[{"role":"user","content":" "}]"#, "messages");
    check_body(
        Endpoint::ChatCompletions,
        "claude-opus-4-8",
        r#"{"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}"#,
        "messages[1]",
    );
}

#[test]
fn messages_that_no_chat_could_be() {
    let check = |fields, expected| check(Endpoint::Messages, "m", fields, expected);
    check(
        r#""stop_sequences":["1","2","3","4","5"]"#,
        "stop_sequences",
    );
    check(
        r#""tools":[{"type":"web_search_20250305","name":"web_search"}]"#,
        "tools[0].type",
    );
    check(r#""mcp_servers":[{"url":"x"}]"#, "mcp_servers");
    for content in [r#""""#, "[]", r#"[{"type":"text","text":""}]"#] {
        let body = format!(
            r#"{{"model":"m","max_tokens":9,"messages":[{{"role":"user","content":{content}}}]}}"#
        );
        check_body(Endpoint::Messages, "m", &body, "messages");
    }
    check(r#""container":"c""#, "container");
    check(r#""thread":{"type":"create"}"#, "thread");
    let body = r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"}],"thread":{"type":"create"}}"#;
    let refusal = refused(Endpoint::Messages, body, "m");
    assert_eq!(refusal.code(), "thread_unsupported_request");
    check(r#""thinking":{"type":"enabled"}"#, "thinking.budget_tokens");
    check(r#""tool_choice":{"type":"any"}"#, "tool_choice");
    let check = |messages, expected| check_messages(Endpoint::Messages, messages, expected);
    check(
        r#"[{"role":"user","content":[{"type":"container_upload","file_id":"x"}]}]"#,
        "messages[0].content[0].type",
    );
    check(
        r#"[{"role":"user","content":[{"type":"document","source":{"type":"url","url":"https://a/b.pdf"}}]}]"#,
        "messages[0].content[0]",
    );
    check(
        r#"[{"role":"user","content":[{"type":"image","source":{"type":"file","file_id":"f"}}]}]"#,
        "messages[0].content[0].source",
    );
    check(
        r#"[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"server_tool_use","id":"1","name":"web_search","input":{}}]}]"#,
        "messages[1].content[0].type",
    );
    check(
        r#"[{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":"a"}]}]"#,
        "messages[0].content[0]",
    );
}

#[test]
fn other_endpoints_are_not_there() {
    let body = r#"{"model":"m","input":"x","prompt":"x"}"#;
    for endpoint in [
        Endpoint::Completions,
        Endpoint::Embeddings,
        Endpoint::Responses,
    ] {
        let refusal = refused(endpoint, body, "claude");
        assert_eq!((refusal.status(), refusal.code()), (400, "unsupported"));
        assert!(refusal.to_string().contains(endpoint.path()));
    }
    // Counting is for the server to make up for, once the body is known to be right.
    for (body, expected) in [
        (
            r#"{"model":"m","messages":[{"role":"user","content":"x"}]}"#,
            404,
        ),
        (r#"{"model":"m","messages":[]}"#, 400),
        (r#"{"model":"m","messages":"x"}"#, 400),
        (r#"{"model":"m"}"#, 400),
    ] {
        let refusal = refused(Endpoint::CountTokens, body, "gpt-5");
        assert_eq!(refusal.status(), expected, "{body}");
    }
}

#[test]
fn a_route_may_refuse_losses() {
    let body =
        r#"{"model":"m","messages":[{"role":"user","content":"x"}],"seed":1,"temperature":2}"#;
    let mut target = target(Endpoint::ChatCompletions, "claude-sonnet-4-5");
    target.refuse_losses = true;
    let refusal = outgoing(Endpoint::ChatCompletions, body, &target, &NoMemory).unwrap_err();
    assert_eq!(
        (refusal.status(), refusal.code()),
        (400, "translation_loss")
    );
    let message = refusal.to_string();
    assert!(message.ends_with("temperature=clamped, seed"), "{message}");
    let body = error_body(Dialect::OpenAi, &refusal, "r");
    assert!(body.starts_with(br#"{"error":{"message":"the target"#));
}
