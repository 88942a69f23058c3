//! Tools that a model may call, and whether it must.

use super::{Cache, Named, Text};
use std::borrow::Cow;
use std::collections::HashSet;

/// A function that the caller runs.
#[derive(Clone, Debug)]
pub(crate) struct Tool<'a> {
    /// Its place in the caller's list: `tools[0]`.
    pub(crate) at: String,
    pub(crate) name: Cow<'a, str>,
    pub(crate) description: Option<Text<'a>>,
    /// A JSON schema; `None` for no arguments.
    pub(crate) schema: Option<&'a str>,
    pub(crate) is_strict: bool,
    pub(crate) cache: Option<Cache>,
}

/// Which tools must be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choice<'a> {
    Auto,
    Required,
    None,
    Named(Cow<'a, str>),
}

/// The choice, and how many calls may come at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct ToolChoice<'a> {
    pub(crate) choice: Option<Named<Choice<'a>>>,
    /// Only these of the tools may be called.
    pub(crate) allowed: Option<HashSet<Cow<'a, str>>>,
    /// At most one call a turn.
    pub(crate) one_at_a_time: Option<Named<bool>>,
}

impl ToolChoice<'_> {
    /// Whether the model is made to call something.
    pub(crate) fn is_forced(&self) -> bool {
        self.choice
            .as_ref()
            .is_some_and(|named| matches!(named.value, Choice::Required | Choice::Named(_)))
    }

    pub(crate) fn allows(&self, name: &str) -> bool {
        match &self.allowed {
            Some(allowed) => allowed.contains(name),
            None => true,
        }
    }
}
