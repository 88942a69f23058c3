use super::*;

const STREAM: &str = concat!(
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"reasoning_content\":\"Hm. \"}}]}\n\n",
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Gr\\u00fc\"}}]}\n\n",
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\u{df}e\"},\"finish_reason\":null}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"t\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\n",
    "data: [DONE]\n\n",
);

#[test]
fn what_is_said_is_kept_where_no_usage_will_be_reported() {
    let said = |body: &str, stream_usage| {
        let target = target(Endpoint::ChatCompletions, None, stream_usage);
        let reply = outgoing(Endpoint::ChatCompletions, body, &target).reply;
        run(reply, [STREAM.as_bytes()]).seen.text
    };
    let unasked = r#"{"model":"m","stream":true}"#;
    assert_eq!(said(unasked, false).as_deref(), Some("Hm. Grüßef{}"));
    assert_eq!(said(unasked, true), None);
    let asked = r#"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#;
    assert_eq!(said(asked, false).as_deref(), Some("Hm. Grüßef{}"));
    assert_eq!(said(asked, true), None);
}

#[test]
fn what_a_provider_refuses_to_be_asked_is_left_out() {
    for (body, expected, lost) in [
        (
            r#"{"model":"a","stream":true,"stream_options":{"include_usage":true}}"#,
            r#"{"model":"b","stream":true}"#,
            "stream_options",
        ),
        (
            r#"{"stream_options" : {"include_usage":true} , "model":"a","stream":true}"#,
            r#"{ "model":"b","stream":true}"#,
            "stream_options",
        ),
        (
            r#"{"stream":true,"model":"a" ,"stream\u005foptions":null,"x":1}"#,
            r#"{"stream":true,"model":"b" ,"x":1}"#,
            "",
        ),
        (
            r#"{"model":"a","stream_options":{"include_usage":true}}"#,
            r#"{"model":"b","stream_options":{"include_usage":true}}"#,
            "",
        ),
    ] {
        let target = target(Endpoint::ChatCompletions, Some("b"), false);
        let out = outgoing(Endpoint::ChatCompletions, body, &target);
        assert_eq!(std::str::from_utf8(&out.body).unwrap(), expected);
        let losses: Vec<String> = out.losses.iter().map(ToString::to_string).collect();
        assert_eq!(losses.join(","), lost, "{body}");
    }
}
