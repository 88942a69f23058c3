//! Citations: the same answer, streamed or whole, rests on the same pages for the same letters.

use super::*;
use serde_json::json;

fn reply(endpoint: Endpoint, stream: bool) -> Reply {
    let body = json!({"model": "m", "max_tokens": 9, "stream": stream, "messages": [{"role": "user", "content": "x"}]});
    let target = target(endpoint, "m");
    let body = body.to_string();
    outgoing(endpoint, &body, &target, &NoMemory).unwrap().reply
}

fn whole(endpoint: Endpoint, answer: &Value) -> Value {
    let mut reply = reply(endpoint, false);
    let body = reply.whole(answer.to_string().into()).unwrap();
    serde_json::from_slice(&body).unwrap()
}

fn streamed(endpoint: Endpoint, events: &[Value]) -> Vec<Value> {
    let mut stream = String::new();
    for event in events {
        if let Some(kind) = event["type"].as_str() {
            stream.push_str(&format!("event: {kind}\n"));
        }
        stream.push_str(&format!("data: {event}\n\n"));
    }
    if endpoint == Endpoint::Messages {
        stream.push_str("data: [DONE]\n\n");
    }
    let streamed = run(reply(endpoint, true), [stream.as_bytes()]);
    assert_eq!(streamed.end, Ok(()));
    super::events(&streamed.bytes)
}

/// What Anthropic streams for a message of these blocks, its texts in pieces of `size` letters.
fn message_stream(content: &[Value], size: usize) -> Vec<Value> {
    let mut events = vec![json!({"type": "message_start", "message": {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": {"input_tokens": 1, "output_tokens": 1},
    }})];
    for (index, block) in content.iter().enumerate() {
        let mut start = block.clone();
        let delta =
            |delta: Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
        let mut deltas = Vec::new();
        if let Some(text) = block["text"].as_str() {
            start["text"] = "".into();
            start["citations"] = json!([]);
            let citations = block["citations"].as_array().into_iter().flatten();
            deltas.extend(
                citations.map(|citation| {
                    delta(json!({"type": "citations_delta", "citation": citation}))
                }),
            );
            let letters: Vec<char> = text.chars().collect();
            let pieces = letters.chunks(size).map(String::from_iter);
            deltas.extend(
                pieces.map(|text: String| delta(json!({"type": "text_delta", "text": text}))),
            );
            // Citations come before the text that rests on them, or after it.
            if index % 2 == 1 {
                deltas.rotate_left(block["citations"].as_array().map_or(0, Vec::len));
            }
        }
        events.push(json!({"type": "content_block_start", "index": index, "content_block": start}));
        events.extend(deltas);
        events.push(json!({"type": "content_block_stop", "index": index}));
    }
    events.push(json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}));
    events.push(json!({"type": "message_stop"}));
    events
}

#[test]
fn annotations_of_a_stream_are_those_of_the_whole_answer() {
    let page = |url: &str| {
        json!({
            "type": "web_search_result_location", "url": url, "title": "T", "cited_text": "It \"says\" so.", "encrypted_index": "Eo8B",
        })
    };
    let document = json!({"type": "char_location", "cited_text": "x", "document_index": 0, "start_char_index": 0, "end_char_index": 1});
    let content = [
        json!({"type": "text", "text": "Look: \u{2603}\u{1f600}\n\"so\" "}),
        json!({"type": "text", "text": "snow \\ melts", "citations": [page("https://a"), document, page("https://b")]}),
        json!({"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}),
        json!({"type": "text", "text": "\u{1f468}\u{200d}\u{1f469} e\u{301}", "citations": [page("https://a")]}),
        json!({"type": "text", "text": "."}),
    ];
    let answer = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": content, "stop_reason": "end_turn",
        "usage": {"input_tokens": 1, "output_tokens": 2},
    });
    let message = &whole(Endpoint::ChatCompletions, &answer)["choices"][0]["message"];
    let letters: Vec<char> = message["content"].as_str().unwrap().chars().collect();
    let annotations = message["annotations"].as_array().unwrap();
    let cited = annotations.iter().map(|annotation| {
        let at = |key: &str| annotation["url_citation"][key].as_u64().unwrap() as usize;
        String::from_iter(&letters[at("start_index")..at("end_index")])
    });
    let expected = [
        "snow \\ melts",
        "snow \\ melts",
        "\u{1f468}\u{200d}\u{1f469} e\u{301}",
    ];
    assert_eq!(cited.collect::<Vec<_>>(), expected);
    assert_eq!(annotations[0]["url_citation"]["content"], "It \"says\" so.");
    for size in [1, 2, 5, 100] {
        let chunks = streamed(Endpoint::ChatCompletions, &message_stream(&content, size));
        let deltas = || chunks.iter().map(|chunk| &chunk["choices"][0]["delta"]);
        let text: String = deltas()
            .filter_map(|delta| delta["content"].as_str())
            .collect();
        assert_eq!(text, message["content"]);
        let told: Vec<&Value> = deltas()
            .filter_map(|delta| delta["annotations"].as_array())
            .flatten()
            .collect();
        assert_eq!(told, annotations.iter().collect::<Vec<_>>());
    }
}

const TEXT: &str = "Look: \u{2603}\u{1f600}\n\"snow\" melts, and ice too.";

fn annotation(url: &str, cited: &str) -> Value {
    let at = |byte: usize| TEXT[..byte].chars().count();
    let start = TEXT.find(cited).unwrap();
    let (start, end) = (at(start), at(start + cited.len()));
    json!({"type": "url_citation", "url_citation": {
        "url": url, "title": "T", "content": "It says so.", "start_index": start, "end_index": end,
    }})
}

fn chat_chunk(delta: Value, finish: Value) -> Value {
    json!({"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [
        {"index": 0, "delta": delta, "finish_reason": finish},
    ]})
}

/// The texts of a message, each with the pages it rests on.
fn texts(events: &[Value]) -> Vec<(String, Vec<String>)> {
    let mut texts: Vec<(String, Vec<String>)> = Vec::new();
    let mut is_open = false;
    for event in events {
        let index = event["index"].as_u64().map(|index| index as usize);
        match event["type"].as_str().unwrap() {
            "content_block_start" => {
                assert!(!std::mem::replace(&mut is_open, true));
                assert_eq!(index, Some(texts.len()));
                texts.push(Default::default());
            }
            "content_block_stop" => assert!(std::mem::replace(&mut is_open, false)),
            "content_block_delta" => {
                assert!(is_open && index == Some(texts.len() - 1));
                let (text, cited) = texts.last_mut().unwrap();
                let delta = &event["delta"];
                match delta["type"].as_str().unwrap() {
                    "text_delta" => text.push_str(delta["text"].as_str().unwrap()),
                    "citations_delta" => {
                        assert_eq!(delta["citation"]["cited_text"], "It says so.");
                        cited.push(delta["citation"]["url"].as_str().unwrap().to_owned());
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    texts
}

fn whole_texts(annotations: &[Value]) -> Vec<(String, Vec<String>)> {
    let message = json!({"role": "assistant", "content": TEXT, "annotations": annotations});
    let answer = json!({"id": "c", "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]});
    let message = whole(Endpoint::Messages, &answer);
    let blocks = message["content"].as_array().unwrap().iter();
    let text = |block: &Value| {
        let cited = block["citations"].as_array().into_iter().flatten();
        let cited = cited.map(|cited| cited["url"].as_str().unwrap().to_owned());
        (
            block["text"].as_str().unwrap().to_owned(),
            cited.collect::<Vec<_>>(),
        )
    };
    blocks.map(text).collect()
}

/// A stream of the text in pieces of `size` letters; each annotation comes once `told(start, end)` letters are out.
fn chat_stream(
    annotations: &[Value],
    size: usize,
    told: impl Fn(usize, usize) -> usize,
) -> Vec<Value> {
    let letters: Vec<char> = TEXT.chars().collect();
    let mut waiting: Vec<&Value> = annotations.iter().collect();
    let mut chunks = Vec::new();
    let mut out = 0;
    for piece in letters.chunks(size).chain([&[][..]]) {
        let is_due = |annotation: &mut &Value| {
            let at = |key: &str| annotation["url_citation"][key].as_u64().unwrap() as usize;
            told(at("start_index"), at("end_index")) <= out
        };
        let due: Vec<&Value> = waiting.extract_if(.., is_due).collect();
        if !due.is_empty() {
            chunks.push(chat_chunk(json!({"annotations": due}), Value::Null));
        }
        chunks.push(chat_chunk(
            json!({"content": String::from_iter(piece)}),
            Value::Null,
        ));
        out += piece.len();
    }
    chunks.push(chat_chunk(json!({}), "stop".into()));
    chunks
}

#[test]
fn what_is_cited_ahead_of_its_text_is_a_block_of_its_own_as_in_the_whole_answer() {
    for annotations in [
        vec![annotation("https://a", "\"snow\" melts")],
        vec![
            annotation("https://a", "Look"),
            annotation("https://b", "ice too."),
        ],
        vec![
            annotation("https://a", "\u{2603}\u{1f600}"),
            annotation("https://b", "\u{1f600}\n"),
            annotation("https://c", "\"snow\""),
        ],
        vec![
            annotation("https://a", "melts"),
            annotation("https://b", "melts"),
            annotation("https://c", TEXT),
        ],
    ] {
        let expected = whole_texts(&annotations);
        for size in [1, 3, 100] {
            let stream = chat_stream(&annotations, size, |_, _| 0);
            let events = streamed(Endpoint::Messages, &stream);
            assert_eq!(texts(&events), expected, "{size}: {annotations:?}");
        }
    }
}

#[test]
fn what_is_cited_behind_its_text_ends_the_block_that_is_open() {
    let annotations = [
        annotation("https://a", "snow"),
        annotation("https://b", "ice"),
    ];
    let events = streamed(
        Endpoint::Messages,
        &chat_stream(&annotations, 1, |_, end| end),
    );
    let cited = |text: &str, url: &str| (text.to_owned(), vec![url.to_owned()]);
    let expected = [
        cited("Look: \u{2603}\u{1f600}\n\"snow", "https://a"),
        cited("\" melts, and ice", "https://b"),
        (" too.".to_owned(), Vec::new()),
    ];
    assert_eq!(texts(&events), expected);
    // All of them behind all of the text, and all again: each is told once.
    let mut chunks = chat_stream(&annotations, 4, |_, _| TEXT.len());
    let finish = chunks.pop().unwrap();
    for _ in 0..2 {
        chunks.push(chat_chunk(
            json!({"annotations": annotations.clone()}),
            Value::Null,
        ));
    }
    chunks.push(finish);
    let urls = vec!["https://a".to_owned(), "https://b".to_owned()];
    let events = streamed(Endpoint::Messages, &chunks);
    assert_eq!(texts(&events), [(TEXT.to_owned(), urls)]);
}

#[test]
fn what_is_cited_of_no_letters_is_told_in_the_last_text() {
    let of = |start: u64, end: u64| {
        json!({"type": "url_citation", "url_citation": {
            "url": "https://a", "title": "T", "content": "It says so.", "start_index": start, "end_index": end,
        }})
    };
    for annotations in [[of(0, 0)], [of(900, 905)], [of(5, 2)]] {
        let chunks = chat_stream(&annotations, 7, |_, _| 0);
        let events = streamed(Endpoint::Messages, &chunks);
        assert_eq!(texts(&events), whole_texts(&annotations));
    }
    // Before a call, too.
    let mut chunks = chat_stream(&[of(0, 0)], 7, |_, _| 0);
    let call = json!({"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let at = chunks.len() - 1;
    chunks.insert(at, chat_chunk(json!({"tool_calls": [call]}), Value::Null));
    let events = streamed(Endpoint::Messages, &chunks);
    assert_eq!(texts(&events)[0].1, ["https://a"]);
}
