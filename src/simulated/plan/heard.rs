//! A conversation as far as an answer depends on it.

use serde_json::Value;

use crate::simulated::media;

#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) last_user: String,
    /// What that message had attached, in words.
    pub(crate) media: Vec<String>,
    /// The results of the tools that were called since.
    pub(crate) results: Vec<String>,
    /// The turns in which tools were called since.
    pub(crate) rounds: u64,
    /// The assistant has not spoken yet.
    pub(crate) is_first_turn: bool,
}

impl Default for Heard {
    fn default() -> Self {
        Self {
            last_user: String::new(),
            media: Vec::new(),
            results: Vec::new(),
            rounds: 0,
            is_first_turn: true,
        }
    }
}

impl Heard {
    /// A user message begins a new task.
    pub(crate) fn user(&mut self, text: String, content: &Value) {
        self.last_user = text;
        self.media = media::named(content);
        self.results.clear();
        self.rounds = 0;
    }

    pub(crate) fn assistant(&mut self, has_called: bool) {
        self.is_first_turn = false;
        self.rounds += u64::from(has_called);
    }

    /// The text of a tool's result, and what came with it.
    pub(crate) fn result(&mut self, text: String, content: &Value) {
        let parts = std::iter::once(text)
            .filter(|text| !text.is_empty())
            .chain(media::named(content));
        self.results.push(parts.collect::<Vec<_>>().join(", "));
    }
}
