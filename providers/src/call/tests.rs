use super::*;

fn scan(endpoint: Endpoint, body: &str) -> Result<Call, Refusal> {
    Call::scan(endpoint, Bytes::copy_from_slice(body.as_bytes()))
}

fn chat(body: &str) -> Call {
    scan(Endpoint::ChatCompletions, body).unwrap()
}

#[track_caller]
fn refused(endpoint: Endpoint, body: &str, expected_param: Option<&str>, words: &str) {
    match scan(endpoint, body) {
        Err(Refusal::BadRequest { message, param, .. }) => {
            assert_eq!(param.as_deref(), expected_param, "{body}");
            assert!(message.contains(words), "{body}: {message}");
        }
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn the_fields_of_a_chat_are_found_wherever_they_stand() {
    let call = chat(
        r#"{"messages":[{"role":"user","content":"\"model\":\"no\" \u00e9"}], "n" : 2,
            "stream":true,"max_tokens":5,"max_completion_tokens":7,"model":"gpt-x",
            "stream_options":{"include_usage":true}}"#,
    );
    assert_eq!(call.model, "gpt-x");
    assert!(call.stream && call.include_usage);
    assert_eq!((call.max_output, call.choices), (Some(7), 2));
}

#[test]
fn what_is_absent_or_null_has_its_default() {
    for body in [
        r#"{"model":"m"}"#,
        r#" {"model":"m","stream":null,"n":null,"max_tokens":null,"stream_options":null} "#,
    ] {
        let call = chat(body);
        assert!(!call.stream && !call.include_usage, "{body}");
        assert_eq!((call.max_output, call.choices), (None, 1), "{body}");
    }
}

#[test]
fn keys_and_models_written_with_escapes_are_recognised() {
    let call = chat(r#"{"mod\u0065l":"g\u0070t\n","str\u0065am":true}"#);
    assert_eq!(call.model, "gpt\n");
    assert!(call.stream);
    refused(
        Endpoint::ChatCompletions,
        r#"{"model":"a","mod\u0065l":"b"}"#,
        Some("model"),
        "twice",
    );
}

#[test]
fn a_wrong_field_is_named() {
    use Endpoint as E;
    for (endpoint, body, param) in [
        (E::ChatCompletions, "{}", "model"),
        (E::Embeddings, r#"{"model":""}"#, "model"),
        (E::Messages, r#"{"model":5}"#, "model"),
        (E::Messages, r#"{"model":null}"#, "model"),
        (E::Messages, r#"{"model":"\ud800"}"#, "model"),
        (E::Messages, r#"{"model":"m","stream":"yes"}"#, "stream"),
        (E::Messages, r#"{"model":"m","stream":1}"#, "stream"),
        (
            E::Messages,
            r#"{"model":"m","stream":true,"stream":true}"#,
            "stream",
        ),
        (
            E::ChatCompletions,
            r#"{"model":"m","stream_options":[]}"#,
            "stream_options",
        ),
        (
            E::ChatCompletions,
            r#"{"model":"m","stream_options":{"include_usage":0}}"#,
            "stream_options.include_usage",
        ),
        (
            E::ChatCompletions,
            r#"{"model":"m","stream_options":{"include_usage":true,"include_usage":true}}"#,
            "stream_options.include_usage",
        ),
        (
            E::ChatCompletions,
            r#"{"model":"m","max_tokens":-1}"#,
            "max_tokens",
        ),
        (
            E::ChatCompletions,
            r#"{"model":"m","max_tokens":"9"}"#,
            "max_tokens",
        ),
        (
            E::ChatCompletions,
            r#"{"model":"m","max_completion_tokens":1.5}"#,
            "max_completion_tokens",
        ),
        (
            E::Responses,
            r#"{"model":"m","max_output_tokens":{}}"#,
            "max_output_tokens",
        ),
        (E::ChatCompletions, r#"{"model":"m","n":0}"#, "n"),
        (E::Completions, r#"{"model":"m","n":-1}"#, "n"),
        (E::Completions, r#"{"model":"m","n":99999999999}"#, "n"),
    ] {
        refused(endpoint, body, Some(param), param);
    }
}

#[test]
fn a_maximum_may_be_huge_or_written_as_a_float() {
    for (number, expected) in [
        ("0", 0),
        ("100.0", 100),
        ("1e3", 1000),
        ("18446744073709551615", u64::MAX),
        ("18446744073709551616", u64::MAX),
        ("1e400", u64::MAX),
    ] {
        let call = chat(&format!(r#"{{"model":"m","max_tokens":{number}}}"#));
        assert_eq!(call.max_output, Some(expected), "{number}");
    }
}

#[test]
fn fields_of_other_endpoints_are_left_alone() {
    let body = r#"{"model":"m","stream":"x","n":[],"max_tokens":"y","stream_options":1}"#;
    assert!(scan(Endpoint::Embeddings, body).is_ok());
    assert!(scan(Endpoint::CountTokens, body).is_ok());
}

#[test]
fn what_is_no_json_is_refused_with_its_place() {
    use Endpoint::Messages as M;
    for body in [
        "",
        "[]",
        "null",
        "{",
        r#"{"model":"m"} x"#,
        r#"{"model":"m",}"#,
        r#"{"model":"m" "a":1}"#,
        r#"{"model":"m","a":01}"#,
        r#"{"model":"m","a":"\x"}"#,
        "{\"model\":\"m\",\"a\":\"\n\"}",
        r#"{"model":"m","a":[1,]}"#,
        r#"{model:"m"}"#,
    ] {
        refused(M, body, None, "byte");
    }
    let latin1 = Bytes::from_static(b"{\"model\":\"\xe9\"}");
    assert!(Call::scan(M, latin1).is_err());
}

#[test]
fn depth_is_limited_without_recursion() {
    let nested = |depth: usize| {
        format!(
            r#"{{"model":"m","a":{}{}}}"#,
            "[".repeat(depth),
            "]".repeat(depth)
        )
    };
    assert!(scan(Endpoint::Messages, &nested(127)).is_ok());
    refused(Endpoint::Messages, &nested(128), None, "128 levels");
    refused(Endpoint::Messages, &nested(1_000_000), None, "128 levels");
}
