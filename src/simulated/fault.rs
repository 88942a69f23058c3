//! The ways in which the simulated server can fail, and their names.
//!
//! A request's faults come from its header `x-sim-fault`, from its model's name (`gpt-4o+fault=429:5`), and from the
//! queue ([`Simulator::push_fault`](super::Simulator::push_fault), `POST /sim/faults`), which each request to a model
//! endpoint takes one entry of. Several at once are joined by `+`: `slow_head:200+crlf`, `gpt-4o+fault=gzip+fault=split`.
//!
//! `K` counts frames with content, `MS` is milliseconds:
//!
//! | name | the server |
//! | --- | --- |
//! | `NNN`, `NNN:SECONDS`, `NNN:MESSAGE` | answers with this status (400 to 599), with Retry-After or the message |
//! | `quota` | 429 that no retry helps: `insufficient_quota`, `billing_error` |
//! | `redirect`, `redirect:URL` | answers 302 |
//! | `not_json`, `empty` | answers 200 with an HTML page, with nothing |
//! | `early:STATUS` | answers before it reads the body; only from the queue, and alone |
//! | `hang` | never answers |
//! | `reset` | resets the connection before the head |
//! | `slow_head:MS`, `slow_first_byte:MS`, `slow_first_token:MS` | waits there |
//! | `pace:K,MS` | sends K frames every MS |
//! | `stall:K`, `reset_after:K`, `close_after:K`, `end_after:K` | after K frames: falls silent, resets, closes mid-body, ends the body properly |
//! | `malformed:K`, `half_frame:K` | breaks the JSON of frame K, or ends in the middle of it |
//! | `error_first`, `error_after:K` | sends an error event inside the 200, before or after content |
//! | `hang_up` | closes the connection after the answer, unannounced |
//! | `fail` | ends with `response.failed` (Responses), else with an error event |
//! | `no_end` | leaves the terminal event out (`[DONE]`, `message_stop`, `response.completed`) |
//! | `usage_last_content`, `no_usage`, `usage_all` | puts the usage elsewhere |
//! | `gzip` | encodes the reply though nobody asked |
//! | `split` | sends pieces of 1 to 3 bytes |
//! | `crlf`, `comments`, `pings`, `no_space` | writes its event stream so |
//! | `long_line:BYTES` | sends a frame with this much content (default 1 MiB) |
//! | `huge:BYTES` | answers with this much text (default 8 MiB) |
//! | `reasoning_content` | thinks aloud in this field, as compatible servers do (chat) |
//! | `whole_calls` | streams each tool call in one chunk, without index, as compatible servers do |
//! | `strict_thinking` | wants the thinking blocks back on every tool turn, also from models that let them go |

use std::time::Duration;

/// See the [module's table](self).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    Status {
        status: u16,
        retry_after: Option<u64>,
        message: Option<String>,
    },
    Quota,
    Redirect(String),
    NotJson,
    Empty,
    Early(u16),
    Hang,
    HangUp,
    Reset,
    SlowHead(Duration),
    SlowFirstByte(Duration),
    SlowFirstToken(Duration),
    Pace {
        frames: usize,
        every: Duration,
    },
    Stall(usize),
    ResetAfter(usize),
    CloseAfter(usize),
    EndAfter(usize),
    Malformed(usize),
    HalfFrame(usize),
    ErrorFirst,
    ErrorAfter(usize),
    Fail,
    NoEnd,
    ReasoningContent,
    WholeCalls,
    UsageLastContent,
    NoUsage,
    UsageAll,
    Gzip,
    Split,
    Crlf,
    Comments,
    Pings,
    NoSpace,
    LongLine(usize),
    Huge(usize),
    StrictThinking,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no fault `{0}`")]
pub struct UnknownFault(pub String);

impl Fault {
    /// A status, as the real servers give it in their dialect.
    pub fn status(status: u16) -> Self {
        Self::Status {
            status,
            retry_after: None,
            message: None,
        }
    }

    /// A list joined by `+`; `none` and nothing are no fault.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, UnknownFault> {
        let names = text
            .split('+')
            .map(|name| name.trim().trim_start_matches("fault="));
        names
            .filter(|name| !name.is_empty() && *name != "none")
            .map(str::parse)
            .collect()
    }

    /// A model's name without its faults, and those.
    pub fn from_model(model: &str) -> Result<(&str, Vec<Self>), UnknownFault> {
        match model.split_once("+fault=") {
            Some((name, faults)) => Ok((name, Self::parse_all(faults)?)),
            None => Ok((model, Vec::new())),
        }
    }
}

impl std::str::FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let unknown = || UnknownFault(text.to_owned());
        let (name, argument) = text
            .split_once(':')
            .map_or((text, None), |(name, rest)| (name, Some(rest)));
        let number =
            |default: usize| argument.map_or(Ok(default), |n| n.parse().map_err(|_| unknown()));
        let millis = || {
            argument
                .and_then(|n| n.parse().ok())
                .map(Duration::from_millis)
                .ok_or_else(unknown)
        };
        if let Ok(status) = name.parse::<u16>() {
            let retry_after = argument.and_then(|seconds| seconds.parse().ok());
            let message = argument
                .filter(|_| retry_after.is_none())
                .map(str::to_owned);
            return match status {
                400..=599 => Ok(Self::Status {
                    status,
                    retry_after,
                    message,
                }),
                _ => Err(unknown()),
            };
        }
        Ok(match name {
            "quota" => Self::Quota,
            "redirect" => Self::Redirect(
                argument
                    .unwrap_or("http://127.0.0.1:9/redirected")
                    .to_owned(),
            ),
            "not_json" => Self::NotJson,
            "empty" => Self::Empty,
            "early" => Self::Early(
                argument
                    .and_then(|status| status.parse().ok())
                    .ok_or_else(unknown)?,
            ),
            "hang" => Self::Hang,
            "hang_up" => Self::HangUp,
            "reset" => Self::Reset,
            "slow_head" => Self::SlowHead(millis()?),
            "slow_first_byte" => Self::SlowFirstByte(millis()?),
            "slow_first_token" => Self::SlowFirstToken(millis()?),
            "pace" => {
                let (frames, every) = argument
                    .and_then(|pair| pair.split_once(','))
                    .ok_or_else(unknown)?;
                let every = Duration::from_millis(every.parse().map_err(|_| unknown())?);
                let frames = frames
                    .parse()
                    .ok()
                    .filter(|frames| *frames > 0)
                    .ok_or_else(unknown)?;
                Self::Pace { frames, every }
            }
            "stall" => Self::Stall(number(2)?),
            "reset_after" => Self::ResetAfter(number(2)?),
            "close_after" => Self::CloseAfter(number(2)?),
            "end_after" => Self::EndAfter(number(2)?),
            "malformed" => Self::Malformed(number(2)?),
            "half_frame" => Self::HalfFrame(number(2)?),
            "error_first" => Self::ErrorFirst,
            "error_after" => Self::ErrorAfter(number(2)?),
            "fail" => Self::Fail,
            "no_end" => Self::NoEnd,
            "reasoning_content" => Self::ReasoningContent,
            "whole_calls" => Self::WholeCalls,
            "usage_last_content" => Self::UsageLastContent,
            "no_usage" => Self::NoUsage,
            "usage_all" => Self::UsageAll,
            "gzip" => Self::Gzip,
            "split" => Self::Split,
            "crlf" => Self::Crlf,
            "comments" => Self::Comments,
            "pings" => Self::Pings,
            "no_space" => Self::NoSpace,
            "long_line" => Self::LongLine(number(1 << 20)?),
            "huge" => Self::Huge(number(8 << 20)?),
            "strict_thinking" => Self::StrictThinking,
            _ => return Err(unknown()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_with_their_arguments() {
        let status = |status, retry_after, message: Option<&str>| Fault::Status {
            status,
            retry_after,
            message: message.map(str::to_owned),
        };
        let cases: &[(&str, Result<Vec<Fault>, &str>)] = &[
            ("none", Ok(vec![])),
            ("429:5", Ok(vec![status(429, Some(5), None)])),
            (
                "400:prompt is too long",
                Ok(vec![status(400, None, Some("prompt is too long"))]),
            ),
            (
                "slow_head:20+crlf",
                Ok(vec![
                    Fault::SlowHead(Duration::from_millis(20)),
                    Fault::Crlf,
                ]),
            ),
            (
                "stall + reset_after:0",
                Ok(vec![Fault::Stall(2), Fault::ResetAfter(0)]),
            ),
            (
                "pace:1,10",
                Ok(vec![Fault::Pace {
                    frames: 1,
                    every: Duration::from_millis(10),
                }]),
            ),
            ("pace:0,10", Err("pace:0,10")),
            ("200", Err("200")),
            ("slow_head", Err("slow_head")),
            ("nonsense", Err("nonsense")),
        ];
        for (text, expected) in cases {
            let expected = expected
                .clone()
                .map_err(|name| UnknownFault(name.to_owned()));
            assert_eq!(Fault::parse_all(text), expected, "{text}");
        }
    }

    #[test]
    fn a_models_name_carries_faults() {
        assert_eq!(Fault::from_model("gpt-4o"), Ok(("gpt-4o", vec![])));
        let faults = vec![Fault::status(503), Fault::Gzip];
        assert_eq!(
            Fault::from_model("gpt-4o+fault=503+fault=gzip"),
            Ok(("gpt-4o", faults))
        );
    }
}
