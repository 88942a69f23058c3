//! What answers say of themselves: why they stopped, how large they are, that there is one at all.

use super::streams::{FINISH, chunk, reply};
use super::*;

#[test]
fn an_answer_that_holds_none_is_a_fault() {
    for (endpoint, body) in [
        (Endpoint::Messages, r#"{"id":"c","choices":[]}"#),
        (Endpoint::Messages, "{}"),
        (Endpoint::ChatCompletions, "{}"),
    ] {
        let fault = whole(endpoint, body).unwrap_err();
        assert!(matches!(fault, ReplyFault::Malformed(_)), "{fault:?}");
    }
}

#[test]
fn nobody_is_told_to_run_tools_that_were_not_called() {
    let body = r#"{"id":"c","choices":[{"index":0,"message":{"content":"x"},"finish_reason":"tool_calls"}]}"#;
    let answer = whole(Endpoint::Messages, body).unwrap();
    assert_eq!(answer["stop_reason"], "end_turn");
    let body = r#"{"id":"m","content":[{"type":"text","text":"x"}],"stop_reason":"tool_use"}"#;
    let answer = whole(Endpoint::ChatCompletions, body).unwrap();
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    let stream = concat!(
        "data: {\"type\":\"message_start\",\"message\":{\"id\":\"m\"}}

",
        "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"}}

",
        "data: {\"type\":\"message_stop\"}

",
    );
    let streamed = run(reply(Endpoint::ChatCompletions, false), [stream.as_bytes()]);
    assert!(streamed.bytes.contains(r#""finish_reason":"stop""#));
}

#[track_caller]
fn whole(endpoint: Endpoint, answer: &str) -> Result<Value, ReplyFault> {
    let body = r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"}]}"#;
    let target = target(endpoint, "m");
    let mut reply = outgoing(endpoint, body, &target, &NoMemory).unwrap().reply;
    let answer = reply.whole(Bytes::copy_from_slice(answer.as_bytes()))?;
    Ok(serde_json::from_slice(&answer).unwrap())
}

#[test]
fn half_a_surrogate_pair_spoils_nothing_but_itself() {
    let stream = [
        chunk(r#"{"content":"a\ud83d b\ud83d\ude00"}"#),
        FINISH.to_owned(),
    ]
    .concat();
    let streamed = run(reply(Endpoint::Messages, false), [stream.as_bytes()]);
    // `events` leaves out what strict JSON does not allow.
    let text: Vec<String> = events(&streamed.bytes)
        .iter()
        .filter_map(|event| Some(event["delta"]["text"].as_str()?.to_owned()))
        .collect();
    assert_eq!(text, ["a\u{fffd} b\u{1f600}"]);
}

#[test]
fn callers_of_messages_are_told_the_prompts_size_at_once_and_its_truth_at_the_end() {
    let told = |streamed: &Streamed, kind: &str| {
        let events = events(&streamed.bytes);
        let event = events.iter().find(|event| event["type"] == kind).unwrap();
        let usage = match kind {
            "message_start" => &event["message"]["usage"],
            _ => &event["usage"],
        };
        (
            usage["input_tokens"].as_u64().unwrap(),
            usage["output_tokens"].as_u64().unwrap(),
        )
    };
    let body = format!(
        r#"{{"model":"m","max_tokens":9,"stream":true,"system":"{}","messages":[{{"role":"user","content":"12345678"}}]}}"#,
        "x".repeat(392)
    );
    let target = target(Endpoint::Messages, "m");
    let ask = |stream: String| {
        let reply = outgoing(Endpoint::Messages, &body, &target, &NoMemory)
            .unwrap()
            .reply;
        run(reply, [stream.as_bytes()])
    };
    let usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":90,\"completion_tokens\":7,\"prompt_tokens_details\":{\"cached_tokens\":64}}}\n\n";
    let streamed = ask([&chunk(r#"{"content":"Hello you"}"#), usage, FINISH].concat());
    assert_eq!(told(&streamed, "message_start"), (100, 0));
    assert_eq!(told(&streamed, "message_delta"), (26, 7));
    // A provider that never says.
    let streamed = ask([&chunk(r#"{"content":"Hello you"}"#), FINISH].concat());
    assert_eq!(told(&streamed, "message_delta"), (100, 3));
    assert_eq!(streamed.seen.usage, None);
}

#[test]
fn a_chunk_before_the_answer_does_not_begin_it() {
    let prompt =
        r#"data: {"choices":[],"prompt_filter_results":[],"id":"","model":"","created":0}"#;
    let first =
        r#"data: {"id":"c1","model":"gpt-9","choices":[{"index":0,"delta":{"content":"a"}}]}"#;
    let stream = [prompt, "\n\n", first, "\n\n", FINISH].concat();
    let streamed = run(reply(Endpoint::Messages, false), [stream.as_bytes()]);
    let events = events(&streamed.bytes);
    assert_eq!(events[0]["message"]["id"], "c1");
    assert_eq!(events[0]["message"]["model"], "gpt-9");
}
