//! A credential in memory. It has no `Debug`, `Display` or `Serialize`, so that no log line, error or answer can show
//! it by accident, and its bytes are zeroed when it is dropped.

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A credential: an API key, a proxy's password, the value of a header that may be one.
///
/// It is not `Clone`: share it by `Arc`, so that one place zeroes it.
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The credential itself, for the one header or cipher that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// In constant time, but for the length.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}
