//! A stream's events.

use super::{Citation, Finish, Text};
use tollgate_domain::Usage;

/// One step of an answer. Text, thinking and calls come in pieces; a call's pieces name it by its number.
#[derive(Debug)]
pub(crate) enum Event<'a> {
    /// The answer has begun; its id and model are known as far as the provider told them.
    Start {
        id: Option<Text<'a>>,
        model: Option<Text<'a>>,
        usage: Option<Usage>,
        /// The service tier, in the provider's word.
        tier: Option<Text<'a>>,
    },
    Text(Text<'a>),
    Refusal(Text<'a>),
    Thinking(Text<'a>),
    /// The signature of the thinking since the last block's end.
    Signature(Text<'a>),
    Redacted(Text<'a>),
    /// What a text that has been told rests on.
    Citation(Citation<'a>),
    /// A call begins. Numbers count from 0 without a gap.
    Call {
        number: usize,
        id: Text<'a>,
        name: Text<'a>,
    },
    /// A piece of a call's arguments.
    Arguments {
        number: usize,
        json: Text<'a>,
    },
    /// The block that was open has ended (of dialects that say so).
    BlockEnd,
    /// Why the model stopped. The last one stands.
    Finish {
        finish: Finish,
        stop: Option<Text<'a>>,
        refusal: Option<Text<'a>>,
    },
    /// Tokens so far. The last report stands.
    Usage(Usage),
    /// Nothing more comes.
    End,
}
