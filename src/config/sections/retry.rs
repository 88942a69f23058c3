//! `retry` and `timeout` of a route.

use super::server::above_zero;
use crate::config::read::{List, REFERENCE, Read, Reader, section};
use crate::config::snapshot::Timeouts;
use crate::config::suggest;
use crate::config::yaml::Node;
use schemars::{Schema, SchemaGenerator, json_schema};
use std::time::Duration;
use tollgate_governance::strategy::{Retry, RetryOn};

section! {
    /// When a failure is tried again; never after the first byte went out.
    pub(crate) struct RetrySection {
        /// Tries on one target before the next one's turn, the first included. Default: 2.
        #[schemars(extend("minimum" = 1, "maximum" = 10))]
        attempts: u32,
        /// Failures that are tried again: statuses (`429`), classes of them (`5xx`), `connect`,
        /// `first_token_timeout`, `broken` (a stream that broke before its first content).
        /// Default: `[408, 409, 429, 5xx, connect, first_token_timeout, broken]`.
        on: List<Failure>,
        /// The first wait, before jitter; each further one is twice as long. Default: `250ms`.
        backoff: Duration,
        /// The longest wait; a longer `Retry-After` is not waited for. Default: `5s`.
        max_backoff: Duration,
    }
}

section! {
    /// How long is waited for a provider.
    pub(crate) struct TimeoutSection {
        /// Until the connection is there. Default: `5s`.
        connect: Duration,
        /// Until a stream's first content. Default: `60s`.
        first_token: Duration,
        /// Between two pieces of a stream. Default: `60s`.
        idle: Duration,
        /// Of the whole request, all attempts together, however slowly its answer is read. Default: `10m`.
        total: Duration,
    }
}

const MAX_ATTEMPTS: u32 = 10;

/// One kind of failure.
#[derive(Clone, Copy)]
pub(crate) enum Failure {
    Statuses(u16, u16),
    Connect,
    FirstTokenTimeout,
    Broken,
}

const WORDS: [(&str, Failure); 3] = [
    ("connect", Failure::Connect),
    ("first_token_timeout", Failure::FirstTokenTimeout),
    ("broken", Failure::Broken),
];

impl Failure {
    fn parse(text: &str) -> Option<Self> {
        if let Some((_, failure)) = WORDS.iter().find(|(word, _)| *word == text) {
            return Some(*failure);
        }
        match text {
            "4xx" => return Some(Self::Statuses(400, 499)),
            "5xx" => return Some(Self::Statuses(500, 599)),
            _ => {}
        }
        let status = text.parse().ok()?;
        (400..=599)
            .contains(&status)
            .then_some(Self::Statuses(status, status))
    }
}

impl Read for Failure {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let words = WORDS.map(|(word, _)| word);
        let expected = format!(
            "a status from 400 to 599, `4xx`, `5xx`, {}",
            words.join(", ")
        );
        let text = reader.text(node, &expected, false)?;
        let failure = Self::parse(text.as_str());
        if failure.is_none() {
            let hint = match suggest::nearest(text.as_str(), words) {
                Some(word) => format!(" (did you mean `{word}`?)"),
                None => String::new(),
            };
            let message = format!("expected {expected}, found {}{hint}", text.shown);
            reader.note(node.place, message);
        }
        failure
    }

    fn schema(_generator: &mut SchemaGenerator) -> Schema {
        let words = WORDS.map(|(word, _)| word);
        json_schema!({ "anyOf": [
            { "type": "integer", "minimum": 400, "maximum": 599 },
            { "enum": ["4xx", "5xx"] },
            { "enum": words },
            { "type": "string", "pattern": REFERENCE },
        ] })
    }
}

pub(crate) fn resolve(section: Option<&RetrySection>, reader: &mut Reader<'_>) -> Retry {
    let mut retry = Retry {
        attempts: 2,
        on: RetryOn::default(),
        backoff: Duration::from_millis(250),
        max_backoff: Duration::from_secs(5),
    };
    let Some(section) = section else {
        return retry;
    };
    if let Some(attempts) = &section.attempts {
        if !(1..=MAX_ATTEMPTS).contains(&attempts.value) {
            let message = format!("must be between 1 (no second try) and {MAX_ATTEMPTS}");
            reader.note_at(attempts, message);
        }
        retry.attempts = attempts.value;
    }
    if let Some(failures) = &section.on {
        retry.on = RetryOn {
            connect: false,
            first_token_timeout: false,
            broken: false,
            statuses: Vec::new(),
        };
        for failure in failures.iter() {
            match failure.value {
                Failure::Statuses(first, last) => retry.on.statuses.push((first, last)),
                Failure::Connect => retry.on.connect = true,
                Failure::FirstTokenTimeout => retry.on.first_token_timeout = true,
                Failure::Broken => retry.on.broken = true,
            }
        }
    }
    if let Some(backoff) = above_zero(section.backoff.as_ref(), reader) {
        retry.backoff = backoff;
    }
    if let Some(backoff) = above_zero(section.max_backoff.as_ref(), reader) {
        retry.max_backoff = backoff;
    }
    retry
}

pub(crate) fn resolve_timeouts(
    section: Option<&TimeoutSection>,
    reader: &mut Reader<'_>,
) -> Timeouts {
    let mut timeouts = Timeouts {
        connect: Duration::from_secs(5),
        first_token: Duration::from_secs(60),
        idle: Duration::from_secs(60),
        total: Duration::from_secs(600),
    };
    let Some(section) = section else {
        return timeouts;
    };
    for (given, timeout) in [
        (&section.connect, &mut timeouts.connect),
        (&section.first_token, &mut timeouts.first_token),
        (&section.idle, &mut timeouts.idle),
        (&section.total, &mut timeouts.total),
    ] {
        if let Some(duration) = above_zero(given.as_ref(), reader) {
            *timeout = duration;
        }
    }
    timeouts
}
