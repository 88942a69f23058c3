use super::*;
use crate::provider::anthropic::signature_key;
use crate::{StoredThinking, ThinkingMemory};
use std::sync::Arc;

#[track_caller]
fn check(body: &str, model: Option<&'static str>, expected: &str) {
    let out = outgoing(
        Endpoint::ChatCompletions,
        body,
        &target(Endpoint::ChatCompletions, model, true),
    );
    assert_eq!(std::str::from_utf8(&out.body).unwrap(), expected);
    assert_eq!(out.path, "/v1/chat/completions");
}

#[test]
fn a_body_that_needs_no_edit_is_passed_on_uncopied() {
    let body = Bytes::from_static(br#"{ "model" : "m", "x": 1.0e5 }"#);
    let call = Call::scan(Endpoint::ChatCompletions, body.clone()).unwrap();
    for model in [None, Some("m")] {
        let target = target(Endpoint::ChatCompletions, model, true);
        let out = prepare(&call, &CallerHeaders::default(), &target, &NoMemory).unwrap();
        assert_eq!(out.body.as_ptr(), body.as_ptr());
    }
}

#[test]
fn only_the_model_is_replaced() {
    check(
        r#"{"x":[1, 2.50], "model" : "a" ,"y":"\u00e9"}"#,
        Some(r#"g"p\t"#),
        r#"{"x":[1, 2.50], "model" : "g\"p\\t" ,"y":"\u00e9"}"#,
    );
}

#[test]
fn usage_is_asked_for_where_the_caller_did_not() {
    for (options, expected) in [
        ("", r#","stream_options":{"include_usage":true}"#),
        (
            r#","stream_options":null"#,
            r#","stream_options":{"include_usage":true}"#,
        ),
        (
            r#","stream_options":{ }"#,
            r#","stream_options":{"include_usage":true }"#,
        ),
        (
            r#","stream_options":{"include_obfuscation":false}"#,
            r#","stream_options":{"include_usage":true,"include_obfuscation":false}"#,
        ),
        (
            r#","stream_options":{"include_usage": false}"#,
            r#","stream_options":{"include_usage": true}"#,
        ),
        (
            r#","stream_options":{"include_usage":null,"a":1}"#,
            r#","stream_options":{"include_usage":true,"a":1}"#,
        ),
        (
            r#","stream_options":{"include_usage":true}"#,
            r#","stream_options":{"include_usage":true}"#,
        ),
    ] {
        check(
            &format!(r#"{{"stream":true,"model":"a"{options}}}"#),
            None,
            &format!(r#"{{"stream":true,"model":"a"{expected}}}"#),
        );
    }
}

#[test]
fn both_edits_fit_in_either_order() {
    check(
        r#"{"stream_options":{},"stream":true,"model":"a"}"#,
        Some("b"),
        r#"{"stream_options":{"include_usage":true},"stream":true,"model":"b"}"#,
    );
    check(
        r#"{"model":"a","stream":true}"#,
        Some("b"),
        r#"{"model":"b","stream_options":{"include_usage":true},"stream":true}"#,
    );
}

#[test]
fn usage_is_not_asked_for_where_it_does_not_fit() {
    let stream = r#"{"model":"m","stream":true}"#;
    for (endpoint, body, stream_usage) in [
        (Endpoint::ChatCompletions, r#"{"model":"m"}"#, true),
        (Endpoint::ChatCompletions, stream, false),
        (Endpoint::Responses, stream, true),
        (Endpoint::Messages, stream, true),
    ] {
        let out = outgoing(endpoint, body, &target(endpoint, None, stream_usage));
        assert_eq!(std::str::from_utf8(&out.body).unwrap(), body);
    }
}

/// Remembers that `SIG` was made by `claude` at `other`, and `OWN` by `m` here.
struct Memory;

impl ThinkingMemory for Memory {
    fn recall(&self, key: &str) -> Option<Arc<StoredThinking>> {
        let (provider, model) = match key {
            _ if key == signature_key("SIG") => ("other", "claude"),
            _ if key == signature_key("OWN") => ("p", "qwen3"),
            _ => return None,
        };
        Some(Arc::new(StoredThinking {
            provider: provider.to_owned(),
            model: model.to_owned(),
            blocks: Vec::new(),
        }))
    }
}

#[test]
fn thinking_goes_to_nobody_but_its_maker() {
    let chat = |model: &str, blocks: &str| {
        let body = format!(
            r#"{{"model":"{model}","messages":[{{"role":"user","content":"x"}},{{"role" : "assistant",{blocks}"content":"\u00e9", "n":1.0}}]}}"#
        );
        let call = Call::scan(Endpoint::ChatCompletions, body.into()).unwrap();
        let target = target(Endpoint::ChatCompletions, None, true);
        let out = prepare(&call, &CallerHeaders::default(), &target, &Memory).unwrap();
        let is_same = out.body == call.body;
        let losses: Vec<String> = out.losses.iter().map(ToString::to_string).collect();
        let kept = String::from_utf8(out.body.to_vec()).unwrap();
        (is_same, losses.join(","), kept)
    };
    let blocks = |signature: &str| {
        format!(
            r#""thinking_blocks":[{{"type":"thinking","thinking":"t","signature":"{signature}"}}],"reasoning_content":"t","#
        )
    };
    let lost = "messages[1].thinking_blocks";
    // A model of OpenAI's takes neither field, whoever made them.
    for signature in ["SIG", "nobody's"] {
        let (_, losses, body) = chat("gpt-5.6", &blocks(signature));
        assert_eq!(losses, lost);
        let message = r#"{"role":"assistant","content":"\u00e9","n":1.0}"#;
        assert!(body.contains(message), "{body}");
        assert!(body.starts_with(r#"{"model":"gpt-5.6","messages":[{"role":"user","#));
    }
    // Others may: what is not another's goes on as it came.
    let (_, losses, body) = chat("qwen3", &blocks("SIG"));
    assert_eq!(losses, lost);
    assert!(
        body.contains(r#""reasoning_content":"t","content""#),
        "{body}"
    );
    for signature in ["OWN", "nobody's"] {
        assert!(chat("qwen3", &blocks(signature)).0);
    }
    assert!(chat("gpt-5.6", r#""x":"thinking_blocks","#).0);
}

#[test]
fn headers_of_the_dialect_go_on() {
    let headers = CallerHeaders {
        anthropic_version: Some("2026-10-21"),
        anthropic_beta: Some("a,b"),
        openai_beta: Some("c"),
        idempotency_key: Some("k"),
    };
    let sent = |endpoint, headers: &CallerHeaders<'_>| {
        let call = Call::scan(endpoint, Bytes::from_static(br#"{"model":"m"}"#)).unwrap();
        prepare(&call, headers, &target(endpoint, None, true), &NoMemory)
            .unwrap()
            .headers
    };
    assert_eq!(
        sent(Endpoint::Messages, &headers),
        [
            ("anthropic-version", "2026-10-21".to_owned()),
            ("anthropic-beta", "a,b".to_owned()),
            ("idempotency-key", "k".to_owned()),
        ]
    );
    assert_eq!(
        sent(Endpoint::ChatCompletions, &headers),
        [
            ("openai-beta", "c".to_owned()),
            ("idempotency-key", "k".to_owned())
        ]
    );
    assert_eq!(
        sent(Endpoint::Messages, &CallerHeaders::default()),
        [("anthropic-version", "2023-06-01".to_owned())]
    );
}
