//! What an endpoint is given and what it returns.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;

use super::Simulator;
use super::fault::Fault;
use super::ids::Ids;
use super::json::Json;
use super::script::{Frame, Kind};

/// One request to a model endpoint.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) simulator: &'a Simulator,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a Value,
    /// The model asked for, without its faults.
    pub(crate) model: &'a str,
    pub(crate) faults: &'a [Fault],
    pub(crate) ids: Ids,
}

impl Asked<'_> {
    pub(crate) fn has(&self, fault: &Fault) -> bool {
        self.faults.contains(fault)
    }

    /// The text pieces of one answer as a stream sends them: three tokens each, or one piece of the asked size.
    pub(crate) fn pieces(&self, text: &str) -> Vec<String> {
        let mut pieces: Vec<String> = Vec::new();
        for (index, token) in super::tokens::pieces(text).enumerate() {
            match pieces.last_mut() {
                Some(last) if index % 3 != 0 => last.push_str(token),
                _ => pieces.push(token.to_owned()),
            }
        }
        pieces
    }

    /// The text as the faults want it.
    pub(crate) fn stretched(&self, text: String) -> String {
        let length = self.faults.iter().find_map(|fault| match fault {
            Fault::Huge(length) => Some(*length),
            _ => None,
        });
        match length {
            Some(length) => text.chars().cycle().take(length.min(256 << 20)).collect(),
            None => text,
        }
    }

    pub(crate) fn long_line(&self) -> Option<String> {
        self.faults.iter().find_map(|fault| match fault {
            Fault::LongLine(length) => Some("x".repeat((*length).min(256 << 20))),
            _ => None,
        })
    }
}

/// A good answer; refusals are [`Failure`](super::failure::Failure)s.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) content: Content,
    pub(crate) usage: Json,
    pub(crate) thinking_verified: u32,
}

#[derive(Debug)]
pub(crate) enum Content {
    Whole { body: Json, text: String },
    Stream(Vec<Frame>),
}

/// A frame of `data:` alone, OpenAI's chat and completions.
pub(crate) fn data(json: &Json, kind: Kind, text: &str) -> Frame {
    Frame {
        bytes: Bytes::from(format!("data: {}\n\n", json.as_str())),
        kind,
        text: text.to_owned(),
    }
}

/// A frame with its event's name, as Anthropic's and the Responses API's are.
pub(crate) fn event(name: &str, json: &Json, kind: Kind, text: &str) -> Frame {
    let bytes = Bytes::from(format!("event: {name}\ndata: {}\n\n", json.as_str()));
    Frame {
        bytes,
        kind,
        text: text.to_owned(),
    }
}
