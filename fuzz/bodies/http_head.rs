//! The verdict on a head depends on its bytes alone, not on how many of them had come when it was asked for.

use tollgate::listen::guard::{Head, Reason, inspect};

type Verdict = Result<Option<Head>, Reason>;

pub fn check(input: &[u8]) {
    let verdict = inspect(input);
    if let Ok(Some(head)) = &verdict {
        let bytes = input.get(..head.length).expect("a head lies in its bytes");
        assert!(bytes.ends_with(b"\r\n\r\n"));
        check_parser(bytes);
    }
    // Every prefix of a short input, else those around as many places.
    let step = input.len() / 512 + 1;
    for length in (0..input.len()).step_by(step) {
        check_prefix(&inspect(&input[..length]), length, &verdict);
    }
}

/// A prefix is undecided, or decided as the whole was.
fn check_prefix(prefix: &Verdict, length: usize, verdict: &Verdict) {
    match (prefix, verdict) {
        (Ok(None), Ok(Some(head))) => assert!(length < head.length),
        (Ok(None), _) => {}
        _ => assert_eq!(prefix, verdict, "after {length} bytes"),
    }
}

/// Another parser finds the same end.
fn check_parser(head: &[u8]) {
    let mut fields = [httparse::EMPTY_HEADER; 100];
    let mut parsed = httparse::Request::new(&mut fields);
    assert_eq!(
        parsed.parse(head),
        Ok(httparse::Status::Complete(head.len()))
    );
}
