//! A provider's answer's head (RFC 9112): status, the headers that matter, and how the body is framed.

use crate::chunked::Chunked;
use crate::upstream::Kept;
use http::StatusCode;
use std::mem::MaybeUninit;

/// Bytes of one head.
pub(super) const MAX_HEAD: usize = 64 << 10;
const MAX_HEADERS: usize = 128;

/// How a body ends (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes more.
    Length(u64),
    Chunked(Chunked),
    UntilClose,
}

#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: StatusCode,
    pub(super) kept: Kept,
    pub(super) framing: Framing,
    pub(super) is_reusable: bool,
    /// Bytes that it took.
    pub(super) length: usize,
}

/// Why a head can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadHead {
    #[error("its head is malformed")]
    Malformed,
    #[error("its head is too large")]
    TooLarge,
    #[error("its length is given twice, or not as a number")]
    Length,
    #[error("it switches protocols")]
    Upgrade,
}

/// The head at the beginning of `bytes`, which may be preceded by interim answers; `None` where its end has not come.
pub(super) fn parse(bytes: &[u8]) -> Result<Option<Head>, BadHead> {
    let mut skipped = 0;
    loop {
        let rest = bytes.get(skipped..).unwrap_or_default();
        match one(rest)? {
            Some(head) if head.status == StatusCode::SWITCHING_PROTOCOLS => {
                return Err(BadHead::Upgrade);
            }
            Some(head) if head.status.is_informational() => skipped += head.length,
            Some(mut head) => {
                head.length += skipped;
                return Ok(Some(head));
            }
            None if bytes.len() > MAX_HEAD => return Err(BadHead::TooLarge),
            None => return Ok(None),
        }
    }
}

fn one(bytes: &[u8]) -> Result<Option<Head>, BadHead> {
    let mut lines = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let mut answer = httparse::Response::new(&mut []);
    let parser = httparse::ParserConfig::default();
    let parsed = parser.parse_response_with_uninit_headers(&mut answer, bytes, &mut lines);
    let length = match parsed {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(BadHead::TooLarge),
        Err(_) => return Err(BadHead::Malformed),
    };
    let status = answer
        .code
        .and_then(|code| StatusCode::from_u16(code).ok())
        .ok_or(BadHead::Malformed)?;
    let mut is_reusable = answer.version == Some(1);
    let mut kept = Kept::default();
    let mut content_length = None;
    // The last coding decides; whether it is `chunked`.
    let mut last_coding = None;
    for line in answer.headers.iter() {
        let (name, value) = (line.name, line.value);
        if name.eq_ignore_ascii_case("content-length") {
            let length = number(value).ok_or(BadHead::Length)?;
            if content_length.is_some_and(|other| other != length) {
                return Err(BadHead::Length);
            }
            content_length = Some(length);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            let last = value
                .rsplit(|byte| *byte == b',')
                .next()
                .unwrap_or_default();
            last_coding = Some(last.trim_ascii().eq_ignore_ascii_case(b"chunked"));
        } else if name.eq_ignore_ascii_case("connection") {
            for option in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                if option.eq_ignore_ascii_case(b"close") {
                    is_reusable = false;
                } else if option.eq_ignore_ascii_case(b"keep-alive") && answer.version == Some(0) {
                    is_reusable = true;
                }
            }
        } else {
            kept.offer(name, value);
        }
    }
    let framing = match (last_coding, content_length) {
        _ if matches!(status.as_u16(), 100..=199 | 204 | 304) => Framing::Length(0),
        (Some(true), length) => {
            // Both is how requests and answers are smuggled: read as the RFC says, and never again.
            is_reusable &= length.is_none();
            Framing::Chunked(Chunked::of_answer())
        }
        (Some(false), _) | (None, None) => {
            is_reusable = false;
            Framing::UntilClose
        }
        (None, Some(length)) => Framing::Length(length),
    };
    Ok(Some(Head {
        status,
        kept,
        framing,
        is_reusable,
        length,
    }))
}

fn number(text: &[u8]) -> Option<u64> {
    let is_number = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    is_number.then(|| std::str::from_utf8(text).ok()?.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Result<Option<Head>, BadHead> {
        parse(text.as_bytes())
    }

    fn framing(lines: &str) -> (Framing, bool) {
        let head = head(&format!("HTTP/1.1 200 OK\r\n{lines}\r\n"))
            .unwrap()
            .unwrap();
        (head.framing, head.is_reusable)
    }

    #[test]
    fn the_body_ends_as_the_rfc_says() {
        let chunked = Framing::Chunked(Chunked::of_answer());
        assert_eq!(framing("content-length: 5\r\n"), (Framing::Length(5), true));
        assert_eq!(
            framing("Content-Length: 5\r\ncontent-length: 5\r\n"),
            (Framing::Length(5), true)
        );
        assert_eq!(framing("Transfer-Encoding: chunked\r\n"), (chunked, true));
        assert_eq!(
            framing("transfer-encoding: gzip, Chunked\r\n"),
            (chunked, true)
        );
        assert_eq!(
            framing("transfer-encoding: chunked\r\ncontent-length: 5\r\n"),
            (chunked, false)
        );
        assert_eq!(
            framing("transfer-encoding: gzip\r\n"),
            (Framing::UntilClose, false)
        );
        assert_eq!(framing(""), (Framing::UntilClose, false));
        assert_eq!(
            framing("content-length: 5\r\nconnection: x, Close\r\n"),
            (Framing::Length(5), false)
        );
        let empty = head("HTTP/1.1 204 No Content\r\n\r\n").unwrap().unwrap();
        assert_eq!(
            (empty.framing, empty.is_reusable),
            (Framing::Length(0), true)
        );
    }

    #[test]
    fn old_servers_close_unless_they_say_otherwise() {
        let reusable = |lines: &str| {
            head(&format!(
                "HTTP/1.0 200 OK\r\ncontent-length: 0\r\n{lines}\r\n"
            ))
            .unwrap()
            .unwrap()
            .is_reusable
        };
        assert!(!reusable(""));
        assert!(reusable("connection: keep-alive\r\n"));
    }

    #[test]
    fn only_what_is_asked_for_is_kept() {
        let text = "HTTP/1.1 429 Slow\r\nRetry-After: 3\r\nset-cookie: a=b\r\ncontent-length: 0\r\n\r\nrest";
        let found = head(text).unwrap().unwrap();
        assert_eq!(found.status, 429);
        assert_eq!(found.length, text.len() - 4);
        assert_eq!(found.kept.text("retry-after"), Some("3"));
        assert_eq!(found.kept.get("set-cookie"), None);
    }

    #[test]
    fn interim_answers_are_passed_over() {
        let text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n";
        let found = head(text).unwrap().unwrap();
        assert_eq!((found.status.as_u16(), found.length), (200, text.len()));
        for end in 0..text.len() {
            assert!(head(text.get(..end).unwrap()).unwrap().is_none(), "{end}");
        }
    }

    #[test]
    fn bad_heads_are_named() {
        let fails = |text: &str| head(text).unwrap_err();
        assert_eq!(fails("SSH-2.0-x\r\n\r\n"), BadHead::Malformed);
        let twice = "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n";
        assert_eq!(fails(twice), BadHead::Length);
        assert_eq!(
            fails("HTTP/1.1 200 OK\r\ncontent-length: +1\r\n\r\n"),
            BadHead::Length
        );
        assert_eq!(fails("HTTP/1.1 101 Switch\r\n\r\n"), BadHead::Upgrade);
        let long = format!("HTTP/1.1 200 OK\r\nx: {}", "a".repeat(MAX_HEAD));
        assert_eq!(fails(&long), BadHead::TooLarge);
    }
}
