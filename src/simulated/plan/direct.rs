//! How a prompt directs the model: which tools are called, and what is said.

use super::{Call, Choice, Prompt, Shape, Tool};
use crate::simulated::fill::Material;

impl Prompt {
    pub(super) fn calls(&self) -> Vec<Call> {
        let Some(first) = self.tools.first() else {
            return Vec::new();
        };
        let named: Vec<&Tool> = after(&self.heard.last_user, "call ")
            .filter_map(|name| self.tools.iter().find(|tool| tool.name == name))
            .collect();
        let preferred = named.first().copied().unwrap_or(first);
        let mut chosen = match &self.choice {
            Choice::None => Vec::new(),
            Choice::Named(name) => self
                .tools
                .iter()
                .filter(|tool| tool.name == *name)
                .collect(),
            Choice::Required if named.is_empty() => vec![first],
            Choice::Required => named,
            Choice::Auto => match number_before(&self.heard.last_user, "step") {
                Some(steps) if self.heard.rounds < steps => vec![preferred],
                Some(_) => Vec::new(),
                None if self.heard.rounds > 0 || self.heard.last_user.contains("no tools") => {
                    Vec::new()
                }
                None if named.is_empty() && self.heard.is_first_turn => vec![first],
                None => named,
            },
        };
        if self.one_call_only {
            chosen.truncate(1);
        }
        let material = Material::from_prompt(&self.heard.last_user);
        chosen
            .into_iter()
            .map(|tool| tool.call(&material, &self.heard.last_user))
            .collect()
    }

    pub(super) fn answer(&self, choice: u64) -> String {
        let material = Material::from_prompt(&self.heard.last_user);
        match &self.shape {
            Shape::Schema(schema) => return material.fill(schema).to_string(),
            Shape::Object => {
                return serde_json::json!({ "answer": self.heard.last_user }).to_string();
            }
            Shape::Text => {}
        }
        if let Some((_, text)) = self.heard.last_user.split_once("say exactly: ") {
            return text.to_owned();
        }
        if let Some(asked) = number_before(&self.heard.last_user, "word") {
            return words(asked.min(1_000_000), choice);
        }
        let echo: String = self.heard.last_user.chars().take(400).collect();
        let mut answer = format!("You said: {echo}");
        if !self.heard.media.is_empty() {
            answer = format!(
                "{answer}
Attached: {}",
                self.heard.media.join(", ")
            );
        }
        if !self.heard.results.is_empty() {
            let results: String = self.heard.results.join("; ").chars().take(800).collect();
            answer = format!("{answer}\nThe tools answered: {results}");
        }
        format!("{answer}\n{}", words(48, choice))
    }
}

impl Tool {
    fn call(&self, material: &Material, prompt: &str) -> Call {
        let input = match self.is_custom {
            true => prompt.to_owned(),
            // A schema that says nothing says object here.
            false => match material.fill(&self.schema) {
                filled if filled.is_object() => filled.to_string(),
                _ => "{}".to_owned(),
            },
        };
        Call {
            name: self.name.clone(),
            input,
            is_custom: self.is_custom,
        }
    }
}

const WORDS: [&str; 24] = [
    "This",
    "answer",
    "is",
    "made",
    "by",
    "a",
    "simulated",
    "model,",
    "deterministic",
    "and",
    "free,",
    "naïve",
    "but",
    "honest;",
    "it",
    "holds",
    "words",
    "outside",
    "ASCII",
    "such",
    "as",
    "déjà",
    "vu",
    "数字.",
];

pub(super) fn words(count: u64, shift: u64) -> String {
    let start = usize::try_from(shift % WORDS.len() as u64).unwrap_or(0);
    let count = usize::try_from(count).unwrap_or(0);
    WORDS
        .iter()
        .copied()
        .cycle()
        .skip(start)
        .take(count)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The names (letters, digits, `_`, `-`) that follow each `marker`.
fn after<'a>(text: &'a str, marker: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(marker).skip(1).map(|rest| {
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'));
        rest.get(..end.unwrap_or(rest.len())).unwrap_or_default()
    })
}

/// `5` in "in 5 steps", for the unit `step`.
fn number_before(text: &str, unit: &str) -> Option<u64> {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.windows(2).find_map(|pair| match pair {
        [number, word] if word.starts_with(unit) => number.parse().ok(),
        _ => None,
    })
}
