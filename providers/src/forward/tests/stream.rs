mod cuts;

use super::*;
use tollgate_domain::Usage;

const ASKED: &str = r#"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#;
const UNASKED: &str = r#"{"model":"m","stream":true}"#;

const ROLE: &str = "data: {\"id\":\"c\",\"model\":\"g\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}],\"usage\":null}\n\n";
const TEXT: &str = "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hé \\\"usage\\\":{}\"},\"finish_reason\":null}],\"usage\":null}\n\n";
const STOP: &str = "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}\n\n";
const USAGE: &str = "data: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":3}}\n\n";
const DONE: &str = "data: [DONE]\n\n";

fn usage() -> Option<Usage> {
    Some(Usage {
        input: 5,
        output: 3,
        ..Usage::default()
    })
}

fn chat(body: &str, frames: &[&str]) -> Outcome {
    run_whole(Endpoint::ChatCompletions, body, &frames.concat())
}

#[test]
fn usage_that_was_asked_for_is_passed_on() {
    let stream = [ROLE, TEXT, STOP, USAGE, DONE];
    let outcome = chat(ASKED, &stream);
    assert_eq!(outcome.bytes, stream.concat().as_bytes());
    assert!(outcome.content && outcome.done);
    assert_eq!(outcome.seen.usage, usage());
    assert_eq!(outcome.seen.finish_reasons, ["stop"]);
    assert_eq!(outcome.seen.response_id.as_deref(), Some("c"));
    assert_eq!(outcome.end, Ok(()));
}

#[test]
fn usage_that_nobody_asked_for_is_withheld() {
    let outcome = chat(UNASKED, &[ROLE, TEXT, STOP, USAGE, DONE]);
    assert_eq!(outcome.bytes, [ROLE, TEXT, STOP, DONE].concat().as_bytes());
    assert_eq!(outcome.seen.usage, usage());
}

#[test]
fn usage_beside_choices_is_kept_and_the_last_report_stands() {
    let with_usage = |tokens: u32| {
        format!(
            "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"x\"}},\"finish_reason\":\"\"}}],\"usage\":{{\"prompt_tokens\":5,\"completion_tokens\":{tokens}}}}}\n\n"
        )
    };
    let stream = [&with_usage(1), &with_usage(2), &with_usage(3), STOP, DONE];
    let outcome = chat(UNASKED, &stream);
    assert_eq!(outcome.bytes, stream.concat().as_bytes());
    assert_eq!(outcome.seen.usage, usage());
}

#[test]
fn a_chunk_without_choices_and_usage_is_kept() {
    let filter =
        "data: {\"choices\":[],\"prompt_filter_results\":[{}],\"id\":\"\",\"model\":\"\"}\n\n";
    let stream = [filter, ROLE, TEXT, STOP, DONE];
    let outcome = chat(UNASKED, &stream);
    assert_eq!(outcome.bytes, stream.concat().as_bytes());
    assert_eq!(outcome.seen.model.as_deref(), Some("g"));
}

#[test]
fn one_read_goes_out_as_one_slice() {
    let mut reply = reply(Endpoint::ChatCompletions, UNASKED);
    let chunk = Bytes::from([ROLE, TEXT, TEXT, "data: {\"id"].concat());
    let mut piece = Piece::default();
    reply.feed(chunk.clone(), &mut piece).unwrap();
    assert_eq!(piece.bytes.as_ptr(), chunk.as_ptr());
    assert_eq!(piece.bytes, [ROLE, TEXT, TEXT].concat());
}

#[test]
fn a_role_is_no_content_and_a_tool_call_is() {
    let frame = |delta: &str| {
        format!(
            "data: {{\"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":null}}]}}\n\n"
        )
    };
    for (delta, expected) in [
        (
            r#"{"role":"assistant","content":null,"refusal":null}"#,
            false,
        ),
        (r#"{"content":""}"#, false),
        (r#"{"tool_calls":[]}"#, false),
        (r#"{"content":"x"}"#, true),
        (r#"{"refusal":"x"}"#, true),
        (r#"{"reasoning_content":"x"}"#, true),
        (r#"{"reasoning":"x"}"#, true),
        (
            r#"{"tool_calls":[{"index":0,"function":{"name":"f","arguments":""}}]}"#,
            true,
        ),
        (r#"{"content":[{"type":"text","text":"x"}]}"#, true),
    ] {
        assert_eq!(chat(UNASKED, &[&frame(delta)]).content, expected, "{delta}");
    }
    assert!(!chat(UNASKED, &[": comment\n\n", "event: x\n\n"]).content);
    let text = "data: {\"choices\":[{\"text\":\"x\",\"index\":0}]}\n\n";
    assert!(run_whole(Endpoint::Completions, UNASKED, text).content);
}

#[test]
fn a_stream_without_its_end_is_truncated() {
    assert_eq!(chat(UNASKED, &[ROLE, TEXT]).end, Err(ReplyFault::Truncated));
    assert_eq!(chat(UNASKED, &[]).end, Err(ReplyFault::Truncated));
    assert_eq!(
        chat(UNASKED, &[ROLE, TEXT, STOP]).end,
        Ok(()),
        "finished, though without [DONE]"
    );
    let two = r#"{"model":"m","stream":true,"n":2}"#;
    assert_eq!(
        chat(two, &[ROLE, TEXT, STOP]).end,
        Err(ReplyFault::Truncated)
    );
    assert_eq!(chat(two, &[ROLE, TEXT, STOP, DONE]).end, Ok(()));
}

#[test]
fn a_last_frame_without_its_empty_line_counts_if_it_is_whole() {
    let outcome = chat(UNASKED, &[ROLE, TEXT, "data: [DONE]"]);
    assert_eq!(outcome.end, Ok(()));
    assert_eq!(
        outcome.bytes,
        [ROLE, TEXT, "data: [DONE]"].concat().as_bytes()
    );
    let outcome = chat(UNASKED, &[ROLE, TEXT, "data: {\"choices\":[{\"del"]);
    assert_eq!(outcome.end, Err(ReplyFault::Truncated));
    assert_eq!(
        outcome.bytes,
        [ROLE, TEXT].concat().as_bytes(),
        "half a frame is not passed on"
    );
}

#[test]
fn what_is_left_of_a_stream_that_breaks_off_is_known_to_be_in_the_midst_of_a_frame() {
    let mid_frame = |rest: &str| {
        let mut reply = reply(Endpoint::ChatCompletions, UNASKED);
        let stream = [ROLE, TEXT, rest].concat();
        let mut piece = Piece::default();
        reply.feed(stream.into(), &mut piece).unwrap();
        assert_eq!(reply.end(&mut piece), Err(ReplyFault::Truncated));
        reply.is_mid_frame()
    };
    let long = format!("data: {{\"choices\":[{{\"x\":\"{}", "x".repeat(1 << 20));
    assert!(mid_frame(&long));
    assert!(mid_frame(TEXT.trim_end()));
    assert!(mid_frame("no event at all"));
    assert!(!mid_frame("data: {\"choices\":[{\"del"));
    assert!(!mid_frame(""));
}

#[test]
fn an_error_in_the_stream_is_a_fault_and_not_passed_on() {
    let error =
        "data: {\"error\":{\"message\":\"boom\",\"type\":\"server_error\",\"code\":null}}\n\n";
    for before in [&[][..], &[ROLE], &[ROLE, TEXT]] {
        let outcome = chat(UNASKED, &[before, &[error, DONE]].concat());
        assert_eq!(outcome.bytes, before.concat().as_bytes());
        let Err(ReplyFault::Upstream(error)) = outcome.end else {
            panic!("{:?}", outcome.end)
        };
        assert_eq!((error.status, error.message.as_str()), (500, "boom"));
    }
}

#[test]
fn frames_that_are_no_json_are_malformed() {
    for frame in ["data: x\n\n", "data: {\"a\":\n\n", "data: []\n\n"] {
        let first = chat(UNASKED, &[frame]);
        assert!(
            matches!(first.end, Err(ReplyFault::Malformed(_))),
            "{frame}"
        );
    }
    let later = chat(UNASKED, &[ROLE, TEXT, "data: {\"choices\":[{\"delta\n\n"]);
    assert!(matches!(later.end, Err(ReplyFault::Malformed(_))));
}

const MESSAGE: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg\",\"model\":\"claude\",\"usage\":{\"input_tokens\":10,\"cache_creation_input_tokens\":6,\"cache_creation\":{\"ephemeral_5m_input_tokens\":2,\"ephemeral_1h_input_tokens\":4},\"output_tokens\":1}}}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\n";
const MESSAGE_TEXT: &str = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hé\"}}\n\n";
const MESSAGE_END: &str = "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"input_tokens\":10,\"cache_creation_input_tokens\":6,\"output_tokens\":9}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

#[test]
fn a_message_stream_is_metered_across_its_events() {
    let stream = [MESSAGE, MESSAGE_TEXT, MESSAGE_END].concat();
    let outcome = run_whole(Endpoint::Messages, UNASKED, &stream);
    assert_eq!(outcome.bytes, stream.as_bytes());
    assert!(outcome.content && outcome.done);
    let expected = Usage {
        input: 10,
        cache_write: 2,
        cache_write_1h: 4,
        output: 9,
        ..Usage::default()
    };
    assert_eq!(outcome.seen.usage, Some(expected));
    assert_eq!(outcome.seen.finish_reasons, ["end_turn"]);
    let early = run_whole(Endpoint::Messages, UNASKED, MESSAGE);
    assert!(!early.content);
    assert_eq!(early.end, Err(ReplyFault::Truncated));
    assert!(
        early.seen.usage.is_some(),
        "what was told before the break is kept"
    );
}

#[test]
fn a_message_streams_error_event_is_a_fault() {
    let error = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
    let outcome = run_whole(
        Endpoint::Messages,
        UNASKED,
        &[MESSAGE, MESSAGE_TEXT, error].concat(),
    );
    assert_eq!(outcome.bytes, [MESSAGE, MESSAGE_TEXT].concat().as_bytes());
    let Err(ReplyFault::Upstream(error)) = outcome.end else {
        panic!()
    };
    assert_eq!(
        (error.status, error.kind.as_deref()),
        (529, Some("overloaded_error"))
    );
}

#[test]
fn a_tools_start_is_content_and_a_signature_is_none() {
    let start = |block: &str| {
        format!(
            "data: {{\"index\":0,\"type\":\"content_block_start\",\"content_block\":{block}}}\n\n"
        )
    };
    let delta = |delta: &str| {
        format!("data: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{delta}}}\n\n")
    };
    for (frame, expected) in [
        (
            start(r#"{"type":"thinking","thinking":"","signature":""}"#),
            false,
        ),
        (start(r#"{"type":"redacted_thinking","data":"x"}"#), true),
        (
            start(r#"{"type":"tool_use","id":"t","name":"f","input":{}}"#),
            true,
        ),
        (
            delta(r#"{"type":"signature_delta","signature":"x"}"#),
            false,
        ),
        (delta(r#"{"type":"thinking_delta","thinking":"x"}"#), true),
        (
            delta(r#"{"type":"input_json_delta","partial_json":"{"}"#),
            true,
        ),
    ] {
        assert_eq!(
            run_whole(Endpoint::Messages, UNASKED, &frame).content,
            expected,
            "{frame}"
        );
    }
}

const RESPONSE: &str = "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"resp\",\"model\":\"g\",\"status\":\"in_progress\",\"usage\":null}}\n\nevent: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":{\"type\":\"message\",\"content\":[]}}\n\n";
const RESPONSE_TEXT: &str = "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"hé\"}\n\n";
const RESPONSE_END: &str = "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"id\":\"resp\",\"status\":\"completed\",\"usage\":{\"input_tokens\":5,\"output_tokens\":3,\"total_tokens\":8}}}\n\n";

#[test]
fn a_response_stream_is_metered() {
    let stream = [RESPONSE, RESPONSE_TEXT, RESPONSE_END].concat();
    let outcome = run_whole(Endpoint::Responses, UNASKED, &stream);
    assert_eq!(outcome.bytes, stream.as_bytes());
    assert!(outcome.content && outcome.done);
    assert_eq!(outcome.seen.usage, usage());
    assert_eq!(outcome.seen.finish_reasons, ["completed"]);
    assert!(!run_whole(Endpoint::Responses, UNASKED, RESPONSE).content);
    let cut = run_whole(
        Endpoint::Responses,
        UNASKED,
        &[RESPONSE, RESPONSE_TEXT].concat(),
    );
    assert_eq!(cut.end, Err(ReplyFault::Truncated));
}

#[test]
fn a_failed_response_ends_properly_and_says_so() {
    let failed = "data: {\"type\":\"response.failed\",\"response\":{\"id\":\"resp\",\"status\":\"failed\",\"error\":{\"code\":\"server_error\",\"message\":\"boom\"}}}\n\n";
    let outcome = run_whole(Endpoint::Responses, UNASKED, &[RESPONSE, failed].concat());
    assert!(outcome.done && outcome.end.is_ok());
    assert_eq!(outcome.seen.failure.unwrap().message, "boom");
    let error = "event: error\ndata: {\"type\":\"error\",\"code\":\"rate_limit_exceeded\",\"message\":\"slow\",\"param\":null}\n\n";
    let outcome = run_whole(Endpoint::Responses, UNASKED, &[RESPONSE, error].concat());
    let Err(ReplyFault::Upstream(error)) = outcome.end else {
        panic!()
    };
    assert_eq!(
        (error.status, error.message.as_str(), error.kind),
        (429, "slow", None)
    );
}

#[test]
fn an_error_without_a_type_is_a_fault_in_every_dialect() {
    let error = "data: {\"error\":{\"message\":\"boom\"}}\n\n";
    for (endpoint, before) in [
        (Endpoint::ChatCompletions, [ROLE, TEXT]),
        (Endpoint::Responses, [RESPONSE, RESPONSE_TEXT]),
        (Endpoint::Messages, [MESSAGE, MESSAGE_TEXT]),
    ] {
        let outcome = run_whole(endpoint, UNASKED, &(before.concat() + error));
        assert!(
            matches!(outcome.end, Err(ReplyFault::Upstream(_))),
            "{endpoint:?}"
        );
    }
}

#[test]
fn a_line_of_megabytes_goes_through_in_parts() {
    let long = format!(
        "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n",
        "x".repeat(2 << 20)
    );
    let stream = [ROLE, &long, STOP, DONE].concat();
    let mut reply = reply(Endpoint::ChatCompletions, UNASKED);
    let mut bytes = Vec::new();
    let mut was_mid_frame = false;
    for chunk in stream.as_bytes().chunks(1000) {
        let mut piece = Piece::default();
        reply
            .feed(Bytes::copy_from_slice(chunk), &mut piece)
            .unwrap();
        bytes.extend_from_slice(&piece.bytes);
        was_mid_frame |= reply.is_mid_frame();
    }
    assert_eq!(bytes, stream.as_bytes());
    assert!(was_mid_frame && !reply.is_mid_frame());
}
