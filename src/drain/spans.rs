//! A request's spans: the root, which covers it, and a child for each attempt.
//!
//! Attributes are OpenTelemetry's GenAI conventions (status Development, 2026-11), those that MLflow reads (listed at
//! [`tollgate_store::traces`]), and our own under `tollgate.`.

use super::content::Content;
use super::request::{Ending, Finished, Request, Try, TryEnd};
use tollgate_domain::{Cost, Endpoint, Usage};
use tollgate_journal::{Capture, Outcome};
use tollgate_store::traces::{Attributes, SpanEvent, SpanKind, SpanRow, SpanStatus};

/// All spans of a request, the root first.
pub(super) fn spans(finished: &Finished, content: &Content<'_>) -> Vec<SpanRow> {
    let Finished { request, ending } = finished;
    let count = request.attempts.len();
    let children = request
        .attempts
        .iter()
        .enumerate()
        .map(|(place, attempt)| child(request, ending, attempt, place + 1 == count, content));
    std::iter::once(root(request, ending, content))
        .chain(children)
        .collect()
}

fn root(request: &Request, ending: &Ending, content: &Content<'_>) -> SpanRow {
    let mut attributes = Attributes::default();
    if request.capture != Capture::Off {
        describe_request(request, ending, content, &mut attributes);
    }
    let usage = Some(ending.usage).filter(|usage| usage.total() > 0);
    SpanRow {
        span: request.span,
        parent: request.parent,
        name: name(request.endpoint, &request.model),
        kind: SpanKind::Server,
        span_type: span_type(request.endpoint).to_owned(),
        start_unix_nanos: request.started,
        end_unix_nanos: ending.ended.max(request.started),
        status: status(ending),
        usage,
        cost: known(usage, Some(ending.cost), ending.unpriced),
        attributes,
        events: events(request, ending),
        links: Vec::new(),
    }
}

fn describe_request(
    request: &Request,
    ending: &Ending,
    content: &Content<'_>,
    attributes: &mut Attributes,
) {
    operation(attributes, request, &request.model, content);
    attributes.set("tollgate.request_id", &request.id.to_string());
    text(attributes, "tollgate.key", &request.key);
    text(attributes, "tollgate.team", &request.team);
    text(attributes, "tollgate.route", &request.route);
    attributes.set("tollgate.attempts", &request.attempts.len());
    if let Some(last) = request.attempts.last() {
        attributes.set("gen_ai.provider.name", last.kind.vendor());
        attributes.set("mlflow.llm.provider", last.kind.vendor());
        attributes.set("mlflow.llm.model", &last.model);
        attributes.set("tollgate.provider", &last.provider);
        attributes.set("tollgate.model", &last.model);
        if let Some(end) = &last.end {
            describe_reply(end, attributes);
        }
    } else {
        text(attributes, "mlflow.llm.model", &request.model);
    }
    let usage = Some(ending.usage).filter(|usage| usage.total() > 0);
    describe_usage(usage, ending.unpriced, attributes);
    text(attributes, "tollgate.dropped_params", &ending.losses);
    text(attributes, "gen_ai.conversation.id", &request.session);
    first_token(attributes, ending.first_token);
    if ending.status != 0 {
        attributes.set("http.response.status_code", &ending.status);
    }
    attributes.set("http.request.body.size", &request.input_bytes);
    attributes.set("http.response.body.size", &ending.output_bytes);
    text(attributes, "error.type", &ending.error_type);
    match ending.outcome {
        Outcome::Interrupted => attributes.set("tollgate.interrupted", &true),
        Outcome::ClientGone => attributes.set("tollgate.client_gone", &true),
        Outcome::Ok | Outcome::Error | Outcome::Refused => {}
    }
    for (name, value) in &request.tags {
        attributes.set(&format!("tollgate.tag.{name}"), value);
    }
    for (name, value) in &ending.attributes {
        attributes.set(name, value);
    }
    content.of_request(request, attributes);
}

fn child(
    request: &Request,
    ending: &Ending,
    attempt: &Try,
    is_last: bool,
    content: &Content<'_>,
) -> SpanRow {
    let nothing = TryEnd {
        ended: ending.ended,
        ..TryEnd::default()
    };
    let end = attempt.end.as_ref().unwrap_or(&nothing);
    let mut attributes = Attributes::default();
    if request.capture != Capture::Off {
        operation(&mut attributes, request, &attempt.model, content);
        attributes.set("gen_ai.provider.name", attempt.kind.vendor());
        attributes.set("mlflow.llm.provider", attempt.kind.vendor());
        attributes.set("mlflow.llm.model", &attempt.model);
        attributes.set("tollgate.provider", &attempt.provider);
        attributes.set("tollgate.model", &attempt.model);
        attributes.set("tollgate.attempt", &attempt.number);
        server(&mut attributes, &attempt.server);
        describe_reply(end, &mut attributes);
        describe_usage(end.usage, end.unpriced, &mut attributes);
        first_token(&mut attributes, end.first_token);
        if end.status != 0 {
            attributes.set("http.response.status_code", &end.status);
        }
        text(&mut attributes, "error.type", &failure(end));
        content.of_attempt(request, attempt, is_last, &mut attributes);
    }
    let is_client_gone = ending.outcome == Outcome::ClientGone && is_last;
    SpanRow {
        span: attempt.span,
        parent: Some(request.span),
        name: name(request.endpoint, &attempt.model),
        kind: SpanKind::Client,
        span_type: span_type(request.endpoint).to_owned(),
        start_unix_nanos: attempt.started,
        end_unix_nanos: end.ended.max(attempt.started),
        status: match end.error.as_str() {
            _ if is_client_gone => SpanStatus::Unset,
            "" => SpanStatus::Ok,
            error => SpanStatus::Error(error.to_owned()),
        },
        usage: end.usage,
        cost: known(end.usage, end.cost, end.unpriced),
        attributes,
        events: Vec::new(),
        links: Vec::new(),
    }
}

/// What root and attempts say alike.
fn operation(attributes: &mut Attributes, request: &Request, model: &str, content: &Content<'_>) {
    attributes.set("gen_ai.operation.name", request.endpoint.operation());
    text(attributes, "gen_ai.request.model", model);
    attributes.set("gen_ai.request.stream", &request.streamed);
    content.body.describe(attributes);
}

fn describe_reply(end: &TryEnd, attributes: &mut Attributes) {
    text(attributes, "gen_ai.response.id", &end.response_id);
    text(attributes, "gen_ai.response.model", &end.response_model);
    if !end.finish.is_empty() {
        let reasons: Vec<&str> = end.finish.split(',').collect();
        attributes.set("gen_ai.response.finish_reasons", &reasons);
    }
}

fn describe_usage(usage: Option<Usage>, unpriced: bool, attributes: &mut Attributes) {
    if let Some(usage) = usage {
        attributes.set("gen_ai.usage.input_tokens", &usage.input_total());
        attributes.set("gen_ai.usage.output_tokens", &usage.output_total());
        let written = usage.cache_write.saturating_add(usage.cache_write_1h);
        for (name, count) in [
            ("gen_ai.usage.cache_read.input_tokens", usage.cache_read),
            ("gen_ai.usage.cache_creation.input_tokens", written),
            ("gen_ai.usage.reasoning.output_tokens", usage.reasoning),
        ] {
            if count > 0 {
                attributes.set(name, &count);
            }
        }
        if usage.estimated {
            attributes.set("tollgate.estimated", &true);
        }
    }
    if unpriced {
        attributes.set("tollgate.unpriced", &true);
    }
}

/// In seconds, as the conventions have it.
fn first_token(attributes: &mut Attributes, nanos: Option<u64>) {
    if let Some(nanos) = nanos {
        let seconds = std::time::Duration::from_nanos(nanos).as_secs_f64();
        attributes.set("gen_ai.response.time_to_first_chunk", &seconds);
    }
}

fn server(attributes: &mut Attributes, server: &str) {
    let port = server
        .rsplit_once(':')
        .and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
    match port {
        Some((host, port)) => {
            attributes.set("server.address", host);
            attributes.set("server.port", &port);
        }
        None => text(attributes, "server.address", server),
    }
}

/// An attempt's failure in one word: the status, where there is one.
fn failure(end: &TryEnd) -> String {
    match (end.error.as_str(), end.status) {
        ("", _) => String::new(),
        (error, 0 | 200..300) => error.to_owned(),
        (_, status) => status.to_string(),
    }
}

/// One event for each failed attempt, and one where the client left.
fn events(request: &Request, ending: &Ending) -> Vec<SpanEvent> {
    let mut events = Vec::new();
    for attempt in &request.attempts {
        let Some(end) = attempt.end.as_ref().filter(|end| !end.error.is_empty()) else {
            continue;
        };
        let mut attributes = serde_json::Map::new();
        attributes.insert("tollgate.attempt".to_owned(), attempt.number.into());
        attributes.insert(
            "tollgate.provider".to_owned(),
            attempt.provider.as_str().into(),
        );
        attributes.insert("tollgate.model".to_owned(), attempt.model.as_str().into());
        attributes.insert("http.response.status_code".to_owned(), end.status.into());
        attributes.insert("error.message".to_owned(), end.error.as_str().into());
        events.push(SpanEvent {
            name: "attempt failed".to_owned(),
            unix_nanos: end.ended,
            attributes,
        });
    }
    if ending.outcome == Outcome::ClientGone {
        events.push(SpanEvent {
            name: "client gone".to_owned(),
            unix_nanos: ending.ended,
            attributes: serde_json::Map::new(),
        });
    }
    events
}

fn status(ending: &Ending) -> SpanStatus {
    match ending.outcome {
        Outcome::Ok => SpanStatus::Ok,
        Outcome::ClientGone => SpanStatus::Unset,
        Outcome::Error | Outcome::Refused | Outcome::Interrupted => {
            let message = [&ending.error_message, &ending.error_type]
                .into_iter()
                .find(|text| !text.is_empty());
            SpanStatus::Error(message.cloned().unwrap_or_default())
        }
    }
}

/// The cost that is known: none where nothing was used, and none instead of a zero that means "no price".
fn known(usage: Option<Usage>, cost: Option<Cost>, unpriced: bool) -> Option<Cost> {
    usage?;
    cost.filter(|cost| !unpriced || *cost != Cost::default())
}

fn name(endpoint: Endpoint, model: &str) -> String {
    format!("{} {model}", endpoint.operation())
        .trim_end()
        .to_owned()
}

fn span_type(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::ChatCompletions | Endpoint::Responses | Endpoint::Messages => "CHAT_MODEL",
        Endpoint::Completions | Endpoint::CountTokens => "LLM",
        Endpoint::Embeddings => "EMBEDDING",
    }
}

fn text(attributes: &mut Attributes, name: &str, value: &str) {
    if !value.is_empty() {
        attributes.set(name, value);
    }
}
