//! The few members of a request's body that spans name, read without building a tree.
//!
//! OpenAI's chat completions, completions, embeddings and responses and Anthropic's messages: what they share goes by
//! the same name, or by one of two.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use tollgate_store::traces::Attributes;

/// The members. Of a wrong type: absent, for the provider is the one to say so.
#[derive(Default, Deserialize)]
pub(super) struct Body<'a> {
    #[serde(borrow, default)]
    max_tokens: Option<&'a RawValue>,
    #[serde(borrow, default)]
    max_completion_tokens: Option<&'a RawValue>,
    #[serde(borrow, default)]
    max_output_tokens: Option<&'a RawValue>,
    #[serde(borrow, default)]
    temperature: Option<&'a RawValue>,
    #[serde(borrow, default)]
    top_p: Option<&'a RawValue>,
    #[serde(borrow, default)]
    top_k: Option<&'a RawValue>,
    #[serde(borrow, default)]
    seed: Option<&'a RawValue>,
    #[serde(borrow, default)]
    stop: Option<&'a RawValue>,
    #[serde(borrow, default)]
    stop_sequences: Option<&'a RawValue>,
    #[serde(borrow, default)]
    frequency_penalty: Option<&'a RawValue>,
    #[serde(borrow, default)]
    presence_penalty: Option<&'a RawValue>,
    #[serde(borrow, default)]
    n: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) tools: Option<&'a RawValue>,
    #[serde(borrow, default)]
    messages: Option<&'a RawValue>,
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
    #[serde(borrow, default)]
    prompt: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    role: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
}

impl<'a> Body<'a> {
    /// The body's members; `None` where it is no JSON object, or was cut.
    pub(super) fn read(json: &'a RawValue) -> Option<Self> {
        serde_json::from_str(json.get()).ok()
    }

    /// `gen_ai.request.*` of OpenTelemetry's conventions.
    pub(super) fn describe(&self, attributes: &mut Attributes) {
        let Self {
            max_tokens,
            max_completion_tokens,
            max_output_tokens,
            temperature,
            top_p,
            top_k,
            seed,
            stop,
            stop_sequences,
            frequency_penalty,
            presence_penalty,
            n,
            ..
        } = *self;
        let max_tokens = max_completion_tokens.or(max_output_tokens).or(max_tokens);
        for (name, value) in [
            ("gen_ai.request.max_tokens", max_tokens),
            ("gen_ai.request.temperature", temperature),
            ("gen_ai.request.top_p", top_p),
            ("gen_ai.request.top_k", top_k),
            ("gen_ai.request.seed", seed),
            ("gen_ai.request.frequency_penalty", frequency_penalty),
            ("gen_ai.request.presence_penalty", presence_penalty),
            ("gen_ai.request.choice.count", n),
        ] {
            let is_number =
                |raw: &&RawValue| matches!(raw.get().as_bytes().first(), Some(b'-' | b'0'..=b'9'));
            if let Some(raw) = value.filter(is_number) {
                attributes.set_raw(name, raw);
            }
        }
        match stop
            .or(stop_sequences)
            .and_then(|raw| serde_json::from_str(raw.get()).ok())
        {
            Some(Value::String(one)) => attributes.set("gen_ai.request.stop_sequences", &[one]),
            Some(Value::Array(list)) => attributes.set("gen_ai.request.stop_sequences", &list),
            _ => {}
        }
    }

    /// What the user said last, or the prompt.
    pub(super) fn last_words(&self) -> String {
        let Some(raw) = self.messages.or(self.input).or(self.prompt) else {
            return String::new();
        };
        let Ok(messages) = serde_json::from_str::<Vec<Message<'_>>>(raw.get()) else {
            return serde_json::from_str(raw.get()).map_or_else(|_| String::new(), |v| text(&v));
        };
        let said = |message: &&Message<'_>| message.role.as_deref() == Some("user");
        let said_last = messages.iter().rev().find(said).or(messages.last());
        said_last
            .and_then(|message| serde_json::from_str(message.content?.get()).ok())
            .map_or_else(String::new, |content| text(&content))
    }
}

/// A message's text: itself, or its text parts.
fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| match part {
                Value::String(text) => Some(text.as_str()),
                part => part.get("text").and_then(Value::as_str),
            });
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}
