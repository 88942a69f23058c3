//! Dialects and provider adapters. Pure: bytes in, bytes out; no I/O, no clock, no randomness.
//!
//! A request's way through this crate:
//!
//! 1. [`Call::scan`] reads the few fields that the gateway needs out of the caller's body, in one pass, and checks the
//!    JSON's syntax.
//! 2. [`prepare`] makes the provider's request for one target. Where both sides speak the same dialect the body's
//!    bytes go on with only `model` and `stream_options` edited (the *fast path*); else they are translated.
//! 3. [`Reply`] reads the provider's one answer, whole or streamed, gives the bytes for the caller, and meters what it
//!    sees ([`Seen`]: usage, finish reasons, ids).
//! 4. [`upstream_error`] reads what a provider says instead of an answer; [`error_body`] and [`error_event`] tell a
//!    caller in its own dialect.
//!
//! Off the path: [`summarize`] puts a captured answer together again for the trace. The kinds of providers are in
//! [`PROVIDERS`].

//!
//! ```
//! use bytes::Bytes;
//! use tollgate_domain::{Endpoint, ProviderKind};
//! use tollgate_providers::{Call, CallerHeaders, ModelFacts, NoMemory, Piece, TargetModel, prepare};
//!
//! let body = Bytes::from_static(br#"{"model":"chat","stream":true,"messages":[],"x":1.0}"#);
//! let call = Call::scan(Endpoint::ChatCompletions, body)?;
//! let target = TargetModel {
//!     kind: ProviderKind::OpenAi,
//!     provider: "openai",
//!     model: Some("gpt-5"),
//!     stream_usage: true,
//!     facts: ModelFacts::default(),
//!     refuse_losses: false,
//! };
//! let mut out = prepare(&call, &CallerHeaders::default(), &target, &NoMemory)?;
//! assert_eq!(
//!     out.body,
//!     br#"{"model":"gpt-5","stream_options":{"include_usage":true},"stream":true,"messages":[],"x":1.0}"#[..]
//! );
//!
//! let read = Bytes::from_static(b"data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\ndata: [DO");
//! let mut piece = Piece::default();
//! out.reply.feed(read, &mut piece).unwrap();
//! assert!(piece.content && piece.bytes.ends_with(b"}\n\n"));
//! # Ok::<(), tollgate_domain::Refusal>(())
//! ```

#![warn(missing_docs)]

mod call;
mod canonical;
mod dialect;
mod errors;
mod forward;
mod loss;
mod meter;
mod models;
mod provider;
mod registry;
mod reply;
mod seen;
mod summary;
mod target;
mod thinking;
mod translate;
pub mod wire;

pub use call::{Call, CallerHeaders};
pub(crate) use errors::upstream_failure;
pub use errors::{
    ErrorClass, UpstreamError, error_body, error_event, error_status, upstream_error,
};
pub use loss::{Loss, LossKind};
pub use models::{ModelEntry, ModelPage, model_entry, model_list};
pub use registry::{Credential, PROVIDERS, ProviderFacts, provider};
pub use reply::{Piece, Reply, ReplyFault};
pub use seen::Seen;
pub use summary::{Prompt, input_text, output_text, prompt, summarize, visible_text};
pub use target::{ModelFacts, Outgoing, TargetModel, prepare};
pub use thinking::{NoMemory, StoredThinking, ThinkingMemory};
pub use translate::check_count;
