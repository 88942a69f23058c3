//! The events of a message stream into canonical ones.

use super::citation::Source;
use super::finish;
use super::reply::{Block, explanation};
use crate::canonical::{Event, Text, whole_letters};
use crate::wire::json::{Cursor, SyntaxError};
use tollgate_domain::Usage;

/// The blocks that are open, by the provider's index.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    open: Vec<(u64, Option<usize>)>,
    calls: usize,
    /// Letters of text so far, and where the open text began.
    letters: usize,
    text_start: usize,
    /// What the open text rests on.
    sources: Vec<Source<'static>>,
}

#[derive(Default)]
struct Frame<'a> {
    kind: Option<Text<'a>>,
    index: u64,
    id: Option<Text<'a>>,
    model: Option<Text<'a>>,
    tier: Option<Text<'a>>,
    block: Block<'a>,
    delta: Delta<'a>,
}

#[derive(Default)]
struct Delta<'a> {
    kind: Option<Text<'a>>,
    text: Option<Text<'a>>,
    stop_reason: Option<Text<'a>>,
    stop: Option<Text<'a>>,
    refusal: Option<Text<'a>>,
    citation: Option<Source<'a>>,
}

impl Stream {
    /// Reads one event; `usage` is what has been reported up to it.
    pub(crate) fn read<'a>(
        &mut self,
        data: &'a [u8],
        usage: Option<Usage>,
        emit: &mut impl FnMut(Event<'a>),
    ) -> Result<(), SyntaxError> {
        let mut frame = Frame::default();
        let mut cursor = Cursor::new(data)?;
        cursor.object(|cursor, key| frame.read(cursor, key))?;
        match frame.kind.as_ref().map(Text::escaped) {
            Some("message_start") => emit(Event::Start {
                id: frame.id,
                model: frame.model,
                usage,
                tier: frame.tier,
            }),
            Some("content_block_start") => self.start(frame.index, frame.block, emit),
            Some("content_block_delta") => self.delta(frame.index, frame.delta, emit),
            Some("content_block_stop") => {
                self.open.retain(|(index, _)| *index != frame.index);
                let range = self.text_start..self.letters;
                for source in self.sources.drain(..) {
                    emit(Event::Citation(source.of(range.clone())));
                }
                emit(Event::BlockEnd);
            }
            Some("message_delta") => {
                let delta = frame.delta;
                if let Some(reason) = &delta.stop_reason {
                    emit(Event::Finish {
                        finish: finish(reason.escaped()),
                        stop: delta.stop,
                        refusal: delta.refusal,
                    });
                }
                usage
                    .into_iter()
                    .for_each(|usage| emit(Event::Usage(usage)));
            }
            Some("message_stop") => emit(Event::End),
            _ => {}
        }
        Ok(())
    }

    fn start<'a>(&mut self, index: u64, block: Block<'a>, emit: &mut impl FnMut(Event<'a>)) {
        match block.kind.as_ref().map(Text::escaped) {
            Some("tool_use") => {
                let number = self.calls;
                self.calls += 1;
                self.open.push((index, Some(number)));
                emit(Event::Call {
                    number,
                    id: block.id.unwrap_or_default(),
                    name: block.name.unwrap_or_default(),
                });
                // Compatible servers give the whole input at once.
                if let Some(input) = block.input.filter(|input| input.len() > 2) {
                    let json = Text::new(&whole_letters(input));
                    emit(Event::Arguments { number, json });
                }
            }
            Some("redacted_thinking") => emit(Event::Redacted(block.data.unwrap_or_default())),
            _ => {
                let is_said = |text: &Text<'_>| !text.is_empty();
                self.text_start = self.letters;
                self.cite(block.citations);
                if let Some(text) = block.text.filter(is_said) {
                    self.letters += text.letters();
                    emit(Event::Text(text));
                }
                let thinking = block.thinking.filter(is_said);
                thinking
                    .into_iter()
                    .for_each(|text| emit(Event::Thinking(text)));
            }
        }
    }

    fn delta<'a>(&mut self, index: u64, delta: Delta<'a>, emit: &mut impl FnMut(Event<'a>)) {
        self.cite(delta.citation);
        let Some(text) = delta.text else { return };
        let event = match delta.kind.as_ref().map(Text::escaped) {
            Some("text_delta") => {
                self.letters += text.letters();
                Event::Text(text)
            }
            Some("thinking_delta") => Event::Thinking(text),
            Some("signature_delta") => Event::Signature(text),
            Some("input_json_delta") => {
                let open = self.open.iter().find(|(open, _)| *open == index);
                let Some((_, Some(number))) = open else {
                    return;
                };
                Event::Arguments {
                    number: *number,
                    json: text,
                }
            }
            _ => return,
        };
        emit(event);
    }

    /// Keeps what the open text rests on until its end is known.
    fn cite<'a>(&mut self, sources: impl IntoIterator<Item = Source<'a>>) {
        let sources = sources.into_iter().map(Source::into_owned);
        self.sources.extend(sources);
    }
}

impl<'a> Frame<'a> {
    fn read(&mut self, cursor: &mut Cursor<'a>, key: &str) -> Result<(), SyntaxError> {
        match (key, cursor.peek()) {
            ("type", _) => self.kind = Text::read_or_skip(cursor)?,
            ("index", _) => self.index = cursor.count()?.unwrap_or(0),
            ("message", Some(b'{')) => cursor.object(|cursor, key| {
                match key {
                    "id" => self.id = Text::read_or_skip(cursor)?,
                    "model" => self.model = Text::read_or_skip(cursor)?,
                    "usage" if cursor.peek() == Some(b'{') => cursor.object(|cursor, key| {
                        match key {
                            "service_tier" => self.tier = Text::read_or_skip(cursor)?,
                            _ => cursor.skip()?,
                        }
                        Ok::<(), SyntaxError>(())
                    })?,
                    _ => cursor.skip()?,
                }
                Ok::<(), SyntaxError>(())
            })?,
            ("content_block", Some(b'{')) => {
                cursor.object(|cursor, key| self.block.read(cursor, key))?;
            }
            ("delta", Some(b'{')) => {
                cursor.object(|cursor, key| self.delta.read(cursor, key))?;
            }
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl<'a> Delta<'a> {
    fn read(&mut self, cursor: &mut Cursor<'a>, key: &str) -> Result<(), SyntaxError> {
        match (key, cursor.peek()) {
            ("type", _) => self.kind = Text::read_or_skip(cursor)?,
            ("text" | "thinking" | "signature" | "partial_json", _) => {
                self.text = Text::read_or_skip(cursor)?;
            }
            ("citation", _) => self.citation = Source::read(cursor)?,
            ("stop_reason", _) => self.stop_reason = Text::read_or_skip(cursor)?,
            ("stop_sequence", _) => self.stop = Text::read_or_skip(cursor)?,
            ("stop_details", Some(b'{')) => self.refusal = explanation(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}
