//! A stream of the caller's own dialect comes to the same however it is cut, and nothing is added to it.

use super::answer::{check_stream, reply};
use tollgate_domain::{Endpoint, ProviderKind};

const CHAT: &str = r#"{"model":"m","stream":true,"messages":[]}"#;
const CHAT_USAGE: &str =
    r#"{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[]}"#;
const COMPLETION: &str = r#"{"model":"m","stream":true,"prompt":"x"}"#;
const RESPONSE: &str = r#"{"model":"m","stream":true,"input":"x"}"#;
const MESSAGE: &str = r#"{"model":"m","stream":true,"max_tokens":9,"messages":[]}"#;

pub fn check(input: &[u8]) {
    for (endpoint, request, kind) in [
        (Endpoint::ChatCompletions, CHAT, ProviderKind::OpenAi),
        (Endpoint::ChatCompletions, CHAT_USAGE, ProviderKind::OpenAi),
        (Endpoint::Completions, COMPLETION, ProviderKind::OpenAi),
        (Endpoint::Responses, RESPONSE, ProviderKind::OpenAi),
        (Endpoint::Messages, MESSAGE, ProviderKind::Anthropic),
    ] {
        let streamed = check_stream(input, || reply(endpoint, request, kind));
        assert!(streamed.bytes.len() <= input.len());
    }
}
