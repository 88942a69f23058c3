use super::*;
use proptest::prelude::*;

type Owned = (String, String);

fn read<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<Owned> {
    let mut reader = Reader::new(1 << 20);
    let mut events = Vec::new();
    let mut note = |event: &Event<'_>| {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        events.push((
            text(event.name),
            text(event.data.as_deref().unwrap_or_default()),
        ));
        Ok::<(), TooLong>(())
    };
    for chunk in chunks {
        reader.feed(chunk, &mut note).unwrap();
    }
    reader.finish(&mut note).unwrap();
    events
}

#[track_caller]
fn check(stream: &str, expected: &[(&str, &str)]) {
    let expected: Vec<Owned> = expected
        .iter()
        .map(|(name, data)| (name.to_string(), data.to_string()))
        .collect();
    assert_eq!(read([stream.as_bytes()]), expected);
    assert_eq!(read(stream.as_bytes().chunks(1)), expected);
}

#[test]
fn lines_end_in_three_ways() {
    check("data: a\n\ndata: b\n\n", &[("", "a"), ("", "b")]);
    check("data: a\r\n\r\ndata: b\r\n\r\n", &[("", "a"), ("", "b")]);
    check("data: a\r\rdata: b\r\r", &[("", "a"), ("", "b")]);
    check("data: a\r\n\ndata: b\n\r\n", &[("", "a"), ("", "b")]);
    check("data: a\r\r\ndata: b\n\n", &[("", "a"), ("", "b")]);
}

#[test]
fn fields_are_read_as_the_standard_says() {
    check(
        "event: x\ndata: 1\ndata:  2\ndata\ndata:3\n\n",
        &[("x", "1\n 2\n\n3")],
    );
    check("event: x\nevent:y\ndata:\n\n", &[("y", "")]);
    check(": comment\n\nevent: lonely\n\nid: 5\nretry: 1\n\n", &[]);
    check("database: x\ndata : y\n\n", &[]);
    check("\u{feff}data: a\n\n", &[("", "a")]);
    check("data: a: b\n\n\n\n", &[("", "a: b")]);
    check("data: é🌍\n\n", &[("", "é🌍")]);
}

#[test]
fn a_last_event_needs_no_empty_line() {
    check("data: a\n\ndata: b", &[("", "a"), ("", "b")]);
    check("data: a\n\ndata: b\n", &[("", "a"), ("", "b")]);
}

#[test]
fn what_is_kept_of_a_frame_is_bounded() {
    let mut reader = Reader::new(10);
    let ignore = |_: &Event<'_>| Ok::<(), TooLong>(());
    assert_eq!(reader.feed(b"data: abc", ignore), Ok(()));
    assert_eq!(reader.feed(b"de", ignore), Err(TooLong { limit: 10 }));
}

proptest! {
    #[test]
    fn cuts_anywhere_give_the_same_events(
        lines in prop::collection::vec(prop::sample::select(vec![
            "data: é", "data", ": c", "event: x", "", "", "id: 1", "data:{\"a\":1}",
        ]), 0..20),
        ends in prop::collection::vec(prop::sample::select(vec!["\n", "\r\n", "\r"]), 20),
        places in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let stream: String = lines.iter().zip(&ends).flat_map(|(line, end)| [*line, *end]).collect();
        let bytes = stream.as_bytes();
        let mut places: Vec<usize> = places.iter().map(|place| place.index(bytes.len() + 1)).collect();
        places.sort_unstable();
        let mut from = 0;
        let mut pieces = Vec::new();
        for place in places.into_iter().chain([bytes.len()]) {
            pieces.push(&bytes[from..place]);
            from = place;
        }
        let whole = read([bytes]);
        prop_assert_eq!(read(pieces), whole.clone());
        prop_assert_eq!(read(bytes.chunks(1)), whole);
    }
}
