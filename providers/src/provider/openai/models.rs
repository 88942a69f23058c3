//! What each family of OpenAI's models takes, by its name, and which names are clearly not OpenAI's.
//!
//! From the vendor's guide in codex 0.169.0, the flags that litellm 1.106.2 publishes, and the API reference (o-series,
//! gpt-5), read 2026-11-24. A name that nobody knows is taken for one of OpenAI's to come, and refused nothing.

use crate::canonical::Effort;

/// When `temperature`, `top_p` and the like are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    Always,
    /// Only without an effort, or with `none`.
    NotReasoning,
    Never,
}

/// How a model is told not to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Off {
    /// It does not think.
    ByItself,
    /// `reasoning_effort: none`.
    None,
    /// It thinks always; its least effort comes closest.
    Least,
    /// Nobody knows.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    /// Not a model of OpenAI's: `max_tokens` and `user` instead of the newer fields.
    pub(super) is_foreign: bool,
    /// Empty where the model does not reason.
    pub(super) efforts: &'static [Effort],
    pub(super) off: Off,
    pub(super) sampling: When,
    pub(super) has_stop: bool,
    /// `parallel_tool_calls`; without it, there is one call at a time anyway.
    pub(super) has_parallel: bool,
    /// Tools only with `reasoning_effort: none`.
    pub(super) tools_stop_reasoning: bool,
    /// `prompt_cache_breakpoint`.
    pub(super) has_breakpoints: bool,
}

use Effort::{High, Low, Max, Medium, Minimal, XHigh};

const UNKNOWN: Facts = Facts {
    is_foreign: false,
    efforts: &Effort::ALL,
    off: Off::Unknown,
    sampling: When::Always,
    has_stop: true,
    has_parallel: true,
    tools_stop_reasoning: false,
    has_breakpoints: true,
};

const FOREIGN: Facts = Facts {
    is_foreign: true,
    has_breakpoints: false,
    ..UNKNOWN
};

const PLAIN: Facts = Facts {
    efforts: &[],
    off: Off::ByItself,
    has_breakpoints: false,
    ..UNKNOWN
};

const REASONING: Facts = Facts {
    efforts: &[Low, Medium, High],
    off: Off::Least,
    sampling: When::Never,
    has_breakpoints: false,
    ..UNKNOWN
};

/// Beginnings of names that are clearly not OpenAI's; so is any name with a slash, as other hosts give them.
const FOREIGN_NAMES: [&str; 22] = [
    "llama",
    "meta-llama",
    "qwen",
    "qwq",
    "mistral",
    "mixtral",
    "ministral",
    "magistral",
    "codestral",
    "devstral",
    "deepseek",
    "gemma",
    "gemini",
    "phi-",
    "command",
    "grok",
    "kimi",
    "moonshot",
    "glm",
    "granite",
    "gpt-oss",
    "claude",
];

/// Whether a model is clearly not OpenAI's.
pub(crate) fn is_foreign(model: &str) -> bool {
    facts(model).is_foreign
}

/// The facts of a model.
pub(super) fn facts(model: &str) -> Facts {
    // A fine-tuned model: `ft:gpt-4o-mini:org::id`.
    let name = model
        .strip_prefix("ft:")
        .unwrap_or(model)
        .to_ascii_lowercase();
    if name.contains('/')
        || FOREIGN_NAMES
            .iter()
            .any(|foreign| name.starts_with(foreign))
    {
        return FOREIGN;
    }
    if name.starts_with("chatgpt-") || name.starts_with("gpt-3") || name.starts_with("gpt-4") {
        return PLAIN;
    }
    if let Some((o, _)) = name.strip_prefix('o').and_then(number) {
        return Facts {
            has_stop: o == 1,
            has_parallel: false,
            ..REASONING
        };
    }
    let Some((major, rest)) = name.strip_prefix("gpt-").and_then(number) else {
        return UNKNOWN;
    };
    let (minor, rest) = rest.strip_prefix('.').and_then(number).unwrap_or((0, rest));
    match (major, minor) {
        _ if rest.starts_with("-chat") => Facts {
            has_breakpoints: (major, minor) >= (5, 6),
            ..PLAIN
        },
        (..=4, _) => PLAIN,
        (5, 0) => Facts {
            efforts: &[Minimal, Low, Medium, High],
            ..REASONING
        },
        (5, _) => Facts {
            efforts: if minor == 1 {
                &[Low, Medium, High]
            } else {
                &[Low, Medium, High, XHigh]
            },
            off: Off::None,
            sampling: When::NotReasoning,
            has_breakpoints: minor >= 6,
            ..REASONING
        },
        (6, 0) if rest.starts_with("-astra") => ALWAYS_6,
        (6, 1) if rest.starts_with("-sol") => ALWAYS_6,
        (6, 2) => Facts {
            efforts: &[Low, Medium, High, XHigh],
            ..GPT_6
        },
        _ => GPT_6,
    }
}

const GPT_6: Facts = Facts {
    efforts: &[Low, Medium, High, XHigh, Max],
    off: Off::None,
    sampling: When::NotReasoning,
    tools_stop_reasoning: true,
    has_breakpoints: true,
    ..REASONING
};

const ALWAYS_6: Facts = Facts {
    off: Off::Least,
    sampling: When::Never,
    tools_stop_reasoning: false,
    ..GPT_6
};

/// A number at the start, and what follows it.
fn number(text: &str) -> Option<(u32, &str)> {
    let end = text
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_differ_in_what_they_refuse() {
        let check = |model: &str, is_foreign, efforts: usize, off, sampling, breakpoints| {
            let facts = facts(model);
            let got = (
                facts.is_foreign,
                facts.efforts.len(),
                facts.off,
                facts.sampling,
                facts.has_breakpoints,
            );
            assert_eq!(
                got,
                (is_foreign, efforts, off, sampling, breakpoints),
                "{model}"
            );
        };
        check("gpt-4o-mini", false, 0, Off::ByItself, When::Always, false);
        check(
            "ft:gpt-4.1:acme::x",
            false,
            0,
            Off::ByItself,
            When::Always,
            false,
        );
        check("o3-mini", false, 3, Off::Least, When::Never, false);
        check("gpt-5-mini", false, 4, Off::Least, When::Never, false);
        check(
            "gpt-5-chat-latest",
            false,
            0,
            Off::ByItself,
            When::Always,
            false,
        );
        check("gpt-5.1", false, 3, Off::None, When::NotReasoning, false);
        check("gpt-5.6-sol", false, 4, Off::None, When::NotReasoning, true);
        check("gpt-6-astra", false, 5, Off::Least, When::Never, true);
        check("gpt-6-sol", false, 5, Off::None, When::NotReasoning, true);
        check(
            "gpt-6.2-luna",
            false,
            4,
            Off::None,
            When::NotReasoning,
            true,
        );
        check("sim-gpt", false, 6, Off::Unknown, When::Always, true);
        check("openrouter", false, 6, Off::Unknown, When::Always, true);
        check("Qwen3-32B", true, 6, Off::Unknown, When::Always, false);
        check(
            "meta-llama/Llama-3.3-70B",
            true,
            6,
            Off::Unknown,
            When::Always,
            false,
        );
    }
}
