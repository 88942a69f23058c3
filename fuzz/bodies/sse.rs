//! Any bytes are some events, and the same ones however they are cut.

use super::split;
use tollgate_providers::wire::sse::{Event, Reader, TooLong};

/// Large enough for what a fuzzer makes, so that no cut decides what fits.
const LIMIT: usize = 16 << 20;

pub fn check(input: &[u8]) {
    let (sizes, stream) = split::plan(input);
    let whole = read([stream].into_iter());
    assert_eq!(whole, read(stream.chunks(1)));
    assert_eq!(whole, read(split::pieces(sizes, stream)));
}

fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut reader = Reader::new(LIMIT);
    let mut events = Vec::new();
    let mut note = |event: &Event<'_>| {
        let data = event.data.as_deref().expect("an event has data");
        events.push((event.name.to_vec(), data.to_vec()));
        Ok::<(), TooLong>(())
    };
    for piece in pieces {
        reader.feed(piece, &mut note).expect("below the limit");
    }
    reader.finish(&mut note).expect("nothing fails here");
    events
}
