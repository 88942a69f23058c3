//! The kinds of work, by the model name that asks the mock upstream for them.

use clap::ValueEnum;
use serde::Serialize;

/// What the upstream does with a request. The name travels as the request's `model`, the one
/// field that every proxy leaves readable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Work {
    /// One JSON body of 1 KiB.
    Whole,
    /// A stream of 100 chunks, one each 10 ms.
    Paced,
    /// The same stream, handed to the kernel in one write.
    Burst,
    /// A stream that says one word and then nothing until the client leaves.
    Idle,
}

impl Work {
    pub(crate) const ALL: [Work; 4] = [Work::Whole, Work::Paced, Work::Burst, Work::Idle];

    /// The model name that the upstream knows this work by.
    pub(crate) fn model(self) -> &'static str {
        match self {
            Work::Whole => "mock-whole",
            Work::Paced => "mock-paced",
            Work::Burst => "mock-burst",
            Work::Idle => "mock-idle",
        }
    }

    /// The route of Tollgate that leads to the same work on an Anthropic upstream.
    pub(crate) fn translated_route(self) -> &'static str {
        match self {
            Work::Whole => "translated-whole",
            Work::Paced => "translated-paced",
            Work::Burst => "translated-burst",
            Work::Idle => "translated-idle",
        }
    }

    pub(crate) fn is_streamed(self) -> bool {
        self != Work::Whole
    }
}
