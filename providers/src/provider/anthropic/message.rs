//! The conversation as Anthropic wants it: the user first, each side's messages joined, results of tools before all
//! else of their turn, every call answered at once, no empty text.

use super::cache::Marks;
use super::media::{write_document, write_image};
use super::models::Facts;
use crate::canonical::{
    At, Block, Kind, Losses, Names, Request, Role, ToolResult, check_pairing, tool_id, unsupported,
};
use crate::wire::json::Writer;
use tollgate_domain::Refusal;

/// One side's messages, joined.
struct Group<'r, 'a> {
    at: At,
    is_user: bool,
    results: Vec<&'r Block<'a>>,
    said: Vec<&'r Block<'a>>,
    /// Instructions that come after it.
    instructions: Vec<&'r Block<'a>>,
}

/// The conversation, joined.
pub(super) struct Conversation<'r, 'a> {
    groups: Vec<Group<'r, 'a>>,
}

impl<'r, 'a> Conversation<'r, 'a> {
    /// Joins the turns, and checks what the provider would refuse in words that the caller cannot know.
    pub(super) fn of(
        request: &'r Request<'a>,
        facts: &Facts,
        losses: &mut Losses,
    ) -> Result<Self, Refusal> {
        check_pairing(&request.turns)?;
        let mut groups: Vec<Group<'r, 'a>> = Vec::new();
        for turn in &request.turns {
            let is_user = turn.role != Role::Assistant;
            let blocks = turn.blocks.iter().filter(|block| !is_empty(block));
            let is_same = groups.last().is_some_and(|last| last.is_user == is_user);
            if !is_same && blocks.clone().next().is_some() {
                groups.push(Group::new(turn.at, is_user));
            }
            let Some(group) = groups.last_mut() else {
                continue;
            };
            for block in blocks {
                match (turn.role, &block.kind) {
                    (Role::System, _) if facts.has_later_system => group.instructions.push(block),
                    (Role::System, _) => {
                        losses.weakened(turn.at.to_string());
                        group.said.push(block);
                    }
                    (_, Kind::Result(_)) => group.results.push(block),
                    _ => group.said.push(block),
                }
            }
        }
        for group in &mut groups {
            // Instructions need a turn of the user to stand after.
            if group.is_user && group.results.is_empty() && group.said.is_empty() {
                losses.weakened(group.at.to_string());
                group.said.append(&mut group.instructions);
            }
        }
        let conversation = Self { groups };
        conversation.check(facts)?;
        Ok(conversation)
    }

    /// Whether there is nothing but instructions.
    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Whether the model would go on with an assistant message that was begun, where it does so.
    fn check(&self, facts: &Facts) -> Result<(), Refusal> {
        match self.groups.last() {
            Some(last) if !last.is_user && !facts.has_prefill => {
                let why = "the conversation must end with a message of the user or of a tool: this model does not go \
                           on with an assistant message that was begun";
                Err(unsupported(last.at, why))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn write(
        &self,
        names: &Names,
        marks: &mut Marks,
        writer: &mut Writer,
        losses: &mut Losses,
    ) -> Result<(), Refusal> {
        let mut result = Ok(());
        writer.key("messages");
        writer.array(|w| {
            if let Some(first) = self.groups.first().filter(|group| !group.is_user) {
                losses.weakened(first.at.to_string());
                w.raw(r#"{"role":"user","content":"Begin."}"#);
            }
            for (index, group) in self.groups.iter().enumerate() {
                let is_last = index + 1 == self.groups.len();
                let mut pen = Pen {
                    names,
                    marks,
                    losses,
                    is_prefill: is_last && !group.is_user,
                };
                result = result.clone().and(group.write(&mut pen, w));
            }
        });
        result
    }
}

fn is_empty(block: &Block<'_>) -> bool {
    match &block.kind {
        Kind::Text(text) | Kind::Refusal(text) => text.is_blank(),
        _ => false,
    }
}

impl<'r, 'a> Group<'r, 'a> {
    fn new(at: At, is_user: bool) -> Self {
        Self {
            at,
            is_user,
            results: Vec::new(),
            said: Vec::new(),
            instructions: Vec::new(),
        }
    }

    fn write(&self, pen: &mut Pen<'_>, w: &mut Writer) -> Result<(), Refusal> {
        let role = if self.is_user { "user" } else { "assistant" };
        pen.message(role, [&self.results, &self.said], w)?;
        if !self.instructions.is_empty() {
            pen.message("system", [&[], &self.instructions], w)?;
        }
        Ok(())
    }
}

/// What writing a block needs.
struct Pen<'p> {
    names: &'p Names,
    marks: &'p mut Marks,
    losses: &'p mut Losses,
    is_prefill: bool,
}

impl Pen<'_> {
    /// The blocks of a message, one list after the other.
    fn message(
        &mut self,
        role: &str,
        blocks: [&[&Block<'_>]; 2],
        w: &mut Writer,
    ) -> Result<(), Refusal> {
        let mut result = Ok(());
        w.object(|w| {
            w.field("role", role);
            w.key("content");
            match blocks {
                [
                    [],
                    [
                        Block {
                            kind: Kind::Text(text),
                            cache: None,
                            ..
                        },
                    ],
                ] if !self.is_prefill => text.write(w),
                [first, then] => w.array(|w| {
                    let count = first.len() + then.len();
                    for (index, block) in first.iter().chain(then).enumerate() {
                        let is_end = self.is_prefill && index + 1 == count;
                        result = result.clone().and(self.block(block, is_end, w));
                    }
                }),
            }
        });
        result
    }

    fn block(&mut self, block: &Block<'_>, is_end: bool, w: &mut Writer) -> Result<(), Refusal> {
        let at = block.at;
        match &block.kind {
            Kind::Text(text) | Kind::Refusal(text) => self.open(block, w, |_, w| {
                w.field("type", "text");
                // An answer that was begun must not end with white space.
                if is_end {
                    text.trim_end().field(w, "text");
                } else {
                    text.field(w, "text");
                }
                Ok(())
            }),
            Kind::Image(image) => {
                self.open(block, w, |pen, w| write_image(at, image, w, pen.losses))
            }
            Kind::Document(document) => self.open(block, w, |_, w| write_document(at, document, w)),
            Kind::Audio { .. } => Err(unsupported(at, "the target has no audio")),
            Kind::Call(call) => self.open(block, w, |pen, w| {
                w.field("type", "tool_use");
                w.field("id", &tool_id(&call.id.decode()));
                w.field("name", &pen.names.outward(&call.name.decode()));
                w.field_raw("input", &call.input);
                Ok(())
            }),
            Kind::Result(result) => self.open(block, w, |pen, w| pen.result(result, w)),
            Kind::Thinking { text, signature } => {
                w.object(|w| {
                    w.field("type", "thinking");
                    text.field(w, "thinking");
                    signature.field(w, "signature");
                });
                Ok(())
            }
            Kind::Redacted(data) => {
                w.object(|w| {
                    w.field("type", "redacted_thinking");
                    data.field(w, "data");
                });
                Ok(())
            }
        }
    }

    /// A block that may be marked.
    fn open(
        &mut self,
        block: &Block<'_>,
        w: &mut Writer,
        fields: impl FnOnce(&mut Self, &mut Writer) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let mut result = Ok(());
        w.object(|w| {
            result = fields(self, w);
            self.marks.write(block.cache, w);
        });
        result
    }

    fn result(&mut self, result: &ToolResult<'_>, w: &mut Writer) -> Result<(), Refusal> {
        w.field("type", "tool_result");
        w.field("tool_use_id", &tool_id(&result.id.decode()));
        if result.is_error {
            w.field_raw("is_error", "true");
        }
        let content: Vec<_> = result
            .content
            .iter()
            .filter(|block| !is_empty(block))
            .collect();
        if let [
            Block {
                kind: Kind::Text(text),
                ..
            },
        ] = content.as_slice()
        {
            text.field(w, "content");
            return Ok(());
        }
        if content.is_empty() {
            return Ok(());
        }
        let mut outcome = Ok(());
        w.key("content");
        w.array(|w| {
            for block in content {
                outcome = outcome.clone().and(self.block(block, false, w));
            }
        });
        outcome
    }
}
