//! A whole answer.

use super::{Citation, Text};
use std::borrow::Cow;

/// Why a model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    End,
    /// One of the caller's stop sequences.
    Stop,
    Length,
    Calls,
    Refused,
    /// The turn may go on if it is sent back.
    Paused,
}

impl Finish {
    /// Why a model stopped, by what its provider said: to call tools only where it called some.
    pub(crate) fn of(said: Option<Self>, has_calls: bool) -> Self {
        match said {
            Some(Self::Calls) if !has_calls => Self::End,
            said => said.unwrap_or(Self::End),
        }
    }
}

/// What a model answered.
#[derive(Debug, Default)]
pub(crate) struct Response<'a> {
    pub(crate) parts: Vec<Part<'a>>,
    pub(crate) finish: Option<Finish>,
    /// The stop sequence that was met.
    pub(crate) stop: Option<Text<'a>>,
    /// Why the model refused.
    pub(crate) refusal: Option<Text<'a>>,
    pub(crate) citations: Vec<Citation<'a>>,
}

impl Response<'_> {
    pub(crate) fn finish(&self) -> Finish {
        let is_call = |part: &Part<'_>| matches!(part, Part::Call { .. });
        Finish::of(self.finish, self.parts.iter().any(is_call))
    }
}

#[derive(Debug)]
pub(crate) enum Part<'a> {
    Text(Text<'a>),
    Thinking {
        text: Text<'a>,
        signature: Text<'a>,
    },
    Redacted(Text<'a>),
    Call {
        id: Text<'a>,
        name: Text<'a>,
        /// An object, in JSON.
        input: Cow<'a, str>,
    },
}
