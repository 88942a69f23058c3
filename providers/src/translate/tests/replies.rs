use super::*;

/// The reader of an answer to a caller of that endpoint.
fn reply(endpoint: Endpoint, stream: bool) -> Reply {
    let body = format!(
        r#"{{"model":"m","max_tokens":5000,"stream":{stream},"messages":[{{"role":"user","content":"x"}}]{}}}"#,
        match endpoint {
            Endpoint::Messages => "",
            _ => r#","stream_options":{"include_usage":true},"reasoning_effort":"low""#,
        }
    );
    let target = target(endpoint, "m");
    let mut reply = outgoing(endpoint, &body, &target, &NoMemory).unwrap().reply;
    reply.created_at(1_795_000_000);
    reply
}

#[track_caller]
fn whole(endpoint: Endpoint, name: &str) -> String {
    let mut reply = reply(endpoint, false);
    assert!(!reply.is_stream());
    let body = reply.whole(fixture(name).into()).unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let body = serde_json::to_string_pretty(&body).unwrap();
    format!("{body}\n{:#?}", reply.seen())
}

#[track_caller]
fn stream(endpoint: Endpoint, name: &str) -> String {
    let reply = reply(endpoint, true);
    assert!(reply.is_stream());
    let Streamed {
        bytes,
        content,
        done,
        seen,
        end,
    } = run(reply, [fixture(name).as_bytes()]);
    format!("{bytes}content: {content}, done: {done}, end: {end:?}\n{seen:#?}")
}

#[test]
fn whole_answers_are_rewritten() {
    snapshots(|| {
        for (endpoint, name) in [
            (Endpoint::ChatCompletions, "anthropic/message.json"),
            (Endpoint::ChatCompletions, "anthropic/message_tools.json"),
            (Endpoint::ChatCompletions, "anthropic/message_refusal.json"),
            (
                Endpoint::ChatCompletions,
                "anthropic/message_citations.json",
            ),
            (Endpoint::Messages, "openai/chat.json"),
            (Endpoint::Messages, "openai/chat_tools.json"),
            (Endpoint::Messages, "openai/chat_refusal.json"),
            (Endpoint::Messages, "openai/chat_citations.json"),
        ] {
            let snapshot = format!("from_{}", name.replace('/', "_"));
            insta::assert_snapshot!(snapshot, whole(endpoint, name));
        }
    });
}

#[test]
fn streams_are_rewritten() {
    snapshots(|| {
        for (endpoint, name) in [
            (Endpoint::ChatCompletions, "anthropic/message_stream.sse"),
            (
                Endpoint::ChatCompletions,
                "anthropic/message_tools_stream.sse",
            ),
            (
                Endpoint::ChatCompletions,
                "anthropic/message_refusal_stream.sse",
            ),
            (
                Endpoint::ChatCompletions,
                "anthropic/message_citations_stream.sse",
            ),
            (
                Endpoint::ChatCompletions,
                "anthropic/message_stream_cut.sse",
            ),
            (
                Endpoint::ChatCompletions,
                "anthropic/message_stream_error.sse",
            ),
            (Endpoint::Messages, "openai/chat_stream.sse"),
            (Endpoint::Messages, "openai/chat_stream_tools.sse"),
            (Endpoint::Messages, "openai/chat_stream_interleaved.sse"),
            (Endpoint::Messages, "openai/chat_stream_refusal.sse"),
            (Endpoint::Messages, "openai/chat_citations_stream.sse"),
            (Endpoint::Messages, "compatible/deepseek_stream.sse"),
            (Endpoint::Messages, "compatible/cumulative_usage_stream.sse"),
            (Endpoint::Messages, "compatible/mistral_stream.sse"),
        ] {
            let snapshot = format!("from_{}", name.replace('/', "_"));
            insta::assert_snapshot!(snapshot, stream(endpoint, name));
        }
    });
}
