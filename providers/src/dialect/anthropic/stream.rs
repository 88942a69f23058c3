//! A stream as callers of messages read it.
//!
//! Each event has its `event` line; one block is open at a time and indexes have no gap. Of calls that come in turns
//! the first streams and the others wait. `message_delta` waits for the usage, which OpenAI sends after the finish
//! reason. Callers read the prompt's tokens off `message_start`, where nobody knows them yet: it has an estimate, and
//! `message_delta` the truth, which is cumulative and takes its place (so Anthropic's SDKs read it).

mod call;
mod cited;

use super::{Form, citation, reply, usage};
use crate::canonical::{Event, Finish, Text, about_tokens};
use crate::wire::json::Writer;
use call::Call;
use cited::Cited;
use tollgate_domain::Usage;

/// Writes one stream.
#[derive(Debug)]
pub(crate) struct Stream {
    form: Form,
    has_started: bool,
    /// The next block's index.
    index: u64,
    open: Option<Open>,
    calls: Vec<Call>,
    /// What came while a call was unfinished.
    held: Vec<(Open, Text<'static>)>,
    cited: Cited,
    signature: Option<Text<'static>>,
    finish: Option<Finish>,
    stop: Option<Text<'static>>,
    refusal: Option<Text<'static>>,
    usage: Option<Usage>,
    /// Bytes of text, thinking and calls that were written.
    written: usize,
    is_done: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Text,
    Thinking,
    Call(usize),
}

impl Stream {
    pub(crate) fn new(form: Form) -> Self {
        Self {
            form,
            has_started: false,
            index: 0,
            open: None,
            calls: Vec::new(),
            held: Vec::new(),
            cited: Cited::default(),
            signature: None,
            finish: None,
            stop: None,
            refusal: None,
            usage: None,
            written: 0,
            is_done: false,
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.is_done
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
            _ if !self.has_started => {
                self.start(None, None, None, out);
                self.write(event, out);
            }
            Event::Text(text) => self.piece(Open::Text, &text, out),
            Event::Thinking(text) => self.piece(Open::Thinking, &text, out),
            Event::Signature(signature) => self.signature = Some(signature.into_owned()),
            Event::Redacted(data) => self.redacted(&data, out),
            Event::Refusal(text) => {
                self.refusal.get_or_insert_default().push(&text);
            }
            Event::Citation(citation) => self.cite(citation, out),
            Event::Call { number, id, name } => {
                let name = name.decode();
                let name = self.form.names.inward(&name);
                self.calls.push(Call::new(id.into_owned(), Text::new(name)));
                if !self.is_in_call() {
                    self.open_call(number, out);
                }
            }
            Event::Arguments { number, json } => self.arguments(number, &json, out),
            Event::BlockEnd => {
                if !self.is_in_call() {
                    self.close(out);
                }
            }
            Event::Finish {
                finish,
                stop,
                refusal,
            } => {
                self.finish = Some(finish);
                self.stop = stop.map(Text::into_owned);
                self.refusal = refusal.map(Text::into_owned).or(self.refusal.take());
            }
            Event::Usage(usage) => {
                self.usage = Some(usage);
                if self.finish.is_some() {
                    self.end(out);
                }
            }
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
        self.has_started = true;
        let usage = self.usage();
        event("message_start", out, |w| {
            w.key("message");
            w.object(|w| {
                w.key("id");
                id.unwrap_or(&Text::plain("msg")).write(w);
                w.field("type", "message");
                w.field("role", "assistant");
                w.key("model");
                model.unwrap_or(&Text::default()).write(w);
                w.field_raw("content", "[]");
                w.field_raw("stop_reason", "null");
                w.field_raw("stop_sequence", "null");
                w.key("usage");
                usage::whole(&usage, tier, w);
            });
        });
    }

    /// What the provider reported, or what is taken for it.
    fn usage(&self) -> Usage {
        let about = || self.form.about(about_tokens(self.written));
        self.usage.unwrap_or_else(about)
    }

    /// Whether a call is open whose arguments are not whole yet.
    fn is_in_call(&self) -> bool {
        match self.open {
            Some(Open::Call(number)) => self.calls.get(number).is_some_and(|call| !call.is_whole()),
            _ => false,
        }
    }

    fn piece(&mut self, kind: Open, text: &Text<'_>, out: &mut Vec<u8>) {
        if self.is_in_call() {
            self.held.push((kind, text.clone().into_owned()));
        } else if kind == Open::Thinking {
            self.open(kind, out);
            self.delta("thinking_delta", "thinking", text, out);
        } else if self.cited.is_plain() {
            self.cited.pass(text);
            self.text(text, out);
        } else {
            self.cited_text(text, out);
        }
    }

    fn text(&mut self, text: &Text<'_>, out: &mut Vec<u8>) {
        self.open(Open::Text, out);
        self.delta("text_delta", "text", text, out);
    }

    /// Opens a block of text or thinking, where none of that kind is open.
    fn open(&mut self, kind: Open, out: &mut Vec<u8>) {
        if self.open == Some(kind) {
            return;
        }
        self.open_block(kind, out, |w| match kind {
            Open::Thinking => w.raw(r#"{"type":"thinking","thinking":"","signature":""}"#),
            _ => w.raw(r#"{"type":"text","text":""}"#),
        });
        if kind == Open::Text {
            self.cited.open();
        }
    }

    fn redacted(&mut self, data: &Text<'_>, out: &mut Vec<u8>) {
        self.open_block(Open::Thinking, out, |w| {
            w.object(|w| {
                w.field("type", "redacted_thinking");
                data.field(w, "data");
            });
        });
        self.close(out);
    }

    fn open_block(&mut self, kind: Open, out: &mut Vec<u8>, block: impl FnOnce(&mut Writer)) {
        self.close(out);
        self.open = Some(kind);
        let index = self.index;
        event("content_block_start", out, |w| {
            w.field_count("index", index);
            w.key("content_block");
            block(w);
        });
    }

    fn delta(&mut self, name: &str, key: &str, text: &Text<'_>, out: &mut Vec<u8>) {
        if name != "signature_delta" {
            self.written += text.escaped().len();
        }
        event("content_block_delta", out, |w| {
            w.field_count("index", self.index);
            w.key("delta");
            w.object(|w| {
                w.field("type", name);
                text.field(w, key);
            });
        });
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        let Some(open) = self.open.take() else { return };
        if let (Open::Thinking, Some(signature)) = (open, self.signature.take()) {
            self.delta("signature_delta", "signature", &signature, out);
        }
        let index = self.index;
        event("content_block_stop", out, |w| w.field_count("index", index));
        self.index += 1;
    }

    fn open_call(&mut self, number: usize, out: &mut Vec<u8>) {
        let Some(call) = self.calls.get_mut(number) else {
            return;
        };
        let (id, name, waiting) = call.open();
        self.cite_rest(out);
        self.open_block(Open::Call(number), out, |w| {
            w.object(|w| {
                w.field("type", "tool_use");
                id.field(w, "id");
                name.field(w, "name");
                w.field_raw("input", "{}");
            });
        });
        if !waiting.is_empty() {
            self.delta("input_json_delta", "partial_json", &waiting, out);
        }
    }

    fn arguments(&mut self, number: usize, json: &Text<'_>, out: &mut Vec<u8>) {
        let Some(call) = self.calls.get_mut(number) else {
            return;
        };
        call.follow(json);
        if self.open == Some(Open::Call(number)) {
            self.delta("input_json_delta", "partial_json", json, out);
            if !self.is_in_call() {
                self.release(false, out);
            }
        } else if call.is_waiting() {
            call.keep(json);
        }
    }

    /// Lets out what waited for the open call: the next calls up to one that is not whole, or all of it at the end.
    fn release(&mut self, is_end: bool, out: &mut Vec<u8>) {
        while let Some(next) = self.calls.iter().position(Call::is_waiting) {
            if !is_end && self.is_in_call() {
                return;
            }
            self.open_call(next, out);
        }
        if is_end || !self.is_in_call() {
            let held = std::mem::take(&mut self.held);
            if is_end && !held.is_empty() {
                self.close(out);
            }
            for (kind, text) in held {
                self.piece(kind, &text, out);
            }
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.release(true, out);
        self.cite_rest(out);
        self.close(out);
        let finish = Finish::of(self.finish, !self.calls.is_empty());
        event("message_delta", out, |w| {
            w.key("delta");
            w.object(|w| reply::stop(finish, self.stop.as_ref(), self.refusal.as_ref(), w));
            w.key("usage");
            usage::at_end(&self.usage(), w);
        });
        event("message_stop", out, |_| {});
        self.is_done = true;
    }
}

/// An event of that name, whose other fields `fields` writes.
fn event(name: &str, out: &mut Vec<u8>, fields: impl FnOnce(&mut Writer)) {
    let mut w = Writer::with_capacity(192);
    w.object(|w| {
        w.field("type", name);
        fields(w);
    });
    for piece in [
        b"event: ",
        name.as_bytes(),
        b"\ndata: ",
        &w.finish(),
        b"\n\n",
    ] {
        out.extend_from_slice(piece);
    }
}
