use super::*;
use crate::{Call, CallerHeaders, ModelFacts, NoMemory, Piece, TargetModel, prepare};
use bytes::Bytes;
use proptest::prelude::*;
use std::path::Path;
use tollgate_domain::ProviderKind;

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures")
            .join(name),
    )
    .unwrap()
}

/// What the fast path makes of a fixture, and what the trace then shows.
fn story(endpoint: Endpoint, name: &str) -> String {
    let answer = Bytes::from(fixture(name));
    let streamed = name.ends_with(".sse");
    let kind = match endpoint {
        Endpoint::Messages | Endpoint::CountTokens => ProviderKind::Anthropic,
        _ => ProviderKind::OpenAi,
    };
    let target = TargetModel {
        kind,
        provider: "p",
        model: None,
        stream_usage: true,
        facts: ModelFacts::default(),
        refuse_losses: false,
    };
    let body = format!(r#"{{"model":"m","stream":{streamed}}}"#);
    let call = Call::scan(endpoint, body.into()).unwrap();
    let mut reply = prepare(&call, &CallerHeaders::default(), &target, &NoMemory)
        .unwrap()
        .reply;
    let (sent, outcome) = if streamed {
        let (mut piece, mut last) = (Piece::default(), Piece::default());
        let outcome = reply
            .feed(answer, &mut piece)
            .and_then(|()| reply.end(&mut last));
        ([piece.bytes, last.bytes].concat(), format!("{outcome:?}"))
    } else {
        (reply.whole(answer).unwrap().to_vec(), "whole".to_owned())
    };
    let summary = summarize(endpoint, streamed, &sent);
    format!(
        "{outcome}\n{:#?}\n{}\n--- visible\n{}\n--- written\n{}",
        reply.seen(),
        serde_json::to_string_pretty(&summary).unwrap(),
        visible_text(&summary),
        output_text(&summary),
    )
}

#[test]
fn answers_are_metered_and_put_together() {
    use Endpoint as E;
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../fixtures/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| {
        for (endpoint, name) in [
            (E::ChatCompletions, "openai/chat.json"),
            (E::ChatCompletions, "openai/chat_stream.sse"),
            (E::ChatCompletions, "openai/chat_stream_tools.sse"),
            (E::ChatCompletions, "openai/chat_stream_two_choices.sse"),
            (E::Completions, "openai/completion_stream.sse"),
            (E::Responses, "openai/responses_stream.sse"),
            (E::Responses, "openai/responses_stream_cut.sse"),
            (E::Responses, "openai/responses_stream_failed.sse"),
            (E::Messages, "anthropic/message.json"),
            (E::Messages, "anthropic/message_stream.sse"),
            (E::Messages, "anthropic/message_stream_cut.sse"),
            (E::Messages, "anthropic/message_stream_error.sse"),
            (E::CountTokens, "anthropic/count_tokens.json"),
            (E::ChatCompletions, "compatible/deepseek_stream.sse"),
            (E::ChatCompletions, "compatible/cumulative_usage_stream.sse"),
            (E::ChatCompletions, "compatible/crlf_stream.sse"),
            (E::ChatCompletions, "compatible/mistral_stream.sse"),
        ] {
            insta::assert_snapshot!(name.replace('/', "_"), story(endpoint, name));
        }
    });
}

#[test]
fn a_body_that_was_cut_is_closed() {
    for (cut, expected) in [
        (r#"{"a":[1,2"#, r#"{"a":[1,2]}"#),
        (r#"{"a":[1,{"b":"te"#, r#"{"a":[1,{"b":"te"}]}"#),
        (r#"{"a":"x\u00"#, r#"{"a":"x"}"#),
        (r#"{"a":"x\ud83d\ude0"#, r#"{"a":"x"}"#),
        (r#"{"a":"x\"#, r#"{"a":"x"}"#),
        (r#"{"a":"x\"y"#, r#"{"a":"x\"y"}"#),
        (r#"{"a":1,"#, r#"{"a":1}"#),
        (r#"{"a":1,"b"#, r#"{"a":1,"b":null}"#),
        (r#"{"a":1,"b""#, r#"{"a":1,"b":null}"#),
        (r#"{"a":1,"b":"#, r#"{"a":1,"b":null}"#),
        (r#"{"a":1,"b":tr"#, r#"{"a":1,"b":null}"#),
        (r#"{"a":[1.5,-"#, r#"{"a":[1.5,null]}"#),
        (r#"{"a":{}"#, r#"{"a":{}}"#),
        ("{", "{}"),
    ] {
        let expected: Value = serde_json::from_str(expected).unwrap();
        assert_eq!(whole(cut.as_bytes()), expected, "{cut}");
    }
    assert_eq!(whole(b"{\"a\":\"h\xc3"), serde_json::json!({"a": "h"}));
    assert_eq!(whole(b" "), Value::Null);
    assert_eq!(whole(b"plain"), Value::from("plain"));
}

#[test]
fn a_refusal_in_place_of_a_stream_is_shown_as_it_is() {
    let body = br#"{"error":{"message":"no"}}"#;
    assert_eq!(
        summarize(Endpoint::ChatCompletions, true, body),
        serde_json::json!({"error": {"message": "no"}})
    );
    let event = b"data: {\"error\":{\"message\":\"no\"}}\n\n";
    assert_eq!(
        summarize(Endpoint::ChatCompletions, true, event),
        serde_json::json!({"error": {"message": "no"}})
    );
}

#[test]
fn thinking_blocks_of_a_translated_chat_are_joined() {
    let piece = |block: &str| {
        format!(
            "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"thinking_blocks\":[{block}]}}}}]}}\n\n"
        )
    };
    let stream = [
        piece(r#"{"type":"thinking","thinking":"a"}"#),
        piece(r#"{"type":"thinking","thinking":"b"}"#),
        piece(r#"{"type":"thinking","thinking":"","signature":"s"}"#),
        piece(r#"{"type":"thinking","thinking":"c"}"#),
    ]
    .concat();
    let summary = summarize(Endpoint::ChatCompletions, true, stream.as_bytes());
    assert_eq!(
        summary["choices"][0]["message"]["thinking_blocks"],
        serde_json::json!([
            {"type": "thinking", "thinking": "ab", "signature": "s"},
            {"type": "thinking", "thinking": "c"},
        ])
    );
}

#[test]
fn the_texts_of_a_request_are_what_a_model_reads() {
    for (endpoint, body, expected) in [
        (
            Endpoint::ChatCompletions,
            r#"{"model":"m","messages":[{"role":"system","content":"Be brief."},
                {"role":"user","content":[{"type":"text","text":"Hi"},
                {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]},
                {"role":"assistant","tool_calls":[{"id":"c","type":"function",
                "function":{"name":"f","arguments":"{}"}}]}],
                "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]}"#,
            "Be brief.\nHi\n{}\nf\nf\n{\"type\":\"object\"}",
        ),
        (
            Endpoint::Messages,
            r#"{"system":[{"type":"text","text":"S","cache_control":{"type":"ephemeral"}}],
                "messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t",
                "content":"18"},{"type":"document","source":{"type":"base64","data":"JVBE"}}]}]}"#,
            "S\n18",
        ),
        (Endpoint::Embeddings, r#"{"input":["a","b"]}"#, "a\nb"),
        (
            Endpoint::Responses,
            r#"{"instructions":"I","input":"x"}"#,
            "I\nx",
        ),
        (
            Endpoint::Completions,
            r#"{"prompt":"Once upon"#,
            "Once upon",
        ),
        (Endpoint::Completions, "garbage", ""),
    ] {
        assert_eq!(input_text(endpoint, body.as_bytes()), expected);
    }
}

#[test]
fn what_of_a_prompt_is_no_text_is_told_by_number() {
    let ask = |endpoint, body: &str| {
        let Prompt {
            texts,
            messages,
            media,
            tokens,
        } = prompt(endpoint, body.as_bytes());
        (texts.len(), messages, media, tokens)
    };
    for (endpoint, body, expected) in [
        (
            Endpoint::ChatCompletions,
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"a"},
                {"type":"image_url","image_url":{"url":"data:","detail":"low"}}]}]}"#,
            (1, 1, 1, 0),
        ),
        (
            Endpoint::Messages,
            r#"{"system":"S","messages":[{"role":"user","content":[{"type":"document",
                "source":{"type":"base64","data":"JVBE"},"title":"T"}]}]}"#,
            (2, 2, 1, 0),
        ),
        (
            Endpoint::Embeddings,
            r#"{"input":[[1,2,3],[4]]}"#,
            (0, 0, 0, 4),
        ),
        (
            Endpoint::Completions,
            r#"{"prompt":[1,2],"max_tokens":7}"#,
            (0, 0, 0, 2),
        ),
        (
            Endpoint::Responses,
            r#"{"instructions":"I","input":"x"}"#,
            (2, 2, 0, 0),
        ),
    ] {
        assert_eq!(ask(endpoint, body), expected, "{body}");
    }
}

proptest! {
    #[test]
    fn a_stream_cut_anywhere_is_summarized(cut in any::<prop::sample::Index>()) {
        for (endpoint, name) in [
            (Endpoint::ChatCompletions, "openai/chat_stream_tools.sse"),
            (Endpoint::Responses, "openai/responses_stream.sse"),
            (Endpoint::Messages, "anthropic/message_stream.sse"),
            (Endpoint::ChatCompletions, "openai/chat.json"),
        ] {
            let bytes = fixture(name);
            let at = cut.index(bytes.len());
            // The beginning alone, and both ends with a hole between.
            for kept in [bytes[..at].to_vec(), [&bytes[..at / 2], &bytes[at..]].concat()] {
                let summary = summarize(endpoint, name.ends_with(".sse"), &kept);
                output_text(&summary);
            }
        }
    }

    #[test]
    fn no_bytes_make_a_summary_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for endpoint in [Endpoint::ChatCompletions, Endpoint::Responses, Endpoint::Messages] {
            let summary = summarize(endpoint, true, &bytes);
            visible_text(&summary);
            input_text(endpoint, &bytes);
        }
    }
}
