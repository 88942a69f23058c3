//! What is asked of a translation, in either direction.

use super::answer::{check_stream, reply, target};
use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;
use tollgate_domain::{Endpoint, ProviderKind};
use tollgate_providers::wire::sse::{Event, Reader, TooLong};
use tollgate_providers::{Call, CallerHeaders, NoMemory, prepare};

/// A direction, and two good requests whose answers are read.
pub struct Way {
    pub endpoint: Endpoint,
    pub kind: ProviderKind,
    pub whole: &'static str,
    pub streamed: &'static str,
}

/// What is looked at in a request. Halves of surrogates, which no `Value` holds, are JSON elsewhere in it.
#[derive(Deserialize)]
struct Body<'a> {
    model: &'a str,
}

/// The bytes as a request, as a whole answer and as a stream: what is made of them is JSON, or they are refused.
pub fn check_way(input: &[u8], way: &Way) {
    check_request(input, way);
    let answer = reply(way.endpoint, way.whole, way.kind).whole(Bytes::copy_from_slice(input));
    if let Ok(answer) = answer {
        serde_json::from_slice::<IgnoredAny>(&answer).expect("an answer is JSON");
    }
    let streamed = check_stream(input, || reply(way.endpoint, way.streamed, way.kind));
    check_events(&streamed.bytes);
}

fn check_request(input: &[u8], way: &Way) {
    let Ok(call) = Call::scan(way.endpoint, Bytes::copy_from_slice(input)) else {
        return;
    };
    let mut target = target(way.kind);
    for refuse_losses in [false, true] {
        target.refuse_losses = refuse_losses;
        match prepare(&call, &CallerHeaders::default(), &target, &NoMemory) {
            Ok(out) => {
                let body: Body<'_> = serde_json::from_slice(&out.body).expect("a request is JSON");
                assert_eq!(body.model, "m");
            }
            Err(refusal) => assert!((400..500).contains(&refusal.status()), "{refusal}"),
        }
    }
}

/// A stream for the caller is whole events of JSON, but for OpenAI's last one.
fn check_events(stream: &[u8]) {
    let mut reader = Reader::new(usize::MAX);
    let check = |event: &Event<'_>| {
        let data = event.data.as_deref().expect("an event has data");
        if data != b"[DONE]" {
            serde_json::from_slice::<IgnoredAny>(data).expect("an event's data is JSON");
        }
        Ok::<(), TooLong>(())
    };
    reader.feed(stream, check).expect("below the limit");
    reader
        .finish(|_| Err::<(), _>("an event without its end"))
        .expect("only whole events are sent");
}
