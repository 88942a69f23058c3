use super::*;

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
