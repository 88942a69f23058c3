//! A key's SHA-256, as files state it: `sha256:` and 64 hexadecimal digits.

use std::fmt;
use std::str::FromStr;

/// The SHA-256 of a virtual key. No secret, but no reader of logs needs it either: `Debug` shows its beginning only.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyHash([u8; 32]);

/// The text is no hash of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected `sha256:` and 64 hexadecimal digits")]
pub struct BadKeyHash;

impl KeyHash {
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for KeyHash {
    type Err = BadKeyHash;

    fn from_str(text: &str) -> Result<Self, BadKeyHash> {
        let digits = text.strip_prefix("sha256:").ok_or(BadKeyHash)?.as_bytes();
        if digits.len() != 64 {
            return Err(BadKeyHash);
        }
        let value = |digit: u8| char::from(digit).to_digit(16).ok_or(BadKeyHash);
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let [high, low] = pair else {
                return Err(BadKeyHash);
            };
            *byte = u8::try_from(value(*high)? << 4 | value(*low)?).map_err(|_| BadKeyHash)?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, ..] = self.0;
        write!(f, "KeyHash({first:02x}{second:02x}..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_round_trips_in_either_case() {
        let text = format!("sha256:{}", "0123456789abcdef".repeat(4));
        let hash: KeyHash = text.parse().unwrap();
        assert_eq!(hash.to_string(), text);
        assert_eq!(hash.as_bytes()[..2], [0x01, 0x23]);
        let upper = format!("sha256:{}", "0123456789ABCDEF".repeat(4));
        assert_eq!(upper.parse(), Ok(hash));
        assert_eq!(format!("{hash:?}"), "KeyHash(0123..)");
    }

    #[test]
    fn what_is_no_hash_is_refused() {
        for text in [
            String::new(),
            "sha256:".to_owned(),
            "0".repeat(64),
            format!("sha256:{}", "0".repeat(63)),
            format!("sha256:{}", "0".repeat(65)),
            format!("sha256:{}g", "0".repeat(63)),
            format!("sha256:{}é", "0".repeat(62)),
            format!("sha512:{}", "0".repeat(64)),
        ] {
            assert_eq!(text.parse::<KeyHash>(), Err(BadKeyHash), "{text}");
        }
    }
}
