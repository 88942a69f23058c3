//! Reads a provider's answer and writes it in the caller's dialect.

use super::thinking::{Keeper, Maker};
use crate::canonical::Event;
use crate::dialect::{anthropic as messages, openai_chat as chat};
use crate::meter::Meter;
use crate::provider::{anthropic, openai};
use crate::wire::json::SyntaxError;
use crate::wire::sse::{self, TooLong};
use crate::{ErrorClass, Piece, ReplyFault, Seen, UpstreamError};
use bytes::Bytes;
use tollgate_domain::{Endpoint, Usage};

/// The most that is kept of an unfinished frame.
const FRAME_MAX: usize = 32 * 1024 * 1024;

/// The provider's side.
#[derive(Debug)]
pub(super) enum Source {
    Anthropic(anthropic::Stream),
    OpenAi(openai::Stream),
}

/// The caller's side.
#[derive(Debug)]
pub(super) enum Writer {
    Chat(chat::Form),
    ChatStream(Box<chat::Stream>),
    Messages(messages::Form),
    MessagesStream(Box<messages::Stream>),
}

/// One answer on its way.
#[derive(Debug)]
pub(crate) struct Translator {
    frames: sse::Reader,
    answer: Answer,
}

#[derive(Debug)]
struct Answer {
    meter: Meter,
    source: Source,
    writer: Writer,
    keeper: Option<Keeper>,
    has_content: bool,
}

impl From<SyntaxError> for ReplyFault {
    fn from(error: SyntaxError) -> Self {
        Self::Malformed(error.to_string())
    }
}

impl From<TooLong> for ReplyFault {
    fn from(error: TooLong) -> Self {
        Self::Malformed(error.to_string())
    }
}

impl Translator {
    pub(super) fn new(
        source: Source,
        writer: Writer,
        maker: Option<Maker>,
        keeps_text: bool,
    ) -> Self {
        let endpoint = match source {
            Source::Anthropic(_) => Endpoint::Messages,
            Source::OpenAi(_) => Endpoint::ChatCompletions,
        };
        Self {
            frames: sse::Reader::new(FRAME_MAX),
            answer: Answer {
                meter: Meter::new(endpoint, 1).keeping_text(keeps_text),
                source,
                writer,
                keeper: maker.map(Keeper::new),
                has_content: false,
            },
        }
    }

    pub(crate) fn is_stream(&self) -> bool {
        matches!(
            self.answer.writer,
            Writer::ChatStream(_) | Writer::MessagesStream(_)
        )
    }

    pub(crate) fn created_at(&mut self, seconds: u64) {
        match &mut self.answer.writer {
            Writer::Chat(form) => form.created = seconds,
            Writer::ChatStream(stream) => stream.created_at(seconds),
            Writer::Messages(_) | Writer::MessagesStream(_) => {}
        }
    }

    pub(crate) fn whole(&mut self, body: Bytes) -> Result<Bytes, ReplyFault> {
        self.answer.whole(&body)
    }

    pub(crate) fn feed(&mut self, chunk: Bytes, out: &mut Piece) -> Result<(), ReplyFault> {
        let mut bytes = Vec::new();
        let answer = &mut self.answer;
        let result = self.frames.feed(&chunk, |event| {
            let data = event.data.as_deref().unwrap_or_default();
            answer.frame(event.name, data, &mut bytes)
        });
        self.answer.give(bytes, out);
        result
    }

    pub(crate) fn end(&mut self, out: &mut Piece) -> Result<(), ReplyFault> {
        let mut bytes = Vec::new();
        let answer = &mut self.answer;
        let mut result = self.frames.finish(|event| {
            let data = event.data.as_deref().unwrap_or_default();
            answer.frame(event.name, data, &mut bytes)
        });
        // Some servers leave `[DONE]` out.
        if result.is_ok() && !answer.is_done() && answer.meter.is_finished() {
            answer.pass(Event::End, &mut bytes);
        }
        if !answer.is_done() && !matches!(result, Err(ReplyFault::Upstream(_))) {
            result = Err(ReplyFault::Truncated);
        }
        self.answer.give(bytes, out);
        result
    }

    pub(crate) fn seen(&self) -> &Seen {
        &self.answer.meter.seen
    }
}

impl Answer {
    fn whole(&mut self, body: &[u8]) -> Result<Bytes, ReplyFault> {
        self.meter.whole(body)?;
        self.check()?;
        let response = match self.source {
            Source::Anthropic(_) => anthropic::reply::read(body)?,
            Source::OpenAi(_) => openai::reply::read(body)?,
        };
        if response.parts.is_empty() && response.finish.is_none() {
            return Err(ReplyFault::Malformed("it holds no answer".to_owned()));
        }
        if let Some(mut keeper) = self.keeper.take() {
            response.parts.iter().for_each(|part| keeper.read(part));
            self.meter.seen.thinking = keeper.finish();
        }
        let seen = &self.meter.seen;
        let id = seen.response_id.as_deref().unwrap_or("0");
        let model = seen.model.as_deref().unwrap_or_default();
        match &self.writer {
            Writer::Chat(form) => {
                let envelope = chat::reply::Envelope {
                    id,
                    model,
                    created: form.created,
                    usage: seen.usage,
                    tier: seen.service_tier.as_deref(),
                };
                let names = &form.names;
                Ok(chat::reply::write(&response, &envelope, names, form.is_legacy).into())
            }
            Writer::Messages(form) => {
                let envelope = messages::reply::Envelope {
                    id,
                    model,
                    usage: seen.usage,
                    tier: seen.service_tier.as_deref(),
                };
                Ok(messages::reply::write(&response, &envelope, form).into())
            }
            Writer::ChatStream(_) | Writer::MessagesStream(_) => Err(ReplyFault::Malformed(
                "a whole answer came where a stream was asked for".to_owned(),
            )),
        }
    }

    /// Reads one event of the provider's and writes what it comes to.
    fn frame(&mut self, name: &[u8], data: &[u8], out: &mut Vec<u8>) -> Result<(), ReplyFault> {
        if data.is_empty() || self.is_done() {
            return self.after_end(name, data);
        }
        self.has_content |= self.meter.frame(name, data)?.content;
        self.check()?;
        let usage = self.meter.seen.usage;
        let Self {
            meter,
            source,
            writer,
            keeper,
            ..
        } = self;
        let mut emit = |event: Event<'_>| {
            hear(keeper, &mut meter.seen, &event);
            write(writer, event, out);
        };
        read(source, data, usage, &mut emit)?;
        Ok(())
    }

    /// Some compatible servers report a failure as the reason to finish.
    fn check(&self) -> Result<(), ReplyFault> {
        if self
            .meter
            .seen
            .finish_reasons
            .iter()
            .all(|reason| reason != "error")
        {
            return Ok(());
        }
        Err(ReplyFault::Upstream(Box::new(UpstreamError {
            status: 500,
            message: "the provider ended its answer with an error".to_owned(),
            kind: Some("server_error".to_owned()),
            code: None,
            param: None,
            class: ErrorClass::Server,
        })))
    }

    /// What comes after the caller's last event is metered only: usage may still be told.
    fn after_end(&mut self, name: &[u8], data: &[u8]) -> Result<(), ReplyFault> {
        match self.is_done() {
            true => self.meter.frame(name, data).map(drop).or(Ok(())),
            false => Ok(()),
        }
    }

    fn pass(&mut self, event: Event<'_>, out: &mut Vec<u8>) {
        hear(&mut self.keeper, &mut self.meter.seen, &event);
        write(&mut self.writer, event, out);
    }

    fn is_done(&self) -> bool {
        match &self.writer {
            Writer::ChatStream(stream) => stream.is_done(),
            Writer::MessagesStream(stream) => stream.is_done(),
            Writer::Chat(_) | Writer::Messages(_) => false,
        }
    }

    fn give(&self, bytes: Vec<u8>, out: &mut Piece) {
        out.bytes = bytes.into();
        out.content = self.has_content;
        out.done = self.is_done();
    }
}

fn read<'a>(
    source: &mut Source,
    data: &'a [u8],
    usage: Option<Usage>,
    emit: &mut impl FnMut(Event<'a>),
) -> Result<(), SyntaxError> {
    match source {
        Source::Anthropic(stream) => stream.read(data, usage, emit),
        Source::OpenAi(stream) => stream.read(data, usage, emit),
    }
}

fn hear(keeper: &mut Option<Keeper>, seen: &mut Seen, event: &Event<'_>) {
    if let Some(open) = keeper {
        open.hear(event);
    }
    if matches!(event, Event::End)
        && let Some(done) = keeper.take()
    {
        seen.thinking = done.finish();
    }
}

fn write(writer: &mut Writer, event: Event<'_>, out: &mut Vec<u8>) {
    match writer {
        Writer::ChatStream(stream) => stream.write(event, out),
        Writer::MessagesStream(stream) => stream.write(event, out),
        Writer::Chat(_) | Writer::Messages(_) => {}
    }
}
