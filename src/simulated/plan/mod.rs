//! What a simulated model answers: decided from the prompt alone, the same in every dialect.
//!
//! The last user message may direct the model; the phrases are read anywhere in it:
//!
//! | phrase | then |
//! | --- | --- |
//! | `call NAME` (once or more; `argument=value` words fill the arguments) | calls these tools, in parallel if allowed |
//! | `N steps` | a call of a tool in each of the next N turns, then an answer |
//! | `explain` | a line of text before the calls |
//! | `no tools` | an answer even on a first turn with tools |
//! | `N words` | an answer of exactly N words |
//! | `say exactly: …` | the rest of the message, word for word |
//! | `refuse to answer` | a refusal |
//!
//! Without one, a first turn with tools calls the first tool, and everything else is answered by an echo of the
//! message and the tools' results, padded to some dozens of words, a few of them outside ASCII.

mod direct;
mod heard;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::tokens;
use direct::words;
pub(crate) use heard::Heard;

#[derive(Clone, Debug)]
pub(crate) struct Tool {
    pub(crate) name: String,
    pub(crate) schema: Value,
    /// Takes free text instead of JSON (OpenAI's custom tools).
    pub(crate) is_custom: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Choice {
    #[default]
    Auto,
    None,
    Required,
    Named(String),
}

#[derive(Clone, Debug, Default)]
pub(crate) enum Shape {
    #[default]
    Text,
    Object,
    Schema(Value),
}

/// What the model was asked, freed from its dialect.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prompt {
    pub(crate) heard: Heard,
    pub(crate) tools: Vec<Tool>,
    pub(crate) choice: Choice,
    pub(crate) one_call_only: bool,
    pub(crate) stops: Vec<String>,
    pub(crate) limit: Option<u64>,
    pub(crate) shape: Shape,
    /// Tokens to think before the answer; 0 = no thinking.
    pub(crate) thinking: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    End,
    Stop(String),
    Length,
    Calls,
    Refusal,
}

#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) name: String,
    /// JSON text, or free text for a custom tool.
    pub(crate) input: String,
    pub(crate) is_custom: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) thinking: String,
    pub(crate) text: String,
    pub(crate) calls: Vec<Call>,
    pub(crate) finish: Finish,
}

impl Plan {
    /// The plan for the `choice`-th answer to a prompt.
    pub(crate) fn new(prompt: &Prompt, choice: u64) -> Self {
        let thinking = match prompt.thinking {
            0 => String::new(),
            asked => {
                let thought = asked.min(prompt.limit.map_or(u64::MAX, |limit| limit / 2));
                tokens::head(&words(thought, 7), thought).to_owned()
            }
        };
        let limit = prompt
            .limit
            .map(|limit| limit.saturating_sub(tokens::count(&thinking)));
        if prompt.heard.last_user.contains("refuse to answer") {
            let text = "I can't help with that.".to_owned();
            return Self {
                thinking,
                text,
                calls: Vec::new(),
                finish: Finish::Refusal,
            };
        }
        let calls = prompt.calls();
        if calls.is_empty() {
            let (text, finish) = cut(prompt.answer(choice), &prompt.stops, limit);
            return Self {
                thinking,
                text,
                calls,
                finish,
            };
        }
        let text = match (prompt.heard.last_user.contains("explain"), calls.first()) {
            (true, Some(call)) => format!("I will call {} now.", call.name),
            _ => String::new(),
        };
        let length = calls
            .iter()
            .map(|call| tokens::count(&call.input))
            .sum::<u64>()
            + tokens::count(&text);
        if limit.is_some_and(|limit| length > limit) {
            return Self {
                thinking,
                text: String::new(),
                calls: Vec::new(),
                finish: Finish::Length,
            };
        }
        Self {
            thinking,
            text,
            calls,
            finish: Finish::Calls,
        }
    }

    /// Tokens of the whole output, the thinking included.
    pub(crate) fn tokens(&self) -> u64 {
        let calls = self.calls.iter().map(|call| 4 + tokens::count(&call.input));
        tokens::count(&self.thinking) + tokens::count(&self.text) + calls.sum::<u64>()
    }

    pub(crate) fn thinking_tokens(&self) -> u64 {
        tokens::count(&self.thinking)
    }
}

/// The first stop text ends the answer, and so does the limit, whichever comes first.
fn cut(text: String, stops: &[String], limit: Option<u64>) -> (String, Finish) {
    let stop = stops
        .iter()
        .filter(|stop| !stop.is_empty())
        .filter_map(|stop| Some((text.find(stop.as_str())?, stop)))
        .min_by_key(|(at, _)| *at);
    let (mut text, mut finish) = match stop {
        Some((at, stop)) => (
            text.get(..at).unwrap_or_default().to_owned(),
            Finish::Stop(stop.clone()),
        ),
        None => (text, Finish::End),
    };
    if let Some(limit) = limit {
        let kept = tokens::head(&text, limit);
        if kept.len() < text.len() {
            (text, finish) = (kept.to_owned(), Finish::Length);
        }
    }
    (text, finish)
}
