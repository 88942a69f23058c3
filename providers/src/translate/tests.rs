//! Fixtures in, snapshots out.

use crate::{
    Call, CallerHeaders, Loss, ModelFacts, NoMemory, Outgoing, Piece, Reply, ReplyFault, Seen,
    TargetModel, ThinkingMemory, prepare,
};
use bytes::Bytes;
use serde_json::Value;
use std::path::Path;
use tollgate_domain::{Endpoint, ProviderKind, Refusal};

mod answers;
mod citations;
mod details;
mod refusals;
mod replies;
mod requests;
mod streams;
mod table;
mod tool_loop;

fn target(endpoint: Endpoint, model: &str) -> TargetModel<'_> {
    TargetModel {
        kind: match endpoint {
            Endpoint::Messages | Endpoint::CountTokens => ProviderKind::OpenAi,
            _ => ProviderKind::Anthropic,
        },
        provider: "p",
        model: Some(model),
        stream_usage: true,
        facts: ModelFacts::default(),
        refuse_losses: false,
    }
}

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name);
    std::fs::read_to_string(path).unwrap()
}

fn outgoing(
    endpoint: Endpoint,
    body: &str,
    target: &TargetModel<'_>,
    memory: &dyn ThinkingMemory,
) -> Result<Outgoing, Refusal> {
    let call = Call::scan(endpoint, Bytes::copy_from_slice(body.as_bytes())).unwrap();
    prepare(&call, &CallerHeaders::default(), target, memory)
}

/// The body for a model, and what was lost.
#[track_caller]
fn translated(endpoint: Endpoint, body: &str, model: &str) -> (Value, Vec<String>) {
    let out = outgoing(endpoint, body, &target(endpoint, model), &NoMemory).unwrap();
    let losses = out.losses.iter().map(Loss::to_string).collect();
    (serde_json::from_slice(&out.body).unwrap(), losses)
}

#[track_caller]
fn refused(endpoint: Endpoint, body: &str, model: &str) -> Refusal {
    outgoing(endpoint, body, &target(endpoint, model), &NoMemory).unwrap_err()
}

fn snapshots(test: impl FnOnce()) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../../fixtures/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(test);
}

/// What a stream came to.
#[derive(Debug, PartialEq)]
struct Streamed {
    bytes: String,
    content: bool,
    done: bool,
    seen: Seen,
    end: Result<(), ReplyFault>,
}

fn run<'a>(mut reply: Reply, chunks: impl IntoIterator<Item = &'a [u8]>) -> Streamed {
    let mut bytes = Vec::new();
    let (mut content, mut done) = (false, false);
    let mut end = Ok(());
    let mut take = |piece: Piece| {
        bytes.extend_from_slice(&piece.bytes);
        (content, done) = (piece.content, piece.done);
    };
    for chunk in chunks {
        let mut piece = Piece::default();
        end = reply.feed(Bytes::copy_from_slice(chunk), &mut piece);
        take(piece);
        if end.is_err() {
            break;
        }
    }
    if end.is_ok() {
        let mut piece = Piece::default();
        end = reply.end(&mut piece);
        take(piece);
    }
    Streamed {
        bytes: String::from_utf8(bytes).unwrap(),
        content,
        done,
        seen: reply.seen().clone(),
        end,
    }
}

/// The data of each event of a stream, without those that are no JSON.
fn events(stream: &str) -> Vec<Value> {
    let lines = stream
        .lines()
        .filter_map(|line| line.strip_prefix("data: "));
    lines
        .filter_map(|data| serde_json::from_str(data).ok())
        .collect()
}
