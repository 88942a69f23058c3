use super::*;
use std::fmt::Write;
use std::path::Path;
use tollgate_domain::{Dialect, Endpoint, ProviderKind, Unit};

const DIALECTS: [Dialect; 2] = [Dialect::OpenAi, Dialect::Anthropic];

fn snapshots(run: impl FnOnce()) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../fixtures/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(run);
}

fn answer(dialect: Dialect, refusal: &Refusal) -> String {
    let body = error_body(dialect, refusal, "req");
    format!(
        "{} {}",
        error_status(dialect, refusal),
        String::from_utf8(body.to_vec()).unwrap()
    )
}

/// What a provider says, how it is read, and what callers of either dialect are told.
#[test]
fn providers_errors_are_read_and_mapped() {
    use ProviderKind::{Anthropic, OpenAi};
    let mut out = String::new();
    for (kind, status, name) in [
        (OpenAi, 400, "openai_400.json"),
        (OpenAi, 400, "openai_context.json"),
        (OpenAi, 401, "openai_401.json"),
        (OpenAi, 429, "openai_429.json"),
        (OpenAi, 429, "openai_quota.json"),
        (OpenAi, 503, "openai_429.json"),
        (Anthropic, 400, "anthropic_400.json"),
        (Anthropic, 400, "anthropic_credit.json"),
        (Anthropic, 429, "anthropic_cap.json"),
        (Anthropic, 529, "anthropic_529.json"),
        (OpenAi, 422, "mistral_422.json"),
        (OpenAi, 404, "mistral_flat.json"),
        (OpenAi, 404, "openai_400.json"),
        (OpenAi, 422, "fastapi_detail.json"),
        (OpenAi, 404, "fastapi_text.json"),
        (OpenAi, 404, "error_text.json"),
        (OpenAi, 400, "error_named.json"),
        (OpenAi, 502, "code_int.json"),
        (OpenAi, 400, "gemini.json"),
        (OpenAi, 502, "proxy.html"),
        (OpenAi, 503, "plain.txt"),
        (OpenAi, 413, "empty.txt"),
        (OpenAi, 302, "empty.txt"),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures/errors")
            .join(name);
        let error = upstream_error(kind, status, &std::fs::read(path).unwrap());
        writeln!(out, "{name} {status}: {error:#?}").unwrap();
        writeln!(
            out,
            "retryable {} callers {}",
            error.is_retryable(),
            error.is_callers()
        )
        .unwrap();
        let refusal = error.into_refusal(None);
        for dialect in DIALECTS {
            writeln!(out, "{}", answer(dialect, &refusal)).unwrap();
        }
        writeln!(out).unwrap();
    }
    snapshots(|| insta::assert_snapshot!("upstream_errors", out));
}

#[test]
fn refusals_are_told_in_the_callers_dialect() {
    let wait = Duration::from_secs(2);
    let limit = |unit| Refusal::LimitReached {
        unit,
        limit: 5,
        scope: "key a".into(),
        retry_after: wait,
    };
    let mut out = String::new();
    for refusal in [
        Refusal::MissingKey,
        Refusal::InvalidKey,
        Refusal::MissingScope("read"),
        Refusal::UnknownModel("x\"y".into()),
        Refusal::NotFound("no such path".into()),
        Refusal::MethodNotAllowed("PUT".into()),
        Refusal::bad_request("`n` must be 1 or more", "n".to_owned()),
        Refusal::BodyTooLarge { limit: 10 },
        Refusal::BadHead {
            status: 431,
            code: "head_too_large",
            message: "the request's head is too large",
        },
        Refusal::RequestTimeout,
        Refusal::UnsupportedEncoding("br".into()),
        limit(Unit::Requests),
        limit(Unit::Tokens),
        limit(Unit::Concurrent),
        Refusal::Unreachable("connect".into()),
        Refusal::UpstreamTimeout,
        Refusal::TotalTimeout,
        Refusal::UpstreamAuth,
        Refusal::UpstreamQuota,
        Refusal::UpstreamMalformed("x".into()),
        Refusal::JournalFull,
        Refusal::Draining,
        Refusal::Internal,
    ] {
        for dialect in DIALECTS {
            writeln!(out, "{}", answer(dialect, &refusal)).unwrap();
        }
    }
    for (dialect, endpoint) in [
        (Dialect::OpenAi, Endpoint::ChatCompletions),
        (Dialect::OpenAi, Endpoint::Responses),
        (Dialect::Anthropic, Endpoint::Messages),
    ] {
        let event = error_event(dialect, endpoint, &Refusal::UpstreamTimeout, "req");
        write!(out, "\n{}", String::from_utf8(event.to_vec()).unwrap()).unwrap();
    }
    snapshots(|| insta::assert_snapshot!("refusals", out));
}

#[test]
fn an_error_inside_a_stream_has_the_status_of_its_type() {
    for (dialect, data, status) in [
        (
            Dialect::OpenAi,
            r#"{"error":{"message":"m","type":"server_error"}}"#,
            500,
        ),
        (
            Dialect::OpenAi,
            r#"{"error":{"message":"m","code":"rate_limit_exceeded"}}"#,
            429,
        ),
        (
            Dialect::OpenAi,
            r#"{"error":{"message":"m","code":403}}"#,
            403,
        ),
        (
            Dialect::OpenAi,
            r#"{"error":{"message":"m","code":"x"}}"#,
            500,
        ),
        (Dialect::OpenAi, r#"{"error":"m"}"#, 500),
        (
            Dialect::OpenAi,
            r#"{"error":{"message":"m","type":"overloaded_error"}}"#,
            503,
        ),
        (
            Dialect::Anthropic,
            r#"{"error":{"message":"m","type":"overloaded_error"}}"#,
            529,
        ),
        (
            Dialect::Anthropic,
            r#"{"error":{"message":"m","type":"api_error"}}"#,
            500,
        ),
    ] {
        let error = upstream_failure(dialect, data.as_bytes());
        assert_eq!(
            (error.status, error.message.as_str()),
            (status, "m"),
            "{data}"
        );
    }
}

#[test]
fn long_messages_are_cut_between_characters() {
    let text = "é".repeat(20_000);
    let json = format!(r#"{{"error":{{"message":"{text}"}}}}"#);
    let error = upstream_error(ProviderKind::OpenAi, 500, json.as_bytes());
    assert_eq!(error.message.len(), 16 * 1024);
    let error = upstream_error(ProviderKind::OpenAi, 500, text.as_bytes());
    assert_eq!(error.message.chars().count(), 300);
}
