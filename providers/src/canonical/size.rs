//! How large a conversation is, roughly, for answers that have to say so before the provider does.

use super::{Block, Kind, Part, Request, Response, Source, Tool};

/// Bytes of text that are taken for a token.
const TOKEN: u64 = 4;
/// What an image or a document is taken for.
const MEDIA: u64 = 1_000 * TOKEN;

impl Request<'_> {
    /// About how many tokens the request has: four bytes of text each.
    pub(crate) fn about_tokens(&self) -> u64 {
        self.about_bytes().div_ceil(TOKEN)
    }

    /// About how many bytes of text the request has, media as what they are taken for.
    pub(crate) fn about_bytes(&self) -> u64 {
        let turns = self.turns.iter().flat_map(|turn| &turn.blocks);
        let said = self.system.iter().chain(turns).map(block);
        let tools = self.tools.iter().map(tool);
        said.chain(tools).sum()
    }
}

impl Response<'_> {
    /// About how many tokens the answer has.
    pub(crate) fn about_tokens(&self) -> u64 {
        about_tokens(self.bytes())
    }

    /// How many bytes of text the answer has.
    pub(crate) fn bytes(&self) -> usize {
        let bytes = self.parts.iter().map(|part| match part {
            Part::Text(text) | Part::Thinking { text, .. } => text.escaped().len(),
            Part::Redacted(_) => 0,
            Part::Call { name, input, .. } => name.escaped().len() + input.len(),
        });
        bytes.sum()
    }
}

/// About how many tokens so many bytes of text are.
pub(crate) fn about_tokens(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(TOKEN)
}

fn tool(tool: &Tool<'_>) -> u64 {
    let description = tool
        .description
        .as_ref()
        .map_or(0, |text| text.escaped().len());
    (tool.name.len() + description + tool.schema.map_or(0, str::len)) as u64
}

fn block(block: &Block<'_>) -> u64 {
    match &block.kind {
        Kind::Text(text) | Kind::Refusal(text) | Kind::Thinking { text, .. } => {
            text.escaped().len() as u64
        }
        Kind::Call(call) => (call.name.escaped().len() + call.input.len()) as u64,
        Kind::Result(result) => blocks(&result.content),
        Kind::Document(document) => match &document.source {
            Source::Plain(text) => text.escaped().len() as u64,
            Source::Blocks(inner) => blocks(inner),
            Source::Base64 { .. } | Source::Url(_) => MEDIA,
        },
        Kind::Image(_) | Kind::Audio { .. } => MEDIA,
        Kind::Redacted(_) => 0,
    }
}

fn blocks(list: &[Block<'_>]) -> u64 {
    list.iter().map(block).sum()
}
