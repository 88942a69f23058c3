//! The bytes that travel: the client's request, and the replies of an OpenAI and an Anthropic
//! upstream. Mock and load generator share them, so that every answer can be compared to the
//! byte. Shapes: OpenAI Chat Completions; Anthropic Messages API, version 2023-06-01.

use std::fmt::Write as _;

use crate::work::Work;

/// Chunks of a streamed reply.
pub(crate) const CHUNKS: usize = 100;
/// Bytes of an unstreamed reply.
pub(crate) const REPLY_BYTES: usize = 1024;
/// Stands in each prompt; a request overwrites it with its number, so that no two are alike.
pub(crate) const SERIAL: &[u8] = b"0000000000000000";

const PROSE: &str = "The toll keeper counts the carts that cross the bridge, notes what each one \
    carries, takes the coin and lifts the bar; at dusk the book and the purse must agree. ";

/// The chat request for `model`, padded to `size` bytes.
pub(crate) fn request(model: &str, work: Work, size: usize) -> Vec<u8> {
    let stream = if work.is_streamed() {
        r#","stream":true,"stream_options":{"include_usage":true}"#
    } else {
        ""
    };
    let serial = String::from_utf8_lossy(SERIAL);
    padded(size, |prose| {
        format!(
            r#"{{"model":"{model}","messages":[{{"role":"system","content":"You keep the bridge's book."}},{{"role":"user","content":"Entry {serial}. {prose}"}}],"temperature":0.2,"max_tokens":256{stream}}}"#
        )
    })
}

/// The unstreamed OpenAI reply, [`REPLY_BYTES`] long.
pub(crate) fn openai_whole() -> Vec<u8> {
    padded(REPLY_BYTES, |prose| {
        format!(
            r#"{{"id":"chatcmpl-9f1e2d3c4b5a","object":"chat.completion","created":1760000000,"model":"gpt-4o-mini-2024-07-18","choices":[{{"index":0,"message":{{"role":"assistant","content":"{prose}","refusal":null}},"logprobs":null,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":212,"completion_tokens":118,"total_tokens":330,"prompt_tokens_details":{{"cached_tokens":64}},"completion_tokens_details":{{"reasoning_tokens":0}}}},"system_fingerprint":"fp_5a4b3c2d1e"}}"#
        )
    })
}

/// The unstreamed Anthropic reply, [`REPLY_BYTES`] long.
pub(crate) fn anthropic_whole() -> Vec<u8> {
    padded(REPLY_BYTES, |prose| {
        format!(
            r#"{{"id":"msg_01XFDUDYJgAACzvnptvVoYEL","type":"message","role":"assistant","model":"mock-whole","content":[{{"type":"text","text":"{prose}"}}],"stop_reason":"end_turn","stop_sequence":null,"usage":{{"input_tokens":148,"cache_creation_input_tokens":0,"cache_read_input_tokens":64,"output_tokens":118}}}}"#
        )
    })
}

/// The frames of the streamed OpenAI reply; the last carries `[DONE]` behind the usage.
pub(crate) fn openai_frames() -> Vec<Vec<u8>> {
    let chunk = |choices: &str, usage: &str| {
        format!(
            "data: {{\"id\":\"chatcmpl-9f1e2d3c4b5a\",\"object\":\"chat.completion.chunk\",\"created\":1760000000,\"model\":\"gpt-4o-mini-2024-07-18\",\"system_fingerprint\":\"fp_5a4b3c2d1e\",\"choices\":[{choices}],\"usage\":{usage}}}\n\n"
        )
    };
    let mut frames = vec![chunk(
        r#"{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}"#,
        "null",
    )];
    for word in words(CHUNKS - 3) {
        frames.push(chunk(
            &format!(r#"{{"index":0,"delta":{{"content":"{word}"}},"logprobs":null,"finish_reason":null}}"#),
            "null",
        ));
    }
    frames.push(chunk(
        r#"{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}"#,
        "null",
    ));
    let usage = r#"{"prompt_tokens":212,"completion_tokens":97,"total_tokens":309,"prompt_tokens_details":{"cached_tokens":64}}"#;
    frames.push(chunk("", usage) + "data: [DONE]\n\n");
    frames.into_iter().map(String::into_bytes).collect()
}

/// The frames of the streamed Anthropic reply.
pub(crate) fn anthropic_frames() -> Vec<Vec<u8>> {
    let event =
        |name: &str, rest: &str| format!("event: {name}\ndata: {{\"type\":\"{name}\"{rest}}}\n\n");
    let mut frames = vec![
        event(
            "message_start",
            r#","message":{"id":"msg_01XFDUDYJgAACzvnptvVoYEL","type":"message","role":"assistant","model":"mock-burst","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":148,"cache_creation_input_tokens":0,"cache_read_input_tokens":64,"output_tokens":1}}"#,
        ),
        event(
            "content_block_start",
            r#","index":0,"content_block":{"type":"text","text":""}"#,
        ),
    ];
    for word in words(CHUNKS - 5) {
        frames.push(event(
            "content_block_delta",
            &format!(r#","index":0,"delta":{{"type":"text_delta","text":"{word}"}}"#),
        ));
    }
    frames.push(event("content_block_stop", r#","index":0"#));
    frames.push(event(
        "message_delta",
        r#","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":97}"#,
    ));
    frames.push(event("message_stop", ""));
    frames.into_iter().map(String::into_bytes).collect()
}

/// A body of exactly `size` bytes, the prose filling what the frame around it leaves.
fn padded(size: usize, render: impl Fn(&str) -> String) -> Vec<u8> {
    let room = size.saturating_sub(render("").len());
    let prose: String = PROSE.chars().cycle().take(room).collect();
    render(&prose).into_bytes()
}

fn words(count: usize) -> impl Iterator<Item = String> {
    PROSE
        .split_whitespace()
        .cycle()
        .take(count)
        .map(|word| format!(" {word}"))
}

/// One piece of a body in chunked transfer coding (RFC 9112, section 7.1).
pub(crate) fn as_chunk(bytes: &[u8]) -> Vec<u8> {
    let mut head = String::new();
    let _infallible = write!(head, "{:x}\r\n", bytes.len());
    let mut chunk = head.into_bytes();
    chunk.extend_from_slice(bytes);
    chunk.extend_from_slice(b"\r\n");
    chunk
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_json_of_the_stated_size() {
        for body in [
            request("mock-whole", Work::Whole, 1024),
            openai_whole(),
            anthropic_whole(),
        ] {
            assert_eq!(body.len(), 1024);
            serde_json::from_slice::<serde_json::Value>(&body).unwrap();
        }
        let long = request("mock-burst", Work::Burst, 3584);
        assert_eq!(long.len(), 3584);
        assert!(memchr::memmem::find(&long, SERIAL).is_some());
    }

    #[test]
    fn streams_have_a_hundred_frames_of_json() {
        for frames in [openai_frames(), anthropic_frames()] {
            assert_eq!(frames.len(), CHUNKS);
            for frame in frames {
                let text = String::from_utf8(frame).unwrap();
                assert!(text.ends_with("\n\n"));
                for line in text.lines().filter_map(|line| line.strip_prefix("data: ")) {
                    assert!(
                        line == "[DONE]" || serde_json::from_str::<serde_json::Value>(line).is_ok()
                    );
                }
            }
        }
    }
}
