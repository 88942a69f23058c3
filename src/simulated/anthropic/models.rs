//! The simulated Anthropic's model families and what they refuse, from the flags published in litellm 1.106.2 and
//! @ai-sdk/anthropic 4.0.105.

use crate::simulated::failure::Failure;
use crate::simulated::json::{Json, object};

/// Which `thinking` a model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thinks {
    Never,
    /// With a budget, or not.
    Budget,
    /// Adaptive, or with the old budget, or not.
    Both,
    Adaptive,
    /// Unless told not to, which it takes at efforts up to high.
    ByDefault,
    Always,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    pub(super) thinks: Thinks,
    pub(super) has_sampling: bool,
    /// `temperature` and `top_p` at once.
    pub(super) has_both_samplings: bool,
    pub(super) has_forced_tool: bool,
    pub(super) has_prefill: bool,
    pub(super) has_schema: bool,
    /// `role: system` inside messages.
    pub(super) has_later_system: bool,
    pub(super) has_between_tools: bool,
    /// Thinking blocks belong to what came before them, and their text stays hidden unless asked for.
    pub(super) binds_thinking: bool,
    pub(super) efforts: &'static [&'static str],
    pub(super) most_output: u64,
    /// Tokens of a prompt, at most.
    pub(super) context: u64,
}

const LISTED: [&str; 8] = [
    "claude-opus-5-5",
    "claude-sonnet-5-5",
    "claude-haiku-5-5",
    "claude-opus-4-7",
    "claude-opus-4-6",
    "claude-sonnet-4-5-20250929",
    "claude-haiku-4-5-20251001",
    "sim-claude",
];

pub(super) fn facts(model: &str) -> Result<Facts, Failure> {
    if model.starts_with("sim-") {
        return Ok(Facts {
            thinks: Thinks::Both,
            has_sampling: true,
            has_both_samplings: true,
            has_forced_tool: true,
            has_prefill: true,
            has_schema: true,
            has_later_system: true,
            has_between_tools: false,
            binds_thinking: false,
            efforts: &["low", "medium", "high", "xhigh", "max"],
            most_output: 128_000,
            context: 1_000_000,
        });
    }
    let unknown = || Failure::new(404, "not_found_error", format!("model: {model}"));
    let (family, version) = family(model).ok_or_else(unknown)?;
    let is_bound = version >= (5, 5) || matches!((family, version), ("fable" | "mythos", (5, 1..)));
    let thinks = match (family, version) {
        ("haiku", (5, 5)) => Thinks::ByDefault,
        _ if is_bound => Thinks::Always,
        ("fable" | "mythos", _) => Thinks::Always,
        ("opus", (5, 0)) => Thinks::ByDefault,
        (_, (5.., _) | (4, 7..)) => Thinks::Adaptive,
        (_, (4, 6)) => Thinks::Both,
        (_, (4, _) | (3, 7)) => Thinks::Budget,
        _ => Thinks::Never,
    };
    Ok(Facts {
        thinks,
        has_sampling: version <= (4, 6),
        has_both_samplings: version < (4, 1),
        has_forced_tool: !(is_bound && family != "haiku"),
        has_prefill: version < (4, 6),
        has_schema: version >= (4, 1),
        has_later_system: version >= (4, 8),
        has_between_tools: family == "sonnet" && version == (5, 5),
        binds_thinking: is_bound,
        efforts: match (family, version) {
            (_, (5.., _) | (4, 7..)) => &["low", "medium", "high", "xhigh", "max"],
            (_, (4, 6)) => &["low", "medium", "high", "max"],
            ("opus", (4, 5)) => &["low", "medium", "high"],
            _ => &[],
        },
        most_output: match (family, version) {
            (_, (..=2, _)) | (_, (3, 0)) => 4096,
            (_, (3, ..=5)) => 8192,
            (_, (3, _)) => 64_000,
            ("opus", (4, ..=1)) => 32_000,
            (_, (4, ..=5)) => 64_000,
            _ => 128_000,
        },
        context: if version >= (4, 6) {
            1_000_000
        } else {
            200_000
        },
    })
}

/// `("opus", (4, 7))` of `claude-opus-4-7-20260101`; `claude-3-5-sonnet-latest` is read as well.
fn family(model: &str) -> Option<(&str, (u32, u32))> {
    let words: Vec<&str> = model.strip_prefix("claude-")?.split('-').collect();
    let families = ["opus", "sonnet", "haiku", "fable", "mythos"];
    let family = words.iter().copied().find(|word| families.contains(word))?;
    let mut numbers = words
        .iter()
        .filter(|word| word.len() <= 2)
        .filter_map(|word| word.parse().ok());
    let major = numbers.next()?;
    Some((family, (major, numbers.next().unwrap_or(0))))
}

pub(super) fn list() -> Json {
    object! {
        "data": LISTED.map(described),
        "has_more": false,
        "first_id": LISTED.first(),
        "last_id": LISTED.last(),
    }
}

pub(super) fn entry(id: &str) -> Result<Json, Failure> {
    facts(id).map(|_| described(id))
}

fn described(id: &str) -> Json {
    let most_output = facts(id).map_or(0, |facts| facts.most_output);
    object! {
        "type": "model", "id": id, "display_name": id, "created_at": "2026-01-01T00:00:00Z",
        "max_input_tokens": 200_000, "max_tokens": most_output,
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
            ("claude-3-opus-20240229", Some(("opus", (3, 0)))),
            ("claude-opus", None),
            ("gpt-4o", None),
        ] {
            assert_eq!(family(model), expected, "{model}");
        }
    }

    #[test]
    fn families_differ_in_what_they_refuse() {
        let check = |model: &str, thinks, has_sampling, has_forced_tool, has_prefill| {
            let facts = facts(model).unwrap();
            let got = (
                facts.thinks,
                facts.has_sampling,
                facts.has_forced_tool,
                facts.has_prefill,
            );
            assert_eq!(
                got,
                (thinks, has_sampling, has_forced_tool, has_prefill),
                "{model}"
            );
        };
        check("claude-3-5-haiku-20241022", Thinks::Never, true, true, true);
        check("claude-sonnet-4-5", Thinks::Budget, true, true, true);
        check("claude-opus-4-6", Thinks::Both, true, true, false);
        check("claude-opus-4-8", Thinks::Adaptive, false, true, false);
        check("claude-sonnet-5", Thinks::Adaptive, false, true, false);
        check("claude-opus-5", Thinks::ByDefault, false, true, false);
        check("claude-haiku-5-5", Thinks::ByDefault, false, true, false);
        check("claude-fable-5", Thinks::Always, false, true, false);
        check("claude-fable-5-1", Thinks::Always, false, false, false);
        check("claude-sonnet-5-5", Thinks::Always, false, false, false);
    }
}
