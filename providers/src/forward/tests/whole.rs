use super::*;
use tollgate_domain::Usage;

#[track_caller]
fn check(endpoint: Endpoint, body: &str) -> Seen {
    let mut reply = reply(endpoint, r#"{"model":"m"}"#);
    let bytes = Bytes::copy_from_slice(body.as_bytes());
    let out = reply.whole(bytes.clone()).unwrap();
    assert_eq!(out.as_ptr(), bytes.as_ptr());
    reply.seen().clone()
}

fn fault(endpoint: Endpoint, body: &str) -> ReplyFault {
    let mut reply = reply(endpoint, r#"{"model":"m"}"#);
    reply
        .whole(Bytes::copy_from_slice(body.as_bytes()))
        .unwrap_err()
}

#[test]
fn what_changes_the_price_is_noted() {
    let message = |usage: &str| {
        let body = format!(
            r#"{{"id":"m","content":[],"stop_reason":"end_turn","usage":{{"input_tokens":1,"output_tokens":1,{usage}}}}}"#
        );
        check(Endpoint::Messages, &body).service_tier
    };
    for (usage, expected) in [
        (r#""service_tier":"standard""#, "standard"),
        (
            r#""service_tier":"standard","speed":"standard""#,
            "standard",
        ),
        (r#""service_tier":"standard","speed":"fast""#, "fast"),
        (r#""speed":"fast","service_tier":"priority""#, "fast"),
    ] {
        assert_eq!(message(usage).as_deref(), Some(expected), "{usage}");
    }
}

#[test]
fn a_chat_completion_is_metered() {
    let seen = check(
        Endpoint::ChatCompletions,
        r#"{"id":"c1","object":"chat.completion","model":"gpt-5-2026","choices":[
            {"index":0,"message":{"role":"assistant","content":"hi","refusal":null},"finish_reason":"stop"},
            {"index":1,"message":{"content":null},"finish_reason":"length"}],
            "usage":{"prompt_tokens":100,"completion_tokens":30,"total_tokens":130,
            "prompt_tokens_details":{"cached_tokens":40,"cache_write_tokens":10,"audio_tokens":5},
            "completion_tokens_details":{"reasoning_tokens":12,"audio_tokens":3}},
            "service_tier":"default","cost":0}"#,
    );
    let usage = Usage {
        input: 45,
        cache_read: 40,
        cache_write: 10,
        audio_input: 5,
        output: 15,
        reasoning: 12,
        audio_output: 3,
        ..Usage::default()
    };
    assert_eq!(seen.usage, Some(usage));
    assert_eq!(seen.finish_reasons, ["stop", "length"]);
    assert_eq!(seen.response_id.as_deref(), Some("c1"));
    assert_eq!(seen.model.as_deref(), Some("gpt-5-2026"));
    assert_eq!(seen.service_tier.as_deref(), Some("default"));
}

#[test]
fn usage_of_compatible_servers_is_understood() {
    for (usage, expected) in [
        ("null", None),
        ("{}", None),
        (r#"{"prompt_tokens":null,"completion_tokens":null}"#, None),
        (
            r#"{"prompt_tokens":10,"completion_tokens":2,"prompt_cache_hit_tokens":4}"#,
            Some(Usage {
                input: 6,
                cache_read: 4,
                output: 2,
                ..Usage::default()
            }),
        ),
        // Reasoning beside the completion, as the total tells.
        (
            r#"{"prompt_tokens":10,"completion_tokens":2,"total_tokens":17,"completion_tokens_details":{"reasoning_tokens":5}}"#,
            Some(Usage {
                input: 10,
                output: 2,
                reasoning: 5,
                ..Usage::default()
            }),
        ),
        // More cached than there was: buckets never sum to more than was reported.
        (
            r#"{"prompt_tokens":10,"prompt_tokens_details":{"cached_tokens":40}}"#,
            Some(Usage {
                cache_read: 10,
                ..Usage::default()
            }),
        ),
        (
            r#"{"prompt_tokens":8,"total_tokens":8}"#,
            Some(Usage {
                input: 8,
                ..Usage::default()
            }),
        ),
        // No answer takes so much.
        (r#"{"prompt_tokens":5,"completion_tokens":1e10}"#, None),
        (
            r#"{"prompt_tokens":18446744073709551615,"completion_tokens":1e30,"total_tokens":1,"completion_tokens_details":{"reasoning_tokens":3}}"#,
            None,
        ),
    ] {
        let seen = check(
            Endpoint::ChatCompletions,
            &format!(r#"{{"usage":{usage}}}"#),
        );
        assert_eq!(seen.usage, expected, "{usage}");
    }
}

#[test]
fn a_message_is_metered() {
    let seen = check(
        Endpoint::Messages,
        r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[],
            "stop_reason":"end_turn","usage":{"input_tokens":10,"cache_creation_input_tokens":30,
            "cache_creation":{"ephemeral_5m_input_tokens":20,"ephemeral_1h_input_tokens":10},
            "cache_read_input_tokens":5,"output_tokens":50,
            "output_tokens_details":{"thinking_tokens":40},"service_tier":"priority",
            "iterations":[{"type":"message","input_tokens":10,"output_tokens":50},
            {"type":"compaction","input_tokens":1000,"output_tokens":100}]}}"#,
    );
    let usage = Usage {
        input: 1010,
        cache_read: 5,
        cache_write: 20,
        cache_write_1h: 10,
        output: 110,
        reasoning: 40,
        ..Usage::default()
    };
    assert_eq!(seen.usage, Some(usage));
    assert_eq!(seen.finish_reasons, ["end_turn"]);
    assert_eq!(seen.service_tier.as_deref(), Some("priority"));
}

#[test]
fn a_response_is_metered() {
    let seen = check(
        Endpoint::Responses,
        r#"{"id":"resp_1","object":"response","status":"incomplete","error":null,
            "incomplete_details":{"reason":"max_output_tokens"},"model":"gpt-6","output":[],
            "usage":{"input_tokens":20,"input_tokens_details":{"cached_tokens":8,"cache_write_tokens":2},
            "output_tokens":9,"output_tokens_details":{"reasoning_tokens":4},"total_tokens":29}}"#,
    );
    let usage = Usage {
        input: 10,
        cache_read: 8,
        cache_write: 2,
        output: 5,
        reasoning: 4,
        ..Usage::default()
    };
    assert_eq!(seen.usage, Some(usage));
    assert_eq!(seen.finish_reasons, ["max_output_tokens"]);
    let failed = check(
        Endpoint::Responses,
        r#"{"id":"r","object":"response","status":"failed","error":{"code":"rate_limit_exceeded","message":"slow"}}"#,
    );
    assert_eq!(failed.failure.unwrap().status, 429);
}

#[test]
fn embeddings_and_counts_are_metered() {
    let seen = check(
        Endpoint::Embeddings,
        r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1,-2e-3]}],
            "model":"e","usage":{"prompt_tokens":8,"total_tokens":8}}"#,
    );
    assert_eq!(
        seen.usage,
        Some(Usage {
            input: 8,
            ..Usage::default()
        })
    );
    let seen = check(Endpoint::CountTokens, r#"{"input_tokens":2095}"#);
    assert_eq!(seen.usage, Some(Usage::default()), "counting costs nothing");
}

#[test]
fn an_error_under_status_200_is_a_fault() {
    for (endpoint, body) in [
        (
            Endpoint::ChatCompletions,
            r#"{"error":{"message":"boom","code":429}}"#,
        ),
        (
            Endpoint::Messages,
            r#"{"type":"error","error":{"type":"rate_limit_error","message":"boom"}}"#,
        ),
        (
            Endpoint::Responses,
            r#"{"error":{"message":"boom","code":"rate_limit_exceeded"}}"#,
        ),
    ] {
        match fault(endpoint, body) {
            ReplyFault::Upstream(error) => {
                assert_eq!(
                    (error.status, error.message.as_str()),
                    (429, "boom"),
                    "{body}"
                );
            }
            other => panic!("{body}: {other:?}"),
        }
    }
}

#[test]
fn what_is_no_answer_is_malformed() {
    for body in [
        "",
        "null",
        "[1]",
        "<html>",
        r#"{"id":"x""#,
        "{} {}",
        "\u{1}",
    ] {
        for endpoint in [
            Endpoint::ChatCompletions,
            Endpoint::Responses,
            Endpoint::Messages,
        ] {
            assert!(
                matches!(fault(endpoint, body), ReplyFault::Malformed(_)),
                "{body}"
            );
        }
    }
}
