//! The framing of a provider's chunked answer (RFC 9112, section 7.1), taken off as it comes.

/// Fifteen hexadecimal digits fit any counter.
const MOST_DIGITS: u8 = 15;
/// Of one size line's extensions and of all trailers.
const MOST_SKIPPED: u32 = 16 << 10;

/// Why an answer's framing can't be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its chunks are malformed")]
pub struct BadChunk;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Digits of a size.
    Size { digits: u8 },
    /// Behind the digits, up to the line's end.
    Extension,
    SizeEnd,
    Data,
    DataReturn,
    DataEnd,
    /// At a trailer's first byte, or at the last line's.
    LineStart,
    Trailer,
    LastEnd,
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunks {
    state: State,
    /// Of the chunk under way: its size while that is read, then what is left of it.
    left: u64,
    skipped: u32,
}

impl Chunks {
    pub(super) fn new() -> Self {
        Self {
            state: State::Size { digits: 0 },
            left: 0,
            skipped: 0,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// Appends the data of `bytes` to `out`; how many bytes belonged to the answer. Fewer than all of them: it is over.
    pub(super) fn decode(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<usize, BadChunk> {
        let mut rest = bytes;
        loop {
            if self.state == State::Data {
                let here = usize::try_from(self.left)
                    .unwrap_or(usize::MAX)
                    .min(rest.len());
                let (data, after) = rest.split_at(here);
                out.extend_from_slice(data);
                rest = after;
                self.left -= here as u64;
                if self.left > 0 {
                    return Ok(bytes.len());
                }
                self.state = State::DataReturn;
            }
            if self.state == State::Over {
                return Ok(bytes.len() - rest.len());
            }
            let Some((byte, after)) = rest.split_first() else {
                return Ok(bytes.len());
            };
            self.state = self.step(*byte)?;
            rest = after;
        }
    }

    fn step(&mut self, byte: u8) -> Result<State, BadChunk> {
        Ok(match (self.state, byte) {
            (State::Size { digits }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                if digits >= MOST_DIGITS {
                    return Err(BadChunk);
                }
                let digit = (byte as char).to_digit(16).ok_or(BadChunk)?;
                self.left = self.left * 16 + u64::from(digit);
                State::Size { digits: digits + 1 }
            }
            (State::Size { digits: 1.. }, b'\r') => State::SizeEnd,
            (State::Size { digits: 1.. }, b' ' | b'\t' | b';') => State::Extension,
            (State::Extension, b'\r') => State::SizeEnd,
            (State::Extension, byte) if byte != b'\n' => self.skip(State::Extension)?,
            (State::SizeEnd, b'\n') if self.left == 0 => State::LineStart,
            (State::SizeEnd, b'\n') => State::Data,
            (State::DataReturn, b'\r') => State::DataEnd,
            (State::DataEnd, b'\n') => State::Size { digits: 0 },
            (State::LineStart, b'\r') => State::LastEnd,
            (State::LineStart, byte) if byte != b'\n' => self.skip(State::Trailer)?,
            (State::Trailer, b'\n') => State::LineStart,
            (State::Trailer, _) => self.skip(State::Trailer)?,
            (State::LastEnd, b'\n') => State::Over,
            _ => return Err(BadChunk),
        })
    }

    fn skip(&mut self, next: State) -> Result<State, BadChunk> {
        self.skipped += 1;
        if self.skipped > MOST_SKIPPED {
            return Err(BadChunk);
        }
        Ok(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(pieces: &[&[u8]]) -> Result<(Vec<u8>, bool, usize), BadChunk> {
        let mut chunks = Chunks::new();
        let mut out = Vec::new();
        let mut taken = 0;
        for piece in pieces {
            taken += chunks.decode(piece, &mut out)?;
        }
        Ok((out, chunks.is_over(), taken))
    }

    #[test]
    fn any_cut_gives_the_same_data() {
        let whole = b"5\r\nhello\r\n00A;name=\"x\"\r\n0123456789\r\n0\r\nx-trailer: 1\r\n\r\n";
        let expected = (b"hello0123456789".to_vec(), true, whole.len());
        assert_eq!(decoded(&[whole]).unwrap(), expected);
        for at in 0..whole.len() {
            let (left, right) = whole.split_at(at);
            assert_eq!(decoded(&[left, right]).unwrap(), expected, "cut at {at}");
        }
        let each: Vec<&[u8]> = whole.chunks(1).collect();
        assert_eq!(decoded(&each).unwrap(), expected);
    }

    #[test]
    fn what_follows_the_end_is_not_taken() {
        let (out, is_over, taken) = decoded(&[b"1\r\na\r\n0\r\n\r\nHTTP/1.1 200"]).unwrap();
        assert_eq!((out.as_slice(), is_over, taken), (&b"a"[..], true, 11));
    }

    #[test]
    fn framing_that_others_may_read_otherwise_is_refused() {
        for wrong in [
            &b"\r\n"[..],
            b"g\r\n",
            b"5\nhello",
            b"-1\r\n",
            b"0x5\r\n",
            b"1\r\nab\r\n",
            b"1\r\na\n",
            b"1000000000000000\r\n",
            b"0\r\n\n",
            b"5;a\nb\r\n",
        ] {
            assert_eq!(decoded(&[wrong]), Err(BadChunk), "{wrong:?}");
        }
        let endless = [b"0\r\nx: ".as_slice(), &vec![b'a'; 20 << 10]].concat();
        assert_eq!(decoded(&[&endless]), Err(BadChunk));
    }
}
