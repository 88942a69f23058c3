use crate::{Call, CallerHeaders, ModelFacts, NoMemory, Outgoing, Piece, Reply, ReplyFault};
use crate::{Seen, TargetModel, prepare};
use bytes::Bytes;
use proptest::prelude::*;
use tollgate_domain::{Endpoint, ProviderKind};

mod request;
mod said;
mod stream;
mod whole;

fn target(
    endpoint: Endpoint,
    model: Option<&'static str>,
    stream_usage: bool,
) -> TargetModel<'static> {
    let kind = match endpoint {
        Endpoint::Messages | Endpoint::CountTokens => ProviderKind::Anthropic,
        _ => ProviderKind::OpenAi,
    };
    TargetModel {
        kind,
        provider: "p",
        model,
        stream_usage,
        facts: ModelFacts::default(),
        refuse_losses: false,
    }
}

fn outgoing(endpoint: Endpoint, body: &str, target: &TargetModel<'_>) -> Outgoing {
    let call = Call::scan(endpoint, Bytes::copy_from_slice(body.as_bytes())).unwrap();
    prepare(&call, &CallerHeaders::default(), target, &NoMemory).unwrap()
}

fn reply(endpoint: Endpoint, body: &str) -> Reply {
    outgoing(endpoint, body, &target(endpoint, None, true)).reply
}

/// What a stream came to, fed in these pieces.
#[derive(Debug, PartialEq)]
struct Outcome {
    bytes: Vec<u8>,
    content: bool,
    done: bool,
    seen: Seen,
    end: Result<(), ReplyFault>,
}

fn run<'a>(mut reply: Reply, chunks: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut outcome = Outcome {
        bytes: Vec::new(),
        content: false,
        done: false,
        seen: Seen::default(),
        end: Ok(()),
    };
    let mut take = |piece: Piece| {
        outcome.bytes.extend_from_slice(&piece.bytes);
        outcome.content = piece.content;
        outcome.done = piece.done;
    };
    let mut end = Ok(());
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
    outcome.end = end;
    outcome.seen = reply.seen().clone();
    outcome
}

fn run_whole(endpoint: Endpoint, body: &str, stream: &str) -> Outcome {
    run(reply(endpoint, body), [stream.as_bytes()])
}

/// Cuts bytes at these places.
fn cut<'a>(bytes: &'a [u8], places: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = places
        .iter()
        .map(|place| place.index(bytes.len() + 1))
        .collect();
    places.sort_unstable();
    let mut from = 0;
    let mut pieces = Vec::new();
    for place in places.into_iter().chain([bytes.len()]) {
        pieces.push(&bytes[from..place]);
        from = place;
    }
    pieces
}
