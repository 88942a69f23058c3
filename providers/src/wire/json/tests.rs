use super::*;
use bytes::Bytes;
use proptest::prelude::*;

#[test]
fn what_rfc_8259_allows_is_accepted() {
    for text in [
        "0",
        "-0",
        "-0.0e+00",
        "1E9",
        "10.25e-3",
        "true",
        " null\r\n\t",
        "\"\"",
        "[]",
        "{}",
        "[ ]",
        "{ }",
        "[[],{},[{}]]",
        r#"{"a":{"b":[1,{"c":null}]},"":""}"#,
        r#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\ud800""#,
        "\"é🌍\u{7f}\"",
    ] {
        assert_eq!(check(text.as_bytes()), Ok(()), "{text}");
    }
}

#[test]
fn what_rfc_8259_forbids_is_refused_where_it_stands() {
    for (text, at) in [
        ("", 0),
        (" ", 1),
        ("01", 1),
        ("-", 1),
        ("+1", 0),
        (".5", 0),
        ("1.", 2),
        ("1.e2", 2),
        ("1e", 2),
        ("1e+", 3),
        ("NaN", 0),
        ("tru", 0),
        ("nulll", 4),
        ("True", 0),
        ("'a'", 0),
        ("\"", 1),
        ("\"a", 2),
        (r#""\x""#, 1),
        (r#""\u12g4""#, 1),
        (r#""\u123"#, 1),
        ("\"\t\"", 1),
        ("\"0123456789012345678901234567890123456789\u{1}\"", 41),
        ("[", 1),
        ("[1", 2),
        ("[1,]", 3),
        ("[,1]", 1),
        ("[1 2]", 3),
        ("[1}", 2),
        ("{", 1),
        ("{\"a\"}", 4),
        ("{\"a\":}", 5),
        ("{\"a\":1,}", 7),
        ("{a:1}", 1),
        ("{\"a\":1]", 6),
        ("{} {}", 3),
        ("\u{feff}{}", 0),
        ("/**/1", 0),
    ] {
        assert_eq!(
            check(text.as_bytes()).map_err(|error| error.at),
            Err(at),
            "{text}"
        );
    }
    assert_eq!(
        check(b"\"\xff\"").map_err(|error| error.expected),
        Err("UTF-8")
    );
    assert_eq!(check(b"\"\xed\xa0\x80\"").map_err(|error| error.at), Err(1));
}

#[test]
fn control_characters_are_found_anywhere_in_a_long_string() {
    for place in 0..200 {
        for control in [0, b'\n', 0x1F] {
            let mut body = [b"\"", [b'a'; 200].as_slice(), b"\""].concat();
            body[place + 1] = control;
            let error = check(&body).unwrap_err();
            assert_eq!(error.at, place + 1);
            assert_eq!(error.expected, "no control character in a string");
        }
    }
}

#[test]
fn depth_is_counted_across_readers() {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(check(deep(128).as_bytes()).is_ok());
    assert!(check(deep(129).as_bytes()).is_err());
    let text = deep(129);
    let mut cursor = Cursor::new(text.as_bytes()).unwrap();
    assert!(cursor.array(|cursor| cursor.skip()).is_err());
}

#[test]
fn counts_saturate_and_leave_the_rest_alone() {
    let mut cursor = Cursor::new(br#"[7, 7.9, 1e99, -1, "7", null, {"a":[]}]"#).unwrap();
    let mut counts = Vec::new();
    cursor
        .array(|cursor| {
            counts.push(cursor.count()?);
            Ok::<(), SyntaxError>(())
        })
        .unwrap();
    assert_eq!(
        counts,
        [Some(7), Some(7), Some(u64::MAX), None, None, None, None]
    );
}

#[test]
fn quoted_texts_read_back() {
    for text in ["", "plain", "é\u{2028}", "a\"b\\c\n\u{0}\u{1f}"] {
        assert_eq!(serde_json::from_str::<String>(&quote(text)).unwrap(), text);
    }
}

#[test]
fn edits_leave_every_other_byte() {
    let body = Bytes::from_static(b"0123456789");
    let edit = |range: std::ops::Range<usize>, with: &'static str| Edit {
        range,
        with: with.into(),
    };
    assert_eq!(
        splice(&body, &[edit(0..0, "a"), edit(3..5, ""), edit(10..10, "z")]),
        "a01256789z"
    );
    assert_eq!(splice(&body, &[]).as_ptr(), body.as_ptr());
}

fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok()
        && std::str::from_utf8(bytes).is_ok()
}

proptest! {
    /// Pieces of JSON in any order: mostly wrong, sometimes right, and never judged otherwise than by serde.
    #[test]
    fn judged_as_serde_judges(pieces in prop::collection::vec(prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", "\"a\"", "\"\\n\"", "1", "-2.5e3", "true", "null", " ", "0", ".", "\"", "\\",
    ]), 0..12)) {
        let text = pieces.concat();
        prop_assert_eq!(check(text.as_bytes()).is_ok(), is_json(text.as_bytes()), "{}", text);
    }

    #[test]
    fn strings_of_any_length_end_where_serde_ends_them(
        plain in "[a-zé\"\\\\\u{1}]{0,3}[a-zA-Z0-9é ]{0,100}[a-zé\"\\\\\u{1}]{0,3}",
    ) {
        let raw = format!("\"{plain}\"");
        prop_assert_eq!(check(raw.as_bytes()).is_ok(), is_json(raw.as_bytes()));
        let quoted = serde_json::to_string(&plain).unwrap();
        let mut cursor = Cursor::new(quoted.as_bytes()).unwrap();
        prop_assert_eq!(cursor.string().unwrap().decode().unwrap(), plain);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        prop_assert!(check(&bytes).is_err() || is_json(&bytes));
    }
}
