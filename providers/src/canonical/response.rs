//! A whole answer.

use super::Text;
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

/// What a model answered.
#[derive(Debug, Default)]
pub(crate) struct Response<'a> {
    pub(crate) parts: Vec<Part<'a>>,
    pub(crate) finish: Option<Finish>,
    /// The stop sequence that was met.
    pub(crate) stop: Option<Text<'a>>,
    /// Why the model refused.
    pub(crate) refusal: Option<Text<'a>>,
}

impl Response<'_> {
    /// Why the model stopped: to call tools only where it called some.
    pub(crate) fn finish(&self) -> Finish {
        let has_calls = || {
            self.parts
                .iter()
                .any(|part| matches!(part, Part::Call { .. }))
        };
        match self.finish {
            Some(Finish::Calls) if !has_calls() => Finish::End,
            finish => finish.unwrap_or(Finish::End),
        }
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
