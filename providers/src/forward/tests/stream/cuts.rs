//! Streams cut anywhere, and bytes that are none.

use super::*;

/// The frames of the other tests with other line ends, comments, several `data` lines and a byte-order mark between them.
fn ragged() -> impl Strategy<Value = (Endpoint, String)> {
    let line_end = prop::sample::select(vec!["\n", "\r\n", "\r"]);
    let extra = prop::sample::select(vec![
        "",
        ": comment é\n\n",
        "data: {\"choices\":\ndata:[]}\n\n",
        "\n",
        "event: x\nid: 5\nretry\n\n",
        USAGE,
    ]);
    let endpoint = prop::sample::select(vec![
        (
            Endpoint::ChatCompletions,
            vec![ROLE, TEXT, TEXT, STOP, USAGE, DONE],
        ),
        (Endpoint::Messages, vec![MESSAGE, MESSAGE_TEXT, MESSAGE_END]),
        (
            Endpoint::Responses,
            vec![RESPONSE, RESPONSE_TEXT, RESPONSE_END],
        ),
    ]);
    let bom = prop::sample::select(vec!["", "\u{feff}"]);
    (endpoint, prop::collection::vec(extra, 7), line_end, bom).prop_map(
        |((endpoint, frames), extras, line_end, bom)| {
            let mut stream = bom.to_owned();
            for (frame, extra) in frames.iter().zip(extras) {
                stream.push_str(frame);
                stream.push_str(extra);
            }
            (endpoint, stream.replace('\n', line_end))
        },
    )
}

proptest! {
    #[test]
    fn cuts_anywhere_change_nothing(
        (endpoint, stream) in ragged(),
        places in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
        asked in any::<bool>(),
    ) {
        let body = if asked { ASKED } else { UNASKED };
        let whole = run_whole(endpoint, body, &stream);
        let pieces = cut(stream.as_bytes(), &places);
        prop_assert_eq!(&run(reply(endpoint, body), pieces), &whole);
        let bytes: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
        prop_assert_eq!(&run(reply(endpoint, body), bytes), &whole);
    }

    #[test]
    fn no_bytes_make_it_panic(
        stream in prop::collection::vec(any::<u8>(), 0..300),
        places in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
    ) {
        for endpoint in [Endpoint::ChatCompletions, Endpoint::Messages, Endpoint::Responses] {
            let whole = run(reply(endpoint, UNASKED), [&stream[..]]);
            prop_assert_eq!(&run(reply(endpoint, UNASKED), cut(&stream, &places)), &whole);
        }
    }
}
