//! Callers that speak OpenAI's dialect, providers that speak Anthropic's: any bytes as a request and as an answer.

use super::translation::{Way, check_way};
use tollgate_domain::{Endpoint, ProviderKind};

pub fn check(input: &[u8]) {
    check_way(
        input,
        &Way {
            endpoint: Endpoint::ChatCompletions,
            kind: ProviderKind::Anthropic,
            whole: r#"{"model":"m","messages":[{"role":"user","content":"x"}]}"#,
            streamed: r#"{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"x"}]}"#,
        },
    );
}
