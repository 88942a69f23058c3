//! What a span shows of bodies, by the route's capture policy.

use super::body::Body;
use super::request::{Request, Try, TryEnd};
use serde_json::Value;
use serde_json::value::RawValue;
use tollgate_domain::{Dialect, Endpoint, ProviderKind};
use tollgate_providers::{input_text, summarize, visible_text};
use tollgate_store::traces::Attributes;

/// MLflow's custom for a trace's previews.
const PREVIEW: usize = 1_000;

/// A request's bodies, read once for its root span and all its attempts.
pub(super) struct Content<'a> {
    /// The caller's body, where it is JSON and whole.
    input: Option<&'a RawValue>,
    pub(super) body: Body<'a>,
    /// The caller's body as text, where it is not.
    input_text: Option<String>,
    output: Value,
}

impl<'a> Content<'a> {
    pub(super) fn read(request: &'a Request) -> Self {
        let input = json(&request.input);
        let has_text = input.is_none() && !request.input.is_empty();
        Self {
            input,
            body: input.and_then(Body::read).unwrap_or_default(),
            input_text: has_text.then(|| String::from_utf8_lossy(&request.input).into_owned()),
            output: if request.output.is_empty() {
                Value::Null
            } else {
                summarize(request.endpoint, request.streamed, &request.output)
            },
        }
    }

    /// The root's inputs and outputs.
    pub(super) fn of_request(&self, request: &Request, attributes: &mut Attributes) {
        if !request.is_captured() {
            return;
        }
        self.inputs(attributes);
        set_outputs(attributes, &self.output);
        if let Some(tools) = self.body.tools {
            attributes.set_raw("mlflow.chat.tools", tools);
        }
        let format = match request.endpoint.dialect() {
            Dialect::OpenAi => "openai",
            Dialect::Anthropic => "anthropic",
        };
        attributes.set("mlflow.message.format", format);
    }

    /// An attempt's: those of the caller, where nothing was translated.
    pub(super) fn of_attempt(
        &self,
        request: &Request,
        attempt: &Try,
        is_last: bool,
        attributes: &mut Attributes,
    ) {
        if !request.is_captured() {
            return;
        }
        let nothing = TryEnd::default();
        let end = attempt.end.as_ref().unwrap_or(&nothing);
        let translated = end.input.as_deref().filter(|input| !input.is_empty());
        match translated {
            None => self.inputs(attributes),
            Some(input) => match json(input) {
                Some(raw) => attributes.set_raw("mlflow.spanInputs", raw),
                None => attributes.set("mlflow.spanInputs", &String::from_utf8_lossy(input)),
            },
        }
        if !end.output.is_empty() {
            let endpoint = spoken(attempt.kind, end.input.is_some(), request.endpoint);
            let output = summarize(endpoint, request.streamed, &end.output);
            set_outputs(attributes, &output);
        } else if is_last && end.input.is_none() {
            set_outputs(attributes, &self.output);
        }
        let format = match attempt.kind {
            ProviderKind::OpenAi => "openai",
            ProviderKind::Anthropic => "anthropic",
        };
        attributes.set("mlflow.message.format", format);
    }

    /// What the user said last.
    pub(super) fn request_preview(&self, request: &Request) -> String {
        match self.input {
            _ if !request.is_captured() => String::new(),
            Some(_) => cut(&self.body.last_words()),
            None => cut(&input_text(request.endpoint, &request.input)),
        }
    }

    /// What the model answered.
    pub(super) fn response_preview(&self, request: &Request) -> String {
        if request.is_captured() {
            cut(&visible_text(&self.output))
        } else {
            String::new()
        }
    }

    fn inputs(&self, attributes: &mut Attributes) {
        match (self.input, &self.input_text) {
            (Some(raw), _) => attributes.set_raw("mlflow.spanInputs", raw),
            (None, Some(text)) => attributes.set("mlflow.spanInputs", text),
            (None, None) => {}
        }
    }
}

fn set_outputs(attributes: &mut Attributes, output: &Value) {
    if !output.is_null() {
        attributes.set("mlflow.spanOutputs", output);
    }
}

/// The endpoint that was called at the provider.
fn spoken(kind: ProviderKind, is_translated: bool, caller: Endpoint) -> Endpoint {
    match kind {
        _ if !is_translated => caller,
        ProviderKind::OpenAi => Endpoint::ChatCompletions,
        ProviderKind::Anthropic => Endpoint::Messages,
    }
}

fn json(bytes: &[u8]) -> Option<&RawValue> {
    serde_json::from_slice(bytes).ok()
}

fn cut(text: &str) -> String {
    text.chars().take(PREVIEW).collect()
}
