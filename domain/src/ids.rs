//! Identifiers of traces, spans and requests (W3C Trace Context sizes), in lower-case hexadecimal.

use std::fmt;
use std::str::FromStr;

/// The text is not an id: wrong length, not hexadecimal, or all zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not {expected} lower-case hexadecimal digits that are not all zero")]
pub struct BadId {
    pub expected: usize,
}

macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident, $bytes:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; $bytes]);

        impl $name {
            pub const fn from_bytes(bytes: [u8; $bytes]) -> Self {
                Self(bytes)
            }

            pub const fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = [0u8; 2 * $bytes];
                for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
                    pair.copy_from_slice(&[hex_digit(byte >> 4), hex_digit(byte & 15)]);
                }
                f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                let bad = BadId { expected: 2 * $bytes };
                let text = text.as_bytes();
                if text.len() != 2 * $bytes {
                    return Err(bad);
                }
                let mut bytes = [0u8; $bytes];
                for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
                    let [high, low] = pair else { return Err(bad) };
                    *byte = hex_value(*high).ok_or(bad)? << 4 | hex_value(*low).ok_or(bad)?;
                }
                if bytes == [0; $bytes] { Err(bad) } else { Ok(Self(bytes)) }
            }
        }
    };
}

hex_id!(
    /// A trace's id: 16 bytes.
    TraceId,
    16
);
hex_id!(
    /// A span's id: 8 bytes.
    SpanId,
    8
);
hex_id!(
    /// A request's id: 16 bytes, the first six its arrival in milliseconds (as in UUID v7), so that ids sort by time.
    RequestId,
    16
);

fn hex_digit(value: u8) -> u8 {
    if value < 10 {
        b'0' + value
    } else {
        b'a' + value - 10
    }
}

fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_round_trip_and_refuse_what_is_no_id() {
        let text = "00f067aa0ba902b7";
        assert_eq!(text.parse::<SpanId>().unwrap().to_string(), text);
        for wrong in [
            "",
            "00f067aa0ba902b",
            "00F067AA0BA902B7",
            "0000000000000000",
            "00f067aa0ba902bg",
        ] {
            assert!(wrong.parse::<SpanId>().is_err(), "{wrong}");
        }
    }
}
