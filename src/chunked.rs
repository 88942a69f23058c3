//! The framing of a chunked body (RFC 9112, section 7.1), taken off as it comes: size lines, data, trailers.

use crate::token::is_token;

/// A body whose framing broke: the connection can't go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokenBody {
    #[error("a chunk's size is malformed")]
    ChunkSize,
    #[error("a chunk's extension is malformed or too long")]
    ChunkExtension,
    #[error("a chunk does not end where its size says")]
    ChunkEnd,
    #[error("a trailer is malformed or too long")]
    Trailer,
}

/// Of one size line; nobody uses them, and they have hidden requests before.
const LONGEST_EXTENSION: usize = 256;
/// Of all trailers together.
const LONGEST_TRAILERS: usize = 8 * 1024;
/// 15 hexadecimal digits fit any counter; leading zeros count, too.
const MOST_DIGITS: u8 = 15;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Size { digits: u8, size: u64 },
    Extension { length: usize, size: u64 },
    SizeEnd { size: u64 },
    Data { left: u64 },
    DataReturn,
    DataEnd,
    TrailerStart,
    TrailerName,
    TrailerValue,
    TrailerEnd,
    LastEnd,
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunked {
    state: State,
    trailers: usize,
    forgives_padding: bool,
}

/// How far some bytes were followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Followed {
    /// Bytes that belong to the body and are well framed.
    pub taken: usize,
    pub is_over: bool,
}

impl Chunked {
    /// Of a request: nothing is forgiven.
    pub fn of_request() -> Self {
        Self {
            state: State::Size { digits: 0, size: 0 },
            trailers: 0,
            forgives_padding: false,
        }
    }

    /// Of an answer: spaces behind a size are forgiven, which some servers send to keep its place for a longer one.
    pub fn of_answer() -> Self {
        Self {
            forgives_padding: true,
            ..Self::of_request()
        }
    }

    pub fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// Follows bytes up to the body's end or the first byte that breaks it; that one is not `taken`. Appends the data
    /// among them to `out`.
    pub fn follow(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> (Followed, Option<BrokenBody>) {
        let mut rest = bytes;
        loop {
            let taken = bytes.len() - rest.len();
            if self.state == State::Over {
                return (
                    Followed {
                        taken,
                        is_over: true,
                    },
                    None,
                );
            }
            if let State::Data { left } = self.state {
                let here = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                let (data, after) = rest.split_at(here);
                out.extend_from_slice(data);
                rest = after;
                let left = left - here as u64;
                self.state = if left == 0 {
                    State::DataReturn
                } else {
                    State::Data { left }
                };
                if left > 0 {
                    return (
                        Followed {
                            taken: taken + here,
                            is_over: false,
                        },
                        None,
                    );
                }
                continue;
            }
            let Some((byte, after)) = rest.split_first() else {
                return (
                    Followed {
                        taken,
                        is_over: false,
                    },
                    None,
                );
            };
            match self.step(*byte) {
                Ok(state) => self.state = state,
                Err(broken) => {
                    return (
                        Followed {
                            taken,
                            is_over: false,
                        },
                        Some(broken),
                    );
                }
            }
            rest = after;
        }
    }

    fn step(&mut self, byte: u8) -> Result<State, BrokenBody> {
        let is_text = byte == b'\t' || (byte >= 0x20 && byte != 0x7f);
        if matches!(
            self.state,
            State::TrailerStart | State::TrailerName | State::TrailerValue
        ) {
            self.trailers += 1;
            if self.trailers > LONGEST_TRAILERS {
                return Err(BrokenBody::Trailer);
            }
        }
        Ok(match (self.state, byte) {
            (State::Size { digits, size }, _)
                if byte.is_ascii_hexdigit() && digits < MOST_DIGITS =>
            {
                let digit = char::from(byte).to_digit(16).unwrap_or(0);
                State::Size {
                    digits: digits + 1,
                    size: size * 16 + u64::from(digit),
                }
            }
            (State::Size { digits: 1.., size }, b'\r') => State::SizeEnd { size },
            (State::Size { digits: 1.., size }, b';') => State::Extension { length: 0, size },
            (State::Size { digits: 1.., size }, b' ') if self.forgives_padding => {
                // No digit may follow.
                State::Size {
                    digits: MOST_DIGITS,
                    size,
                }
            }
            (State::Size { .. }, _) => return Err(BrokenBody::ChunkSize),
            (State::Extension { size, .. }, b'\r') => State::SizeEnd { size },
            (State::Extension { length, size }, _) if is_text && length < LONGEST_EXTENSION => {
                State::Extension {
                    length: length + 1,
                    size,
                }
            }
            (State::Extension { .. }, _) => return Err(BrokenBody::ChunkExtension),
            (State::SizeEnd { size: 0 }, b'\n') => State::TrailerStart,
            (State::SizeEnd { size }, b'\n') => State::Data { left: size },
            (State::SizeEnd { .. }, _) => return Err(BrokenBody::ChunkSize),
            (State::DataReturn, b'\r') => State::DataEnd,
            (State::DataEnd, b'\n') => State::Size { digits: 0, size: 0 },
            (State::DataReturn | State::DataEnd, _) => return Err(BrokenBody::ChunkEnd),
            (State::TrailerStart, b'\r') => State::LastEnd,
            (State::TrailerName, b':') => State::TrailerValue,
            (State::TrailerStart | State::TrailerName, _) if is_token(byte) => State::TrailerName,
            (State::TrailerValue, b'\r') => State::TrailerEnd,
            (State::TrailerValue, _) if is_text => State::TrailerValue,
            (State::TrailerEnd, b'\n') => State::TrailerStart,
            (State::LastEnd, b'\n') => State::Over,
            (State::TrailerStart | State::TrailerName | State::TrailerValue, _)
            | (State::TrailerEnd | State::LastEnd, _) => return Err(BrokenBody::Trailer),
            // `follow` handles these two.
            (State::Data { .. } | State::Over, _) => self.state,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_cut_gives_the_same_data() {
        let whole = b"5\r\nhello\r\n00A;name=\"x\"\r\n0123456789\r\n0\r\nx-trailer: 1\r\n\r\n";
        for step in 1..=whole.len() {
            let mut chunked = Chunked::of_request();
            let mut out = Vec::new();
            for piece in whole.chunks(step) {
                assert_eq!(chunked.follow(piece, &mut out).1, None);
            }
            assert_eq!(
                (out.as_slice(), chunked.is_over()),
                (&b"hello0123456789"[..], true)
            );
        }
    }

    #[test]
    fn only_an_answer_may_pad_its_sizes() {
        let padded = b"5   \r\nhello\r\n0\r\n\r\n";
        let mut out = Vec::new();
        assert_eq!(Chunked::of_answer().follow(padded, &mut out).1, None);
        assert_eq!(out, b"hello");
        let follow = |mut chunked: Chunked, bytes: &[u8]| chunked.follow(bytes, &mut Vec::new()).1;
        let broken = Some(BrokenBody::ChunkSize);
        assert_eq!(follow(Chunked::of_request(), padded), broken);
        assert_eq!(follow(Chunked::of_answer(), b"5 5\r\n"), broken);
        assert_eq!(follow(Chunked::of_answer(), b" 5\r\n"), broken);
    }

    #[test]
    fn bodies_are_followed_to_their_end_or_to_the_first_wrong_byte() {
        let check = |bytes: &str, taken: usize, expected: Result<bool, BrokenBody>| {
            for step in [1, 2, 3, 5, 8, bytes.len().max(1)] {
                let mut chunked = Chunked::of_request();
                let mut out = Vec::new();
                let mut total = 0;
                let mut outcome = Ok(false);
                for piece in bytes.as_bytes().chunks(step) {
                    let (followed, broken) = chunked.follow(piece, &mut out);
                    total += followed.taken;
                    outcome = broken.map_or(Ok(followed.is_over), Err);
                    if outcome != Ok(false) {
                        break;
                    }
                }
                assert_eq!((total, outcome), (taken, expected), "{bytes:?} by {step}");
            }
        };
        check("0\r\n\r\n", 5, Ok(true));
        check("5\r\nhello\r\n0\r\n\r\nGET /", 15, Ok(true));
        check("A\r\n0123456789\r\n00\r\n\r\n", 21, Ok(true));
        check("5;a=b;c=\"d\"\r\nhello\r\n0\r\n\r\n", 25, Ok(true));
        check("0\r\nExpires: now\r\nx:\r\n\r\n", 23, Ok(true));
        check("5\r\nhel", 6, Ok(false));
        check("", 0, Ok(false));
        check("\r\n", 0, Err(BrokenBody::ChunkSize));
        check("5\n", 1, Err(BrokenBody::ChunkSize));
        check("5 \r\n", 1, Err(BrokenBody::ChunkSize));
        check("0x5\r\n", 1, Err(BrokenBody::ChunkSize));
        check("+5\r\n", 0, Err(BrokenBody::ChunkSize));
        check("-1\r\n", 0, Err(BrokenBody::ChunkSize));
        check("g\r\n", 0, Err(BrokenBody::ChunkSize));
        check("5\rX", 2, Err(BrokenBody::ChunkSize));
        check("0000000000000005\r\n", 15, Err(BrokenBody::ChunkSize));
        check("5;a\nhello", 3, Err(BrokenBody::ChunkExtension));
        check("5;a\0\r\n", 3, Err(BrokenBody::ChunkExtension));
        check("5\r\nhello!\r\n", 8, Err(BrokenBody::ChunkEnd));
        check("5\r\nhello\n0\r\n\r\n", 8, Err(BrokenBody::ChunkEnd));
        check("5\r\nhello\r0", 9, Err(BrokenBody::ChunkEnd));
        check("0\r\n\n", 3, Err(BrokenBody::Trailer));
        check("0\r\nbad trailer: x\r\n\r\n", 6, Err(BrokenBody::Trailer));
        check("0\r\na: b\nc: d\r\n\r\n", 7, Err(BrokenBody::Trailer));
        check("0\r\n a: b\r\n\r\n", 3, Err(BrokenBody::Trailer));
        check("0\r\n\rX", 4, Err(BrokenBody::Trailer));
        check(
            &format!("5;{}\r\n", "x".repeat(300)),
            258,
            Err(BrokenBody::ChunkExtension),
        );
        check(
            &format!("0\r\na: {}\r\n\r\n", "x".repeat(9000)),
            3 + 8192,
            Err(BrokenBody::Trailer),
        );
    }
}
