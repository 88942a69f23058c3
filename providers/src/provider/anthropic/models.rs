//! What each family of Anthropic's models takes, by its name.
//!
//! From the flags that litellm 1.106.2 and @ai-sdk/anthropic 4.0.105 publish, read 2026-11-24. A name that is none of
//! Anthropic's belongs to a compatible server, of which little is assumed. What the price table knows besides (of models
//! that came later, or go by another name) makes the facts narrower, never wider.

use crate::ModelFacts;
use crate::canonical::Effort;
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// Which `thinking` a model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thinks {
    Never,
    /// With a budget, where asked.
    Budget,
    /// Adaptive or with the old budget, where asked.
    Both,
    /// Adaptive, where asked.
    Adaptive,
    /// Adaptive, unless told not to.
    ByDefault,
    Always,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) thinks: Thinks,
    /// `temperature`, `top_p` and `top_k`.
    pub(super) has_sampling: bool,
    /// `temperature` and `top_p` at once.
    pub(super) has_both_samplings: bool,
    pub(super) has_forced_tool: bool,
    /// The conversation may end with the beginning of the answer.
    pub(super) has_prefill: bool,
    /// `output_config.format` and strict tools.
    pub(super) has_schema: bool,
    /// `role: system` inside the conversation.
    pub(super) has_later_system: bool,
    /// `thinking: between_tools`.
    pub(super) has_between_tools: bool,
    /// Thinking blocks belong to what came before them, and their text stays hidden unless asked for.
    pub(super) binds_thinking: bool,
    /// The efforts that adaptive thinking takes.
    pub(super) efforts: &'static [Effort],
}

const ALL: &[Effort] = &[
    Effort::Low,
    Effort::Medium,
    Effort::High,
    Effort::XHigh,
    Effort::Max,
];
const NO_XHIGH: &[Effort] = &[Effort::Low, Effort::Medium, Effort::High, Effort::Max];

const COMPATIBLE: Facts = Facts {
    thinks: Thinks::Both,
    has_sampling: true,
    has_both_samplings: true,
    has_forced_tool: true,
    has_prefill: true,
    has_schema: true,
    has_later_system: false,
    has_between_tools: false,
    binds_thinking: false,
    efforts: ALL,
};

/// The facts of a model, by its name and by what else is known of it.
pub(super) fn facts(model: &str, known: ModelFacts) -> Facts {
    let facts = named(model);
    let thinks = match facts.thinks {
        _ if known.always_thinks => Thinks::Always,
        // Those that refuse sampling refuse budgets as well.
        Thinks::Never | Thinks::Budget | Thinks::Both if known.adaptive_thinking => {
            if known.no_sampling {
                Thinks::Adaptive
            } else {
                Thinks::Both
            }
        }
        thinks => thinks,
    };
    Facts {
        thinks,
        has_sampling: facts.has_sampling && !known.no_sampling,
        has_forced_tool: facts.has_forced_tool && !known.no_forced_tool,
        ..facts
    }
}

fn named(model: &str) -> Facts {
    let Some((family, version)) = family(model) else {
        return COMPATIBLE;
    };
    let is_late = matches!(family, "fable" | "mythos");
    let is_bound = version >= (5, 5) || (is_late && version >= (5, 1));
    let thinks = match (family, version) {
        ("haiku", (5, 5)) => Thinks::ByDefault,
        _ if is_bound || is_late => Thinks::Always,
        ("opus", (5, _)) => Thinks::ByDefault,
        (_, (5.., _) | (4, 7..)) => Thinks::Adaptive,
        (_, (4, 6)) => Thinks::Both,
        (_, (4, _) | (3, 7)) => Thinks::Budget,
        _ => Thinks::Never,
    };
    Facts {
        thinks,
        has_sampling: version <= (4, 6),
        has_both_samplings: version < (4, 1),
        has_forced_tool: !is_bound || family == "haiku",
        has_prefill: version < (4, 6),
        has_schema: version >= (4, 5) || (family == "opus" && version == (4, 1)),
        has_later_system: version >= (4, 8),
        has_between_tools: family == "sonnet" && version == (5, 5),
        binds_thinking: is_bound,
        efforts: if version == (4, 6) { NO_XHIGH } else { ALL },
    }
}

/// `("opus", (4, 7))` of `claude-opus-4-7-20260416`; `claude-3-5-sonnet-latest` and the names of other hosts
/// (`us.anthropic.claude-sonnet-4-5-20250929-v1:0`) are read as well. A family without a version is its newest.
fn family(model: &str) -> Option<(&str, (u32, u32))> {
    static CLAUDE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("claude-"));
    let at = CLAUDE.find(model.as_bytes())?;
    let name = model.get(at + CLAUDE.needle().len()..)?;
    let words = || name.split(|letter: char| !letter.is_ascii_alphanumeric());
    let families = ["opus", "sonnet", "haiku", "fable", "mythos"];
    let mut numbers = words()
        .filter(|word| word.len() <= 2)
        .filter_map(|word| word.parse().ok());
    let version = numbers
        .next()
        .map(|major| (major, numbers.next().unwrap_or(0)));
    match (words().find(|word| families.contains(word)), version) {
        (Some(family), Some(version)) => Some((family, version)),
        (Some("mythos"), None) => Some(("mythos", (5, 0))),
        (Some(family), None) => Some((family, (5, 5))),
        (None, Some(version @ (..=2, _))) => Some(("", version)),
        (None, _) if name.starts_with("instant") => Some(("", (1, 0))),
        (None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_ages_are_read() {
        for (model, expected) in [
            ("claude-opus-4-7", Some(("opus", (4, 7)))),
            ("claude-sonnet-4-5-20250929", Some(("sonnet", (4, 5)))),
            ("claude-sonnet-4-20250514", Some(("sonnet", (4, 0)))),
            ("claude-3-5-sonnet-latest", Some(("sonnet", (3, 5)))),
            (
                "us.anthropic.claude-opus-4-20250514-v1:0",
                Some(("opus", (4, 0))),
            ),
            ("claude-sonnet-4-5@20250929", Some(("sonnet", (4, 5)))),
            ("claude-mythos-preview", Some(("mythos", (5, 0)))),
            ("claude-opus-latest", Some(("opus", (5, 5)))),
            ("claude-2.1", Some(("", (2, 1)))),
            ("sim-claude", None),
            ("gpt-4o", None),
        ] {
            assert_eq!(family(model), expected, "{model}");
        }
    }

    #[test]
    fn families_differ_in_what_they_refuse() {
        let check = |model: &str, thinks, sampling, forced, prefill, later_system| {
            let facts = facts(model, ModelFacts::default());
            let got = (
                facts.thinks,
                facts.has_sampling,
                facts.has_forced_tool,
                facts.has_prefill,
                facts.has_later_system,
            );
            let expected = (thinks, sampling, forced, prefill, later_system);
            assert_eq!(got, expected, "{model}");
        };
        check(
            "claude-3-5-haiku-20241022",
            Thinks::Never,
            true,
            true,
            true,
            false,
        );
        check("claude-sonnet-4-5", Thinks::Budget, true, true, true, false);
        check("claude-opus-4-6", Thinks::Both, true, true, false, false);
        check(
            "claude-opus-4-7",
            Thinks::Adaptive,
            false,
            true,
            false,
            false,
        );
        check(
            "claude-opus-4-8",
            Thinks::Adaptive,
            false,
            true,
            false,
            true,
        );
        check(
            "claude-sonnet-5",
            Thinks::Adaptive,
            false,
            true,
            false,
            true,
        );
        check("claude-opus-5", Thinks::ByDefault, false, true, false, true);
        check(
            "claude-haiku-5-5",
            Thinks::ByDefault,
            false,
            true,
            false,
            true,
        );
        check("claude-fable-5", Thinks::Always, false, true, false, true);
        check(
            "claude-fable-5-1",
            Thinks::Always,
            false,
            false,
            false,
            true,
        );
        check(
            "claude-sonnet-5-5",
            Thinks::Always,
            false,
            false,
            false,
            true,
        );
    }

    #[test]
    fn what_the_price_table_knows_makes_the_facts_narrower() {
        let check = |model: &str, known: ModelFacts, thinks, sampling, forced| {
            let facts = facts(model, known);
            let got = (facts.thinks, facts.has_sampling, facts.has_forced_tool);
            assert_eq!(got, (thinks, sampling, forced), "{model}");
        };
        let none = ModelFacts::default();
        let adaptive = ModelFacts {
            adaptive_thinking: true,
            ..none
        };
        let late = ModelFacts {
            no_sampling: true,
            ..adaptive
        };
        let newest = ModelFacts {
            always_thinks: true,
            no_forced_tool: true,
            ..late
        };
        check("house-model", none, Thinks::Both, true, true);
        check("house-model", late, Thinks::Adaptive, false, true);
        check("house-model", newest, Thinks::Always, false, false);
        check("claude-sonnet-4-5", adaptive, Thinks::Both, true, true);
        check("claude-opus-5-5", none, Thinks::Always, false, false);
        check("claude-opus-5-5", late, Thinks::Always, false, false);
    }
}
