//! The same for answers that are streamed.

use crate::recorder::{ANSWER, Script};

use super::{OK, POISON, Provider};

pub(super) const EVENTS: &str = "data: {\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"yes\"},\"finish_reason\":\"stop\"}]}\n\n\
data: {\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1,\"total_tokens\":4}}\n\n\
data: [DONE]\n\n";

#[test]
fn a_stream_ends_where_its_framing_says_and_a_broken_one_says_so() {
    let provider = Provider::new();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";
    let size = EVENTS.len();
    let poison = format!(
        "data: {POISON}\n\n{OK}Content-Length: {}\r\n\r\n{POISON}",
        POISON.len()
    );
    let chunks = format!("{head}Transfer-Encoding: chunked\r\n\r\n{size:x}\r\n{EVENTS}\r\n");
    let cut = &EVENTS[..size - 20];
    for (name, bytes, is_whole, closes) in [
        (
            "a length",
            format!("{head}Content-Length: {size}\r\n\r\n{EVENTS}{poison}"),
            true,
            false,
        ),
        ("chunks", format!("{chunks}0\r\n\r\n{poison}"), true, false),
        (
            "an end by closing",
            format!("{head}\r\n{EVENTS}"),
            true,
            true,
        ),
        (
            "a bad chunk at the end",
            format!(
                "{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{cut}\r\nxyz\r\n{poison}",
                cut.len()
            ),
            false,
            false,
        ),
        (
            "a length too long",
            format!("{head}Content-Length: {size}\r\n\r\n{cut}"),
            false,
            true,
        ),
        (
            "a cut chunk",
            format!("{head}Transfer-Encoding: chunked\r\n\r\n{size:x}\r\n{cut}"),
            false,
            true,
        ),
        (
            "no last chunk",
            format!(
                "{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{cut}\r\n",
                cut.len()
            ),
            false,
            true,
        ),
    ] {
        let bytes = bytes.into_bytes();
        provider.recorder.script(Script { bytes, closes });
        let answer = provider.call(true);
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
        assert!(
            answer.body.contains("\"content\":\"yes\""),
            "{name}: {}",
            answer.body
        );
        assert_eq!(
            answer.body.contains("[DONE]"),
            is_whole,
            "{name}: {}",
            answer.body
        );
        assert_eq!(
            answer.body.contains("\"error\""),
            !is_whole,
            "{name}: {}",
            answer.body
        );
        assert!(!answer.body.contains(POISON), "{name}: {}", answer.body);
        for _ in 0..2 {
            let next = provider.ask();
            assert_eq!(
                (next.status, next.body.as_str()),
                (200, ANSWER),
                "behind {name}"
            );
        }
    }
}
