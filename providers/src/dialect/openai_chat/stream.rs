//! A stream as callers of chat completions read it.
//!
//! One id, time and model; the role once; calls numbered from 0 by a count of our own, with id and name in the first
//! piece alone and `{}` for no arguments; a finish chunk; usage once, if it was asked for; `[DONE]`. Thinking comes in
//! pieces as `reasoning_content`; its signed block follows whole, in `thinking_blocks` with an `index`, as OpenAI's
//! helpers want of lists. Annotations come once, all in one list, for the same helpers join no lists without one.

use super::reply::{self, REFUSAL, finish_reason, redacted_block, thinking_block};
use super::usage;
use crate::canonical::{Citation, Event, Finish, Names, Text};
use crate::wire::json::Writer;
use tollgate_domain::Usage;

/// How a stream is written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form {
    pub(crate) include_usage: bool,
    pub(crate) is_legacy: bool,
    /// Seconds since 1970.
    pub(crate) created: u64,
    pub(crate) names: Names,
}

/// Writes one stream.
#[derive(Debug)]
pub(crate) struct Stream {
    form: Form,
    /// The fields that every chunk begins with.
    head: Vec<u8>,
    thinking: Text<'static>,
    signature: Text<'static>,
    blocks: usize,
    /// The call that is open and has no arguments yet.
    bare_call: Option<usize>,
    has_calls: bool,
    finish: Option<Finish>,
    refusal: Option<Text<'static>>,
    usage: Option<Usage>,
    citations: Vec<Citation<'static>>,
    is_done: bool,
}

impl Stream {
    pub(crate) fn new(form: Form) -> Self {
        Self {
            form,
            head: Vec::new(),
            thinking: Text::default(),
            signature: Text::default(),
            blocks: 0,
            bare_call: None,
            has_calls: false,
            finish: None,
            refusal: None,
            usage: None,
            citations: Vec::new(),
            is_done: false,
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.is_done
    }

    pub(crate) fn created_at(&mut self, seconds: u64) {
        self.form.created = seconds;
    }

    /// Writes an event, or keeps what has to wait.
    pub(crate) fn write(&mut self, event: Event<'_>, out: &mut Vec<u8>) {
        if self.is_done {
            return;
        }
        match event {
            Event::Start {
                id,
                model,
                usage,
                tier,
            } => {
                self.usage = usage;
                let tier = tier.and_then(|tier| reply::tier(tier.escaped()));
                self.start(id.as_ref(), model.as_ref(), tier, out);
            }
            _ if self.head.is_empty() => {
                self.start(None, None, None, out);
                self.write(event, out);
            }
            Event::Text(text) => self.delta_text("content", &text, out),
            Event::Refusal(text) => self.delta_text("refusal", &text, out),
            Event::Thinking(text) => {
                self.thinking.push(&text);
                self.delta_text("reasoning_content", &text, out);
            }
            Event::Signature(signature) => self.signature = signature.into_owned(),
            Event::Redacted(data) => self.block(out, |w| redacted_block(&data, w)),
            Event::Citation(citation) => self.citations.push(citation.into_owned()),
            Event::Call { number, id, name } => self.call(number, &id, &name, out),
            Event::Arguments { number, json } => {
                if !json.is_empty() {
                    self.bare_call = None;
                    self.arguments(number, &json, out);
                }
            }
            Event::BlockEnd => self.block_end(out),
            Event::Finish {
                finish, refusal, ..
            } => {
                self.finish = Some(finish);
                self.refusal = refusal.map(Text::into_owned);
            }
            Event::Usage(usage) => self.usage = Some(usage),
            Event::End => self.end(out),
        }
    }

    fn start(
        &mut self,
        id: Option<&Text<'_>>,
        model: Option<&Text<'_>>,
        tier: Option<&str>,
        out: &mut Vec<u8>,
    ) {
        let mut w = Writer::with_capacity(256);
        w.key("id");
        id.unwrap_or(&Text::plain("chatcmpl")).write(&mut w);
        w.field("object", "chat.completion.chunk");
        w.field_count("created", self.form.created);
        w.key("model");
        model.unwrap_or(&Text::default()).write(&mut w);
        if let Some(tier) = tier {
            w.field("service_tier", tier);
        }
        self.head = [b"data: {", w.finish().as_slice(), b",\"choices\":["].concat();
        let delta = br#"{"role":"assistant","content":"","refusal":null}"#;
        self.chunk(out, b"null", |out| out.extend_from_slice(delta));
    }

    /// A chunk with one choice, whose delta `delta` writes.
    fn chunk(&self, out: &mut Vec<u8>, finish: &[u8], delta: impl FnOnce(&mut Vec<u8>)) {
        out.extend_from_slice(&self.head);
        out.extend_from_slice(br#"{"index":0,"delta":"#);
        delta(out);
        out.extend_from_slice(br#","logprobs":null,"finish_reason":"#);
        out.extend_from_slice(finish);
        out.extend_from_slice(b"}]");
        if self.form.include_usage {
            out.extend_from_slice(br#","usage":null"#);
        }
        out.extend_from_slice(b"}\n\n");
    }

    fn delta_text(&self, key: &str, text: &Text<'_>, out: &mut Vec<u8>) {
        self.chunk(out, b"null", |out| {
            for piece in ["{\"", key, "\":\"", text.escaped(), "\"}"] {
                out.extend_from_slice(piece.as_bytes());
            }
        });
    }

    fn delta(&self, out: &mut Vec<u8>, fields: impl FnOnce(&mut Writer)) {
        self.chunk(out, b"null", |out| {
            let mut w = Writer::with_capacity(256);
            w.object(fields);
            out.extend_from_slice(&w.finish());
        });
    }

    fn block(&mut self, out: &mut Vec<u8>, fields: impl FnOnce(&mut Writer)) {
        let index = self.blocks;
        self.blocks += 1;
        self.delta(out, |w| {
            w.key("thinking_blocks");
            w.array(|w| {
                w.object(|w| {
                    w.field_count("index", index as u64);
                    fields(w);
                });
            });
        });
    }

    fn call(&mut self, number: usize, id: &Text<'_>, name: &Text<'_>, out: &mut Vec<u8>) {
        self.bare_call = Some(number);
        self.has_calls = true;
        let name = name.decode();
        let name = self.form.names.inward(&name);
        self.delta(out, |w| {
            let function = |w: &mut Writer| {
                w.object(|w| {
                    w.field("name", name);
                    w.field("arguments", "");
                });
            };
            if self.form.is_legacy {
                w.key("function_call");
                return function(w);
            }
            w.key("tool_calls");
            w.array(|w| {
                w.object(|w| {
                    w.field_count("index", number as u64);
                    id.field(w, "id");
                    w.field("type", "function");
                    w.key("function");
                    function(w);
                });
            });
        });
    }

    fn arguments(&self, number: usize, json: &Text<'_>, out: &mut Vec<u8>) {
        self.delta(out, |w| {
            if self.form.is_legacy {
                w.key("function_call");
                return w.object(|w| json.field(w, "arguments"));
            }
            w.key("tool_calls");
            w.array(|w| {
                w.object(|w| {
                    w.field_count("index", number as u64);
                    w.key("function");
                    w.object(|w| json.field(w, "arguments"));
                });
            });
        });
    }

    fn block_end(&mut self, out: &mut Vec<u8>) {
        if let Some(number) = self.bare_call.take() {
            self.arguments(number, &Text::plain("{}"), out);
        }
        let thinking = std::mem::take(&mut self.thinking);
        let signature = std::mem::take(&mut self.signature);
        if !signature.is_empty() {
            self.block(out, |w| thinking_block(&thinking, &signature, w));
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.block_end(out);
        let finish = Finish::of(self.finish, self.has_calls);
        if finish == Finish::Refused {
            let refusal = self.refusal.take().unwrap_or(Text::plain(REFUSAL));
            self.delta_text("refusal", &refusal, out);
        }
        if !self.citations.is_empty() {
            self.delta(out, |w| {
                w.key("annotations");
                reply::annotations(&self.citations, w);
            });
        }
        let reason = finish_reason(finish, self.form.is_legacy);
        let reason = ["\"", reason, "\""].concat();
        self.chunk(out, reason.as_bytes(), |out| out.extend_from_slice(b"{}"));
        if let (true, Some(usage)) = (self.form.include_usage, &self.usage) {
            let mut w = Writer::with_capacity(256);
            usage::write(usage, &mut w);
            out.extend_from_slice(&self.head);
            out.extend_from_slice(br#"],"usage":"#);
            out.extend_from_slice(&w.finish());
            out.extend_from_slice(b"}\n\n");
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
        self.is_done = true;
    }
}
