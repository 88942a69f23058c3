//! What a model takes and refuses, as far as the table knows.

use serde::Deserialize;

/// A trait of a model that decides what may be sent to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Trait {
    /// Refuses temperature, `top_p` and `top_k`.
    NoSampling = 1,
    /// Thinks as much as it sees fit, and takes an effort.
    AdaptiveThinking = 2,
    /// Can't be told not to think.
    AlwaysThinks = 4,
    /// Refuses a `tool_choice` that forces a tool.
    NoForcedTool = 8,
}

/// A model's traits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Traits(u8);

impl Traits {
    pub fn holds(self, held: Trait) -> bool {
        self.0 & held as u8 != 0
    }
}

impl FromIterator<Trait> for Traits {
    fn from_iter<I: IntoIterator<Item = Trait>>(traits: I) -> Self {
        Self(traits.into_iter().fold(0, |bits, held| bits | held as u8))
    }
}
