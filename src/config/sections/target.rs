//! Targets and fallbacks of a route.

use super::provider::Providers;
use crate::config::read::{Located, Read, Reader, section};
use crate::config::snapshot::Target;
use crate::config::yaml::{Node, Value};
use schemars::{Schema, SchemaGenerator, json_schema};

section! {
    /// A model of a provider.
    pub(crate) struct TargetSection {
        /// The name of a provider of this file.
        provider: String = required,
        /// The model to ask for. Default: the name that the caller sent.
        model: String,
        /// Its share under the strategy `weighted`; 0 only when the others failed. Default: 1.
        weight: u32,
    }
}

/// The largest weight: shares stay exact.
const MAX_WEIGHT: u32 = 1_000_000;

impl TargetSection {
    pub(crate) fn resolve(&self, providers: &Providers, reader: &mut Reader<'_>) -> Option<Target> {
        if let Some(model) = self.model.as_ref().filter(|model| model.is_empty()) {
            reader.note_at(
                model,
                "it is empty; leave it out to pass the caller's name on",
            );
        }
        if let Some(weight) = self.weight.as_ref().filter(|w| w.value > MAX_WEIGHT) {
            reader.note_at(weight, format!("at most {MAX_WEIGHT}"));
        }
        let provider = self.provider.as_ref()?;
        Some(Target {
            provider: providers.find(provider, reader)?,
            model: self.model.as_ref().map(|model| model.value.clone()),
            weight: self.weight.as_ref().map_or(1, |weight| weight.value),
        })
    }
}

/// A fallback: the name of another route, or a target of its own.
pub(crate) enum FallbackSection {
    Route(String),
    Target(TargetSection),
}

impl Read for FallbackSection {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match &node.value {
            Value::Map(_) => TargetSection::read(node, reader).map(Self::Target),
            _ => {
                let expected = "a route's name or a target (`{ provider: …, model: … }`)";
                let text = reader.text(node, expected, false)?;
                Some(Self::Route(text.as_str().to_owned()))
            }
        }
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        let target = TargetSection::schema(generator);
        json_schema!({ "anyOf": [{ "type": "string" }, target] })
    }
}

/// A fallback with its place, until the routes that it may name are made.
pub(crate) enum PendingFallback {
    Route(Located<String>),
    Target(Target),
}

impl PendingFallback {
    pub(crate) fn new(
        section: Located<FallbackSection>,
        providers: &Providers,
        reader: &mut Reader<'_>,
    ) -> Option<Self> {
        match section.value {
            FallbackSection::Target(target) => target.resolve(providers, reader).map(Self::Target),
            FallbackSection::Route(value) => Some(Self::Route(Located {
                value,
                place: section.place,
                field: section.field,
            })),
        }
    }
}
