//! Callers that speak Anthropic's dialect, providers that speak OpenAI's: any bytes as a request and as an answer.

use super::translation::{Way, check_way};
use tollgate_domain::{Endpoint, ProviderKind};

pub fn check(input: &[u8]) {
    check_way(
        input,
        &Way {
            endpoint: Endpoint::Messages,
            kind: ProviderKind::OpenAi,
            whole: r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"}]}"#,
            streamed: r#"{"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"x"}]}"#,
        },
    );
}
