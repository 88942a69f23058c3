//! Reading a provider's answer: whole, and as a stream that is cut anywhere.

use super::split;
use bytes::Bytes;
use tollgate_domain::{Endpoint, ProviderKind};
use tollgate_providers::{
    Call, CallerHeaders, ModelFacts, NoMemory, Piece, Reply, ReplyFault, Seen, TargetModel, prepare,
};

/// What a stream came to.
#[derive(Debug, PartialEq)]
pub struct Streamed {
    pub bytes: Vec<u8>,
    pub content: bool,
    pub done: bool,
    pub seen: Seen,
    pub end: Result<(), ReplyFault>,
}

/// Reads the stream in one piece, byte by byte, and in the input's pieces: all come to the same.
pub fn check_stream(input: &[u8], reply: impl Fn() -> Reply) -> Streamed {
    let (sizes, stream) = split::plan(input);
    let whole = read(reply(), [stream].into_iter());
    assert_eq!(whole, read(reply(), stream.chunks(1)));
    assert_eq!(whole, read(reply(), split::pieces(sizes, stream)));
    whole
}

fn read<'a>(mut reply: Reply, pieces: impl Iterator<Item = &'a [u8]>) -> Streamed {
    let mut bytes = Vec::new();
    let (mut content, mut done) = (false, false);
    let mut take = |piece: Piece| {
        bytes.extend_from_slice(&piece.bytes);
        (content, done) = (piece.content, piece.done);
    };
    let mut end = Ok(());
    for piece in pieces {
        let mut out = Piece::default();
        end = reply.feed(Bytes::copy_from_slice(piece), &mut out);
        take(out);
        if end.is_err() {
            break;
        }
    }
    if end.is_ok() {
        let mut out = Piece::default();
        end = reply.end(&mut out);
        take(out);
    }
    Streamed {
        bytes,
        content,
        done,
        seen: reply.seen().clone(),
        end,
    }
}

/// The reader of the answer to a request that is known to be good.
pub fn reply(endpoint: Endpoint, request: &'static str, kind: ProviderKind) -> Reply {
    let call =
        Call::scan(endpoint, Bytes::from_static(request.as_bytes())).expect("a good request");
    prepare(&call, &CallerHeaders::default(), &target(kind), &NoMemory)
        .expect("a good request")
        .reply
}

pub fn target(kind: ProviderKind) -> TargetModel<'static> {
    TargetModel {
        kind,
        provider: "p",
        model: Some("m"),
        stream_usage: true,
        facts: ModelFacts::default(),
        refuse_losses: false,
    }
}
