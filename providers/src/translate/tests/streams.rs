use super::*;
use proptest::prelude::*;

const STREAMS: [(Endpoint, &str); 10] = [
    (Endpoint::ChatCompletions, "anthropic/message_stream.sse"),
    (
        Endpoint::ChatCompletions,
        "anthropic/message_tools_stream.sse",
    ),
    (
        Endpoint::ChatCompletions,
        "anthropic/message_stream_cut.sse",
    ),
    (
        Endpoint::ChatCompletions,
        "anthropic/message_stream_error.sse",
    ),
    (Endpoint::Messages, "openai/chat_stream_tools.sse"),
    (Endpoint::Messages, "openai/chat_stream_interleaved.sse"),
    (Endpoint::Messages, "openai/chat_stream_refusal.sse"),
    (Endpoint::Messages, "compatible/deepseek_stream.sse"),
    (Endpoint::Messages, "compatible/cumulative_usage_stream.sse"),
    (Endpoint::Messages, "compatible/crlf_stream.sse"),
];

pub(super) fn reply(endpoint: Endpoint, include_usage: bool) -> Reply {
    let body = format!(
        r#"{{"model":"m","max_tokens":5000,"stream":true,"messages":[{{"role":"user","content":"x"}}]{}}}"#,
        if include_usage {
            r#","stream_options":{"include_usage":true}"#
        } else {
            ""
        }
    );
    let target = target(endpoint, "m");
    outgoing(endpoint, &body, &target, &NoMemory).unwrap().reply
}

fn cut<'a>(bytes: &'a [u8], places: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = places.iter().map(|at| at.index(bytes.len() + 1)).collect();
    places.sort_unstable();
    let mut from = 0;
    let mut pieces = Vec::new();
    for place in places.into_iter().chain([bytes.len()]) {
        pieces.push(&bytes[from..place]);
        from = place;
    }
    pieces
}

proptest! {
    #[test]
    fn any_split_gives_the_same_bytes(
        which in 0..STREAMS.len(),
        places in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let (endpoint, name) = STREAMS[which];
        let stream = fixture(name);
        let whole = run(reply(endpoint, true), [stream.as_bytes()]);
        let pieces = run(reply(endpoint, true), cut(stream.as_bytes(), &places));
        prop_assert_eq!(whole, pieces);
    }

    #[test]
    fn no_bytes_cause_a_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        which in 0..STREAMS.len(),
        at in any::<prop::sample::Index>(),
    ) {
        let (endpoint, name) = STREAMS[which];
        let mut stream = fixture(name).into_bytes();
        let at = at.index(stream.len() + 1);
        stream.splice(at..at, bytes.iter().copied());
        let _ = run(reply(endpoint, true), [stream.as_slice()]);
        let _ = reply(endpoint, false).whole(bytes.into());
    }

    #[test]
    fn no_request_causes_a_panic(
        which in 0..4_usize,
        bytes in prop::collection::vec(any::<u8>(), 0..20),
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
    ) {
        let (endpoint, name) = [
            (Endpoint::ChatCompletions, "to_anthropic/everything.json"),
            (Endpoint::ChatCompletions, "to_anthropic/tool_loop.json"),
            (Endpoint::Messages, "to_openai/everything.json"),
            (Endpoint::Messages, "to_openai/tool_loop.json"),
        ][which];
        let mut body = fixture(name).into_bytes();
        let (from, to) = (from.index(body.len()), to.index(body.len()));
        body.splice(from.min(to)..from.max(to), bytes);
        if let Ok(call) = Call::scan(endpoint, body.into()) {
            let _ = prepare(&call, &CallerHeaders::default(), &target(endpoint, "m"), &NoMemory);
        }
    }
}

#[test]
fn usage_is_told_once_and_only_if_asked_for() {
    let stream = fixture("anthropic/message_stream.sse");
    for (include_usage, expected) in [(true, 1), (false, 0)] {
        let streamed = run(
            reply(Endpoint::ChatCompletions, include_usage),
            [stream.as_bytes()],
        );
        let events = events(&streamed.bytes);
        let told = events.iter().filter(|event| event["usage"].is_object());
        assert_eq!(told.count(), expected);
        assert_eq!(streamed.seen.usage.map(|usage| usage.total()), Some(265));
    }
}

#[test]
fn calls_are_numbered_by_themselves() {
    let stream = fixture("anthropic/message_tools_stream.sse");
    let streamed = run(reply(Endpoint::ChatCompletions, false), [stream.as_bytes()]);
    let mut arguments = vec![String::new(); 2];
    let mut ids = Vec::new();
    for event in events(&streamed.bytes) {
        for call in event["choices"][0]["delta"]["tool_calls"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let index = call["index"].as_u64().unwrap() as usize;
            arguments[index].push_str(call["function"]["arguments"].as_str().unwrap());
            ids.extend(call["id"].as_str().map(str::to_owned));
        }
    }
    assert_eq!(arguments, [r#"{"city":"Oslo"}"#, "{}"]);
    assert_eq!(ids, ["toolu_1", "toolu_2"]);
}

/// Blocks of a message stream: each opened, filled and closed before the next, indexes without gaps.
#[track_caller]
fn blocks(stream: &str) -> Vec<(String, String)> {
    let mut blocks: Vec<(String, String)> = Vec::new();
    let mut is_open = false;
    for event in events(stream) {
        let index = || event["index"].as_u64().unwrap() as usize;
        match event["type"].as_str().unwrap() {
            "content_block_start" => {
                assert!(!is_open);
                assert_eq!(index(), blocks.len());
                is_open = true;
                let block = &event["content_block"];
                let name = block["name"].as_str().or(block["type"].as_str());
                blocks.push((name.unwrap().to_owned(), String::new()));
            }
            "content_block_delta" => {
                assert!(is_open);
                assert_eq!(index() + 1, blocks.len());
                let delta = &event["delta"];
                let text = ["text", "thinking", "partial_json", "signature"]
                    .iter()
                    .find_map(|key| delta[key].as_str());
                blocks.last_mut().unwrap().1.push_str(text.unwrap());
            }
            "content_block_stop" => {
                assert!(is_open);
                is_open = false;
            }
            _ => {}
        }
    }
    assert!(!is_open);
    blocks
}

pub(super) fn chunk(delta: &str) -> String {
    format!(
        "data: {{\"id\":\"c\",\"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{delta}}}]}}\n\n"
    )
}

fn call(index: &str, id: &str, name: &str, arguments: &str) -> String {
    let mut function = format!(r#""arguments":{}"#, Value::from(arguments));
    if !name.is_empty() {
        function.push_str(&format!(r#","name":"{name}""#));
    }
    let mut call = format!(r#""function":{{{function}}}"#);
    if !index.is_empty() {
        call.push_str(&format!(r#","index":{index}"#));
    }
    if !id.is_empty() {
        call.push_str(&format!(r#","id":"{id}""#));
    }
    chunk(&format!(r#"{{"tool_calls":[{{{call}}}]}}"#))
}

pub(super) const FINISH: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

#[track_caller]
fn check_blocks(chunks: &[String], expected: &[(&str, &str)]) {
    let stream = [chunks.concat(), FINISH.to_owned()].concat();
    let streamed = run(reply(Endpoint::Messages, false), [stream.as_bytes()]);
    assert_eq!(streamed.end, Ok(()));
    let blocks = blocks(&streamed.bytes);
    let got: Vec<_> = blocks
        .iter()
        .map(|(name, text)| (&**name, &**text))
        .collect();
    assert_eq!(got, expected);
    assert_eq!(streamed.bytes.matches("event: message_delta\n").count(), 1);
}

#[test]
fn calls_of_all_servers_are_told_apart() {
    let whole = [("a", r#"{"x":1}"#), ("b", r#"{"y":2}"#)];
    // In turns.
    check_blocks(
        &[
            call("0", "1", "a", r#"{"x"#),
            call("1", "2", "b", r#"{"y":"#),
            call("0", "", "", r#"":1}"#),
            call("1", "", "", "2}"),
        ],
        &whole,
    );
    // Each whole, all numbered 0.
    check_blocks(
        &[
            call("0", "1", "a", r#"{"x":1}"#),
            call("0", "2", "b", r#"{"y":2}"#),
        ],
        &whole,
    );
    // Without numbers.
    check_blocks(
        &[
            call("", "1", "a", r#"{"x":"#),
            call("", "1", "", "1}"),
            call("", "2", "b", r#"{"y":2}"#),
        ],
        &whole,
    );
    // Without numbers or ids.
    check_blocks(
        &[
            call("", "", "a", r#"{"x":1}"#),
            call("", "", "b", r#"{"y":"#),
            call("", "", "", "2}"),
        ],
        &whole,
    );
    // Numbered from 1, with a gap.
    check_blocks(
        &[
            call("1", "1", "a", r#"{"x":1}"#),
            call("3", "2", "b", r#"{"y":2}"#),
        ],
        &whole,
    );
    // Without arguments.
    check_blocks(
        &[call("0", "1", "a", ""), call("1", "2", "b", "")],
        &[("a", ""), ("b", "")],
    );
}

#[test]
fn text_in_the_middle_of_a_call_comes_after_it() {
    check_blocks(
        &[
            chunk(r#"{"content":"First."}"#),
            call("0", "1", "a", r#"{"x"#),
            chunk(r#"{"content":"Second."}"#),
            call("0", "", "", r#"":1}"#),
            chunk(r#"{"content":"Third."}"#),
        ],
        &[
            ("text", "First."),
            ("a", r#"{"x":1}"#),
            ("text", "Second.Third."),
        ],
    );
}

#[test]
fn a_chat_stream_that_ends_without_a_reason_is_truncated() {
    let stream = chunk(r#"{"content":"Hal"}"#);
    let streamed = run(reply(Endpoint::Messages, false), [stream.as_bytes()]);
    assert_eq!(streamed.end, Err(ReplyFault::Truncated));
    assert!(streamed.content && !streamed.done);
    assert!(!streamed.bytes.contains("message_stop"));
}

#[test]
fn an_error_inside_an_answer_is_a_fault() {
    for stream in [
        r#"data: {"error":{"message":"Boom","type":"server_error"}}"#,
        r#"data: {"choices":[{"index":0,"delta":{},"finish_reason":"error"}]}"#,
    ] {
        let stream = [chunk(r#"{"content":"Hal"}"#), format!("{stream}\n\n")].concat();
        let streamed = run(reply(Endpoint::Messages, false), [stream.as_bytes()]);
        assert!(matches!(streamed.end, Err(ReplyFault::Upstream(_))));
        // What came before it is there, and nothing that looks like an end.
        assert!(streamed.bytes.contains("Hal") && !streamed.bytes.contains("message_delta"));
    }
}

#[test]
fn a_missing_done_is_no_fault_once_there_is_a_reason() {
    let stream = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}";
    let streamed = run(reply(Endpoint::Messages, false), [stream.as_bytes()]);
    assert_eq!((streamed.end, streamed.done), (Ok(()), true));
    assert!(
        streamed
            .bytes
            .ends_with("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")
    );
}

#[test]
fn lifecycle_events_are_no_content() {
    let stream = fixture("anthropic/message_stream.sse");
    let (head, _) = stream.split_once("event: content_block_delta").unwrap();
    let mut reply = reply(Endpoint::ChatCompletions, false);
    let mut piece = Piece::default();
    reply
        .feed(Bytes::copy_from_slice(head.as_bytes()), &mut piece)
        .unwrap();
    assert!(!piece.content && !piece.bytes.is_empty());
}
