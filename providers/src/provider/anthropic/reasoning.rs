//! `thinking` and `output_config.effort`: what was asked, as far as the model takes it.

use super::models::{Facts, Thinks};
use crate::canonical::{Effort, Losses, Mode, Named, Request};
use crate::wire::json::Writer;

/// The smallest budget that is taken.
const BUDGET_MIN: u64 = 1024;

/// What the request says about thinking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Nothing: the model does as it does by itself.
    Unsaid,
    Disabled,
    BetweenTools,
    Budget(u64),
    Adaptive {
        effort: Option<Effort>,
        /// Whether the text of the thinking is to be shown, where that has to be said.
        is_shown: Option<bool>,
    },
}

impl Plan {
    /// Decides. `in_loop` tells of a conversation that ends with the results of tools whether the turn that called
    /// them began with thinking: it must then go on as it began.
    pub(super) fn new(
        request: &Request<'_>,
        facts: &Facts,
        max_tokens: u64,
        in_loop: Option<bool>,
        losses: &mut Losses,
    ) -> Self {
        let wanted = Self::wanted(request, facts, in_loop == Some(true), losses);
        let name = request.thinking_name();
        let is_optional = !matches!(facts.thinks, Thinks::Always | Thinks::ByDefault);
        if is_optional && wanted.is_on() && request.choice.is_forced() && facts.has_forced_tool {
            // A forced call and thinking exclude each other; the call is what the caller's program needs.
            losses.dropped(name);
            return Self::Disabled;
        }
        match wanted {
            Self::Budget(_) if in_loop == Some(false) => {
                losses.dropped(name);
                Self::Disabled
            }
            Self::Budget(_) if max_tokens <= BUDGET_MIN => {
                losses.dropped(name);
                Self::Disabled
            }
            Self::Budget(budget) if budget < BUDGET_MIN || budget >= max_tokens => {
                if matches!(
                    request.reasoning.mode.map(|mode| mode.value),
                    Some(Mode::Budget(_))
                ) {
                    losses.clamped(name);
                }
                Self::Budget(budget.min(max_tokens / 2).max(BUDGET_MIN))
            }
            plan => plan,
        }
    }

    fn wanted(
        request: &Request<'_>,
        facts: &Facts,
        began_with_thinking: bool,
        losses: &mut Losses,
    ) -> Self {
        let reasoning = &request.reasoning;
        let mode = reasoning.mode.map(|mode| mode.value);
        let name = request.thinking_name();
        let adaptive = |losses: &mut Losses, effort: Option<Named<Effort>>| Self::Adaptive {
            effort: effort.and_then(|effort| {
                let nearest = effort.value.nearest(facts.efforts);
                if nearest != Some(effort.value) {
                    losses.clamped(effort.name);
                }
                nearest
            }),
            is_shown: reasoning.is_shown.or(facts.binds_thinking.then_some(true)),
        };
        match (mode, reasoning.effort, facts.thinks) {
            (None, None, Thinks::Budget) if began_with_thinking => Self::Budget(BUDGET_MIN),
            (None, None, Thinks::Both | Thinks::Adaptive) if began_with_thinking => {
                adaptive(losses, None)
            }
            (None, None, _) => Self::Unsaid,
            (Some(Mode::Off), _, Thinks::Never) => Self::Unsaid,
            (Some(Mode::Off | Mode::BetweenTools), _, _) if facts.has_between_tools => {
                Self::BetweenTools
            }
            (Some(Mode::Off | Mode::BetweenTools), _, Thinks::Always) => {
                losses.weakened(name);
                let value = Effort::Low;
                adaptive(losses, Some(Named { value, name }))
            }
            (Some(Mode::Off | Mode::BetweenTools), _, _) => Self::Disabled,
            (_, _, Thinks::Never) => {
                losses.dropped(name);
                Self::Unsaid
            }
            (Some(Mode::Budget(budget)), _, Thinks::Budget | Thinks::Both) => Self::Budget(budget),
            (Some(Mode::Budget(budget)), effort, _) => {
                losses.weakened(name);
                let value = effort_of(budget);
                adaptive(losses, effort.or(Some(Named { value, name })))
            }
            (_, effort, Thinks::Budget) => Self::Budget(budget_of(
                effort.map_or(Effort::High, |effort| effort.value),
            )),
            (_, effort, _) => adaptive(losses, effort),
        }
    }

    /// Whether thinking that was asked for is off because a tool loop does not begin with any.
    pub(super) fn was_given_up(self, request: &Request<'_>, in_loop: Option<bool>) -> bool {
        let reasoning = &request.reasoning;
        let is_asked = match reasoning.mode.map(|mode| mode.value) {
            None => reasoning.effort.is_some(),
            Some(mode) => mode != Mode::Off,
        };
        let is_free = !request.choice.is_forced();
        self == Self::Disabled && in_loop == Some(false) && is_asked && is_free
    }

    /// Whether the request asks for thinking.
    pub(super) fn is_on(self) -> bool {
        matches!(self, Self::Budget(_) | Self::Adaptive { .. })
    }

    /// Whether the model may think, so that its thinking has to come back.
    pub(super) fn thinks(self, facts: &Facts) -> bool {
        let by_itself = matches!(facts.thinks, Thinks::Always | Thinks::ByDefault);
        match self {
            Self::Budget(_) | Self::Adaptive { .. } | Self::BetweenTools => true,
            Self::Unsaid => by_itself,
            Self::Disabled => false,
        }
    }

    pub(super) fn write(self, writer: &mut Writer) {
        let kind = match self {
            Self::Unsaid => return,
            Self::Disabled => "disabled",
            Self::BetweenTools => "between_tools",
            Self::Budget(_) => "enabled",
            Self::Adaptive { .. } => "adaptive",
        };
        writer.key("thinking");
        writer.object(|w| {
            w.field("type", kind);
            match self {
                Self::Budget(budget) => w.field_count("budget_tokens", budget),
                Self::Adaptive {
                    is_shown: Some(is_shown),
                    ..
                } => w.field("display", if is_shown { "summarized" } else { "omitted" }),
                _ => {}
            }
        });
    }

    pub(super) fn effort(self) -> Option<Effort> {
        match self {
            Self::Adaptive { effort, .. } => effort,
            _ => None,
        }
    }
}

impl Request<'_> {
    /// The field by which the caller asked for thinking.
    fn thinking_name(&self) -> &'static str {
        let Self { reasoning, .. } = self;
        let effort = reasoning.effort.map(|effort| effort.name);
        effort
            .or(reasoning.mode.map(|mode| mode.name))
            .unwrap_or("thinking_blocks")
    }
}

/// Tokens for an effort, for models that know budgets only.
fn budget_of(effort: Effort) -> u64 {
    match effort {
        Effort::Minimal => 1024,
        Effort::Low => 2048,
        Effort::Medium => 8192,
        Effort::High => 16_384,
        Effort::XHigh => 24_576,
        Effort::Max => 32_768,
    }
}

/// The effort that a budget stands for.
pub(crate) fn effort_of(budget: u64) -> Effort {
    match budget {
        ..=4095 => Effort::Low,
        4096..=12_287 => Effort::Medium,
        _ => Effort::High,
    }
}
