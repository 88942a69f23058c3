//! The chunks of a chat completion into canonical events.

use super::finish;
use super::reply::{Call, Message, made_id};
use crate::canonical::{Event, Finish, Text};
use crate::wire::json::{Cursor, SyntaxError};
use tollgate_domain::Usage;

/// The calls so far. Servers number them with gaps, all alike, or not at all.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    has_started: bool,
    answer: Text<'static>,
    calls: Vec<Known>,
    is_refusal: bool,
}

#[derive(Debug)]
struct Known {
    index: Option<u64>,
    id: Option<String>,
    has_name: bool,
    /// Arguments that came before the name.
    early: Text<'static>,
}

#[derive(Default)]
struct Chunk<'a> {
    id: Option<Text<'a>>,
    model: Option<Text<'a>>,
    message: Message<'a>,
    reason: Option<Text<'a>>,
    tier: Option<Text<'a>>,
    has_choice: bool,
    has_usage: bool,
}

impl Stream {
    /// Reads one chunk; `usage` is what has been reported up to it.
    pub(crate) fn read<'a>(
        &mut self,
        data: &'a [u8],
        usage: Option<Usage>,
        emit: &mut impl FnMut(Event<'a>),
    ) -> Result<(), SyntaxError> {
        if data.trim_ascii() == b"[DONE]" {
            emit(Event::End);
            return Ok(());
        }
        let mut chunk = Chunk::default();
        let mut cursor = Cursor::new(data)?;
        cursor.object(|cursor, key| chunk.read(cursor, key))?;
        // Azure begins with a chunk about the prompt, which knows neither id nor model.
        let begins = chunk.has_choice || chunk.has_usage;
        if begins && !std::mem::replace(&mut self.has_started, true) {
            self.answer = chunk.id.clone().unwrap_or_default().into_owned();
            emit(Event::Start {
                id: chunk.id.filter(|id| !id.is_empty()),
                model: chunk.model,
                usage: None,
                tier: chunk.tier,
            });
        }
        let is_said = |text: &Text<'_>| !text.is_empty();
        let message = chunk.message;
        let reasoning = message.reasoning.filter(is_said);
        reasoning
            .into_iter()
            .for_each(|text| emit(Event::Thinking(text)));
        message
            .text
            .filter(is_said)
            .into_iter()
            .for_each(|text| emit(Event::Text(text)));
        if let Some(refusal) = message.refusal.filter(is_said) {
            self.is_refusal = true;
            emit(Event::Refusal(refusal));
        }
        message
            .citations
            .into_iter()
            .for_each(|citation| emit(Event::Citation(citation)));
        for call in message.calls {
            self.call(call, emit);
        }
        if let Some(reason) = chunk.reason.filter(is_said) {
            let finish = match finish(reason.escaped()) {
                _ if self.is_refusal => Finish::Refused,
                Finish::End if !self.calls.is_empty() => Finish::Calls,
                finish => finish,
            };
            self.name_all(emit);
            emit(Event::Finish {
                finish,
                stop: None,
                refusal: None,
            });
        }
        if chunk.has_usage {
            usage
                .into_iter()
                .for_each(|usage| emit(Event::Usage(usage)));
        }
        Ok(())
    }

    fn call<'a>(&mut self, call: Call<'a>, emit: &mut impl FnMut(Event<'a>)) {
        let number = self.find(&call);
        let number = number.unwrap_or_else(|| {
            let id = call.id.as_ref().map(|id| id.escaped().to_owned());
            self.calls.push(Known {
                index: call.index,
                id,
                has_name: false,
                early: Text::default(),
            });
            self.calls.len() - 1
        });
        let Some(known) = self.calls.get_mut(number) else {
            return;
        };
        let arguments = call.arguments.filter(|json| !json.is_empty());
        if known.has_name {
            if let Some(json) = arguments {
                emit(Event::Arguments { number, json });
            }
            return;
        }
        if let Some(json) = arguments {
            known.early.push(&json);
        }
        if let Some(name) = call.name {
            known.name(number, name, &self.answer, emit);
        }
    }

    fn find(&self, call: &Call<'_>) -> Option<usize> {
        let id = call.id.as_ref().map(Text::escaped);
        let is_new = |known: &Known| {
            let is_other = id.is_some() && known.id.is_some() && known.id.as_deref() != id;
            is_other && call.name.is_some()
        };
        match (call.index, id) {
            (Some(index), _) => {
                let at = self
                    .calls
                    .iter()
                    .rposition(|known| known.index == Some(index))?;
                // All numbered 0, told apart by their ids.
                self.calls
                    .get(at)
                    .is_some_and(|known| !is_new(known))
                    .then_some(at)
            }
            (None, Some(id)) => self
                .calls
                .iter()
                .position(|known| known.id.as_deref() == Some(id)),
            (None, None) if call.name.is_some() => None,
            (None, None) => self.calls.len().checked_sub(1),
        }
    }

    /// Calls that never got a name go on without.
    fn name_all<'a>(&mut self, emit: &mut impl FnMut(Event<'a>)) {
        for (number, known) in self.calls.iter_mut().enumerate() {
            if !known.has_name {
                known.name(number, Text::default(), &self.answer, emit);
            }
        }
    }
}

impl Known {
    fn name<'a>(
        &mut self,
        number: usize,
        name: Text<'a>,
        answer: &Text<'_>,
        emit: &mut impl FnMut(Event<'a>),
    ) {
        self.has_name = true;
        let id = match &self.id {
            Some(id) => Text::new(&Text::plain(id).decode()),
            None => made_id(answer, number),
        };
        emit(Event::Call { number, id, name });
        if !self.early.is_empty() {
            let json = std::mem::take(&mut self.early);
            emit(Event::Arguments { number, json });
        }
    }
}

impl<'a> Chunk<'a> {
    fn read(&mut self, cursor: &mut Cursor<'a>, key: &str) -> Result<(), SyntaxError> {
        match (key, cursor.peek()) {
            ("id", _) => self.id = Text::read_or_skip(cursor)?,
            ("service_tier", _) => self.tier = Text::read_or_skip(cursor)?,
            ("model", _) => self.model = Text::read_or_skip(cursor)?,
            ("usage", Some(b'{')) => {
                self.has_usage = true;
                cursor.skip()?;
            }
            ("choices", Some(b'[')) => cursor.array(|cursor| {
                self.has_choice = true;
                if cursor.peek() == Some(b'{') {
                    cursor.object(|cursor, key| self.choice(cursor, key))
                } else {
                    cursor.skip()
                }
            })?,
            _ => cursor.skip()?,
        }
        Ok(())
    }

    /// Translated requests ask for one choice, so there is one.
    fn choice(&mut self, cursor: &mut Cursor<'a>, key: &str) -> Result<(), SyntaxError> {
        match (key, cursor.peek()) {
            ("delta" | "message", Some(b'{')) => {
                cursor.object(|cursor, key| self.message.read(cursor, key))?;
            }
            ("finish_reason", _) => self.reason = Text::read_or_skip(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}
