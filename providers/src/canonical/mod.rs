//! A chat between the dialects: what is read of a caller's request and of a provider's answer, before it is written for
//! the other side.
//!
//! It is richer than any one dialect. Texts stay in the escaped form in which they came ([`Text`]), and tool arguments
//! and schemas stay JSON, so that translating copies bytes and loses no digit. What a target cannot express is an
//! explicit choice of its writer, noted in [`Losses`].

mod citation;
mod event;
mod halves;
mod identifier;
mod loss;
mod pairing;
mod request;
mod response;
mod size;
mod text;
mod tool;

pub(crate) use citation::Citation;
pub(crate) use event::Event;
pub(crate) use halves::whole_letters;
pub(crate) use identifier::{Names, fingerprint, tool_id};
pub(crate) use loss::{At, Losses, Named, unsupported};
pub(crate) use pairing::check_pairing;
pub(crate) use request::{
    Block, Cache, Document, Effort, Image, Kind, Mode, Reasoning, Request, Role, Sampling, Shape,
    Source, Tier, ToolCall, ToolResult, Turn,
};
pub(crate) use response::{Finish, Part, Response};
pub(crate) use size::about_tokens;
pub(crate) use text::Text;
pub(crate) use tool::{Choice, Tool, ToolChoice};
