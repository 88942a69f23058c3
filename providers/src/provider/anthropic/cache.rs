//! `cache_control`: at most four marks, and none of an hour after one of five minutes.

use crate::canonical::{Block, Cache, Kind, Losses, Request};
use crate::wire::json::Writer;

const MARKS_MAX: usize = 4;

/// The marks of a request in the order in which they are written: tools, system, conversation.
#[derive(Debug, Default)]
pub(super) struct Marks {
    list: Vec<Option<Cache>>,
    next: usize,
}

impl Marks {
    pub(super) fn of(request: &Request<'_>, losses: &mut Losses) -> Self {
        let tools = request.tools.iter();
        let tools = tools
            .filter(|tool| request.choice.allows(&tool.name))
            .map(|tool| tool.cache);
        let turns = request.turns.iter().flat_map(|turn| &turn.blocks);
        let mut list: Vec<_> = tools.flatten().map(Some).collect();
        for block in request.system.iter().chain(turns) {
            add_marks(block, &mut list);
        }
        let excess = list.len().saturating_sub(MARKS_MAX);
        for mark in list.iter_mut().take(excess) {
            *mark = None;
            losses.dropped("prompt_cache_breakpoint");
        }
        let mut is_long = false;
        for mark in list.iter_mut().rev().flatten() {
            is_long |= *mark == Cache::Long;
            if is_long {
                *mark = Cache::Long;
            }
        }
        Self { list, next: 0 }
    }

    /// Writes the next mark, of something that has one.
    pub(super) fn write(&mut self, mark: Option<Cache>, writer: &mut Writer) {
        if mark.is_none() {
            return;
        }
        let kept = self.list.get(self.next).copied().flatten();
        self.next += 1;
        let json = match kept {
            Some(Cache::Short) => r#"{"type":"ephemeral"}"#,
            Some(Cache::Long) => r#"{"type":"ephemeral","ttl":"1h"}"#,
            None => return,
        };
        writer.field_raw("cache_control", json);
    }
}

/// Adds the marks of a block that is written, those within it first.
fn add_marks(block: &Block<'_>, list: &mut Vec<Option<Cache>>) {
    match &block.kind {
        Kind::Thinking { .. } | Kind::Redacted(_) => return,
        Kind::Text(text) | Kind::Refusal(text) if text.is_blank() => return,
        Kind::Result(result) if result.content.len() > 1 => {
            for inner in &result.content {
                add_marks(inner, list);
            }
        }
        _ => {}
    }
    list.extend(block.cache.map(Some));
}
