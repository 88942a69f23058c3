//! What attempts' spans show of bodies.

use super::support::*;
use serde_json::{Value, json};
use std::sync::Arc;
use tollgate_domain::ProviderKind;
use tollgate_journal::{Capture, Outcome, Record};

const ANTHROPIC_INPUT: &[u8] = br#"{"model":"claude","max_tokens":5,"system":"Be brief.","messages":[{"role":"user","content":"Say hi"}]}"#;
const ANTHROPIC_OUTPUT: &[u8] = b"event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude\",\"content\":[],\"stop_reason\":null,\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\nevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hi there\"}}\n\n";

/// The second attempt of an OpenAI client's request, at Anthropic, after one that failed.
fn translated(input: &'static [u8], capture: Capture) -> Vec<Record<'static>> {
    let (Record::Open(mut open), Record::Attempt(mut tried), Record::AttemptEnd(mut end)) =
        (open(1), attempt(1, 2, "anthropic"), succeeded(1, 2))
    else {
        panic!()
    };
    open.capture = capture;
    tried.kind = ProviderKind::Anthropic;
    tried.model = "claude";
    (end.input, end.output) = (Some(input), ANTHROPIC_OUTPUT);
    vec![
        Record::Open(open),
        attempt(1, 1, "openai"),
        failed(1, 1),
        Record::Attempt(tried),
        Record::AttemptEnd(end),
        closed(1, Outcome::Ok, &[]),
    ]
}

/// The attributes of the root and of each attempt.
fn attributes(records: &[Record<'_>]) -> Vec<Value> {
    let (store, _folder) = store();
    drain(&store, records, &Arc::default());
    let shown = shown(&store, 1);
    let spans = shown["spans"].as_array().unwrap();
    spans
        .iter()
        .map(|span| span["attributes"].clone())
        .collect()
}

fn parsed(json: &[u8]) -> Value {
    serde_json::from_slice(json).unwrap()
}

#[test]
fn a_translated_attempt_shows_the_providers_bodies_and_the_root_the_callers() {
    let mut records = translated(ANTHROPIC_INPUT, Capture::Full);
    records.pop();
    let sent = [FIRST, REST].concat();
    records.push(closed(1, Outcome::Ok, sent.leak()));
    let spans = attributes(&records);
    let [root, first, second] = &spans[..] else {
        panic!("{spans:?}")
    };
    assert_eq!(root["mlflow.spanInputs"], parsed(INPUT));
    assert_eq!(root["mlflow.message.format"], "openai");
    let message = &root["mlflow.spanOutputs"]["choices"][0]["message"];
    assert_eq!(message["content"], "Hi there");

    assert_eq!(first["mlflow.spanInputs"], parsed(INPUT));
    assert_eq!(first["mlflow.message.format"], "openai");
    assert_eq!(first.get("mlflow.spanOutputs"), None, "it failed");

    assert_eq!(second["mlflow.spanInputs"], parsed(ANTHROPIC_INPUT));
    assert_eq!(second["mlflow.message.format"], "anthropic");
    let content = &second["mlflow.spanOutputs"]["content"];
    assert_eq!(content, &json!([{ "type": "text", "text": "Hi there" }]));
}

#[test]
fn a_body_that_was_cut_is_shown_as_text() {
    let spans = attributes(&translated(&ANTHROPIC_INPUT[..40], Capture::Full));
    let input = spans[2]["mlflow.spanInputs"].as_str().unwrap();
    assert_eq!(input.as_bytes(), &ANTHROPIC_INPUT[..40]);
}

#[test]
fn without_capture_no_attempt_shows_a_body() {
    for capture in [Capture::Metadata, Capture::Off] {
        for span in attributes(&translated(ANTHROPIC_INPUT, capture)) {
            for name in ["mlflow.spanInputs", "mlflow.spanOutputs"] {
                assert_eq!(span.get(name), None, "{capture:?}");
            }
        }
    }
}
