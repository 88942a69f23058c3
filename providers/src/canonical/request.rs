//! A request for a chat.

use super::{At, Named, Text, Tool, ToolChoice};

/// Everything that a caller asks for, whatever the target makes of it.
#[derive(Debug, Default)]
pub(crate) struct Request<'a> {
    /// What was said before the conversation: text blocks.
    pub(crate) system: Vec<Block<'a>>,
    pub(crate) turns: Vec<Turn<'a>>,
    pub(crate) tools: Vec<Tool<'a>>,
    pub(crate) choice: ToolChoice<'a>,
    pub(crate) max_output: Option<Named<u64>>,
    pub(crate) sampling: Sampling<'a>,
    pub(crate) stop: Vec<Text<'a>>,
    pub(crate) shape: Option<Named<Shape<'a>>>,
    pub(crate) reasoning: Reasoning,
    /// Who is behind the request.
    pub(crate) user: Option<Named<Text<'a>>>,
    pub(crate) tier: Option<Tier>,
    /// How many answers, where more than one.
    pub(crate) choices: Option<u64>,
    pub(crate) logprobs: Option<&'static str>,
    /// The caller's field that asks for an answer in sound.
    pub(crate) audio: Option<&'static str>,
    /// The caller's field that asks the provider to search the web.
    pub(crate) web_search: Option<&'static str>,
}

/// What one side said without a break.
#[derive(Clone, Debug)]
pub(crate) struct Turn<'a> {
    pub(crate) at: At,
    pub(crate) role: Role,
    pub(crate) blocks: Vec<Block<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Instructions in the middle of the conversation.
    System,
    /// The user, and the results of tools.
    User,
    Assistant,
}

#[derive(Clone, Debug)]
pub(crate) struct Block<'a> {
    pub(crate) at: At,
    pub(crate) kind: Kind<'a>,
    /// The prompt up to here is worth keeping.
    pub(crate) cache: Option<Cache>,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind<'a> {
    Text(Text<'a>),
    Refusal(Text<'a>),
    Image(Image<'a>),
    Document(Document<'a>),
    Audio {
        data: Text<'a>,
        format: Text<'a>,
    },
    Call(ToolCall<'a>),
    Result(ToolResult<'a>),
    /// Thinking in the open. Without a signature it was made by a server that signs nothing.
    Thinking {
        text: Text<'a>,
        signature: Text<'a>,
    },
    /// Thinking that only its model can read.
    Redacted(Text<'a>),
}

#[derive(Clone, Debug)]
pub(crate) struct Image<'a> {
    pub(crate) source: Source<'a>,
    /// How closely to look, where that was said.
    pub(crate) detail: Option<Text<'a>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Document<'a> {
    pub(crate) source: Source<'a>,
    pub(crate) title: Option<Text<'a>>,
    pub(crate) context: Option<Text<'a>>,
}

/// Where the content of an image or a document is.
#[derive(Clone, Debug)]
pub(crate) enum Source<'a> {
    Base64 { media: Text<'a>, data: Text<'a> },
    Url(Text<'a>),
    Plain(Text<'a>),
    Blocks(Vec<Block<'a>>),
}

#[derive(Clone, Debug)]
pub(crate) struct ToolCall<'a> {
    pub(crate) id: Text<'a>,
    pub(crate) name: Text<'a>,
    /// An object, in JSON.
    pub(crate) input: std::borrow::Cow<'a, str>,
}

#[derive(Clone, Debug)]
pub(crate) struct ToolResult<'a> {
    pub(crate) id: Text<'a>,
    pub(crate) content: Vec<Block<'a>>,
    pub(crate) is_error: bool,
}

/// How long a prompt is worth keeping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cache {
    /// The provider's shorter time.
    Short,
    /// An hour, or the next longer time.
    Long,
}

/// Numbers, as they were written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sampling<'a> {
    pub(crate) temperature: Option<&'a str>,
    pub(crate) top_p: Option<&'a str>,
    pub(crate) top_k: Option<&'a str>,
    pub(crate) seed: Option<&'a str>,
    pub(crate) frequency_penalty: Option<&'a str>,
    pub(crate) presence_penalty: Option<&'a str>,
    /// An object.
    pub(crate) logit_bias: Option<&'a str>,
}

/// The form of the answer.
#[derive(Clone, Debug)]
pub(crate) enum Shape<'a> {
    /// Some JSON object.
    Object,
    Schema {
        schema: &'a str,
        description: Option<Text<'a>>,
    },
}

/// Whether and how hard to think.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reasoning {
    pub(crate) mode: Option<Named<Mode>>,
    pub(crate) effort: Option<Named<Effort>>,
    /// Whether thinking is shown, where that was said.
    pub(crate) is_shown: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Off,
    /// Only between tool calls.
    BetweenTools,
    Adaptive,
    Budget(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effort {
    Minimal,
    Low,
    Medium,
    High,
    XHigh,
    Max,
}

impl Effort {
    pub(crate) const ALL: [Self; 6] = [
        Self::Minimal,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::XHigh,
        Self::Max,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::XHigh => "xhigh",
            Self::Max => "max",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|effort| effort.name() == name)
    }

    /// The nearest of those that a model takes, the lower of two; `None` where it takes none.
    pub(crate) fn nearest(self, taken: &[Self]) -> Option<Self> {
        let below = taken.iter().filter(|effort| **effort <= self).max();
        below.or_else(|| taken.iter().min()).copied()
    }
}

/// What the caller wants to pay for speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tier {
    /// Whatever the account has.
    Auto,
    Standard,
    Priority,
    Flex,
    Other,
}
