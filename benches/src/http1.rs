//! As much of HTTP/1.1 (RFC 9112) as both ends of the benchmark need: where a head ends, how long
//! the body is, and chunked transfer coding taken off.

use bytes::{Buf as _, BytesMut};
use memchr::memmem;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(usize),
    Chunked,
}

/// Bytes up to and with the empty line, once it is there.
pub(crate) fn head_length(buffer: &[u8]) -> Option<usize> {
    memmem::find(buffer, b"\r\n\r\n").map(|at| at + 4)
}

/// How the body behind `head` is framed; none told is none there.
pub(crate) fn framing(head: &[u8]) -> Framing {
    for line in head.split(|&byte| byte == b'\n').skip(1) {
        let mut halves = line.splitn(2, |&byte| byte == b':');
        let (Some(name), Some(value)) = (halves.next(), halves.next()) else {
            continue;
        };
        if name.eq_ignore_ascii_case(b"content-length") {
            let digits = std::str::from_utf8(value).unwrap_or_default();
            return Framing::Length(digits.trim().parse().unwrap_or(0));
        }
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            return Framing::Chunked;
        }
    }
    Framing::Length(0)
}

/// The status of a response's head; 0 for what is none.
pub(crate) fn status(head: &[u8]) -> u16 {
    head.get(9..12)
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}

/// Takes chunked transfer coding off, wherever the reads cut it.
#[derive(Debug, Default)]
pub(crate) struct Dechunker {
    /// Bytes of the open chunk that are still to come, its line end included; 0 between chunks.
    left: usize,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    More,
    Done,
    Malformed,
}

impl Dechunker {
    /// Moves what `buffer` holds into `body`.
    pub(crate) fn take(&mut self, buffer: &mut BytesMut, body: &mut Vec<u8>) -> Step {
        loop {
            if self.left > 0 {
                let here = self.left.min(buffer.len());
                // The last two bytes of `left` are the chunk's CRLF.
                let content = here.min(self.left.saturating_sub(2));
                body.extend_from_slice(buffer.get(..content).unwrap_or_default());
                buffer.advance(here);
                self.left -= here;
                if self.left > 0 {
                    return Step::More;
                }
            }
            let Some(line) = memmem::find(buffer, b"\r\n") else {
                return Step::More;
            };
            let digits = buffer
                .get(..line)
                .and_then(|digits| std::str::from_utf8(digits).ok());
            let Some(size) =
                digits.and_then(|digits| usize::from_str_radix(digits.trim(), 16).ok())
            else {
                return Step::Malformed;
            };
            if size == 0 {
                // No trailers are expected: the end is "0 CRLF CRLF".
                if buffer.len() < line + 4 {
                    return Step::More;
                }
                buffer.advance(line + 4);
                return Step::Done;
            }
            buffer.advance(line + 2);
            self.left = size + 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_come_off_at_any_cut() {
        let wire = b"5\r\nhello\r\n1\r\n,\r\n7\r\n\r\nworld\r\n0\r\n\r\n";
        for cut in 0..wire.len() {
            let mut dechunker = Dechunker::default();
            let mut buffer = BytesMut::new();
            let mut body = Vec::new();
            buffer.extend_from_slice(&wire[..cut]);
            assert_eq!(
                dechunker.take(&mut buffer, &mut body),
                Step::More,
                "cut at {cut}"
            );
            buffer.extend_from_slice(&wire[cut..]);
            assert_eq!(
                dechunker.take(&mut buffer, &mut body),
                Step::Done,
                "cut at {cut}"
            );
            assert_eq!(body, b"hello,\r\nworld");
            assert!(buffer.is_empty());
        }
    }

    #[test]
    fn framing_is_read_whatever_the_case() {
        assert_eq!(
            framing(b"HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n"),
            Framing::Length(17)
        );
        assert_eq!(
            framing(b"HTTP/1.1 200 OK\r\nTRANSFER-ENCODING: chunked\r\n\r\n"),
            Framing::Chunked
        );
        assert_eq!(
            framing(b"HTTP/1.1 204 No Content\r\n\r\n"),
            Framing::Length(0)
        );
        assert_eq!(status(b"HTTP/1.1 429 Too Many Requests\r\n"), 429);
    }
}
