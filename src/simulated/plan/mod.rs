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

use serde_json::Value;

use super::tokens;
use direct::words;

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
    pub(crate) last_user: String,
    /// The results of the tools that were called since that message.
    pub(crate) results: Vec<String>,
    /// The turns in which tools were called since that message.
    pub(crate) rounds: u64,
    pub(crate) is_first_turn: bool,
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
        if prompt.last_user.contains("refuse to answer") {
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
        let text = match (prompt.last_user.contains("explain"), calls.first()) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tool(name: &str) -> Tool {
        Tool {
            name: name.into(),
            schema: json!({"type": "object"}),
            is_custom: false,
        }
    }

    fn with_tools(last_user: &str) -> Prompt {
        Prompt {
            last_user: last_user.into(),
            tools: vec![tool("a"), tool("b")],
            ..Prompt::default()
        }
    }

    #[test]
    fn the_prompt_directs_the_calls() {
        let check = |prompt: Prompt, expected: &[&str]| {
            let plan = Plan::new(&prompt, 0);
            let names: Vec<_> = plan.calls.iter().map(|call| call.name.as_str()).collect();
            assert_eq!(names, expected, "{prompt:?}");
            assert_eq!(plan.finish == Finish::Calls, !expected.is_empty());
        };
        check(with_tools("hello"), &[]);
        check(
            Prompt {
                is_first_turn: true,
                ..with_tools("hello")
            },
            &["a"],
        );
        check(
            Prompt {
                is_first_turn: true,
                ..with_tools("hello, no tools")
            },
            &[],
        );
        check(with_tools("call b, then call a"), &["b", "a"]);
        check(
            Prompt {
                one_call_only: true,
                ..with_tools("call b, then call a")
            },
            &["b"],
        );
        check(
            Prompt {
                rounds: 1,
                ..with_tools("call b")
            },
            &[],
        );
        check(
            Prompt {
                rounds: 4,
                ..with_tools("call b in 5 steps")
            },
            &["b"],
        );
        check(
            Prompt {
                rounds: 5,
                ..with_tools("call b in 5 steps")
            },
            &[],
        );
        check(
            Prompt {
                choice: Choice::None,
                ..with_tools("call b")
            },
            &[],
        );
        check(
            Prompt {
                choice: Choice::Required,
                rounds: 1,
                ..with_tools("hello")
            },
            &["a"],
        );
        check(
            Prompt {
                choice: Choice::Named("b".into()),
                ..with_tools("hello")
            },
            &["b"],
        );
        check(
            Prompt {
                limit: Some(0),
                ..with_tools("call b")
            },
            &[],
        );
    }

    #[test]
    fn an_answer_ends_at_its_first_limit() {
        let check = |last_user: &str, stops: &[&str], limit, text: &str, finish| {
            let stops = stops.iter().map(|stop| (*stop).to_owned()).collect();
            let prompt = Prompt {
                last_user: last_user.into(),
                stops,
                limit,
                ..Prompt::default()
            };
            let plan = Plan::new(&prompt, 0);
            assert_eq!(
                (plan.text.as_str(), plan.finish),
                (text, finish),
                "{last_user}"
            );
        };
        check("3 words", &[], None, "This answer is", Finish::End);
        check(
            "3 words",
            &["answer"],
            None,
            "This ",
            Finish::Stop("answer".into()),
        );
        check(
            "3 words",
            &["is", "x"],
            Some(1),
            "Th",
            Finish::Stop("is".into()),
        );
        check("3 words", &[], Some(2), "This answer", Finish::Length);
        check("say exactly: hi", &[], None, "hi", Finish::End);
    }

    #[test]
    fn an_answer_echoes_the_message_and_the_results() {
        let prompt = Prompt {
            last_user: "Weather?".into(),
            results: vec!["sunny".into()],
            ..Prompt::default()
        };
        let plan = Plan::new(&prompt, 0);
        assert!(
            plan.text
                .starts_with("You said: Weather?\nThe tools answered: sunny\nThis answer"),
            "{}",
            plan.text
        );
        assert!(plan.tokens() > 40);
    }
}
